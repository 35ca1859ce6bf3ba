"""Download what the page of one language shows, once for all visitors until the results change.

Besides `hub_source.py` the only file that uses the network. Whatever is missing, too large or
unreachable is left out of the page.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import details
from common.hub_errors import HUB_ERRORS
from details import LanguageDetails
from entries import Entry, newest
from hub_source import Snapshot
from huggingface_hub import HfApi, RepoFile
from leaderboard_settings import LeaderboardSettings
from parse_results import Row, parse_rows

MAX_LANGUAGES = 64
MAX_FILE_BYTES = 60_000_000
CACHE_SECONDS = 600.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Cached:
    revisions: tuple[str, str]
    expires_at: float
    details: LanguageDetails


class DetailsSource:
    """Caches the details of the languages that were visited last."""

    def __init__(self, settings: LeaderboardSettings) -> None:
        self._api = HfApi(endpoint=settings.endpoint, token=settings.token)
        self._org, self._results = settings.org, settings.results
        self._cache: OrderedDict[str, _Cached] = OrderedDict()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def get(self, snapshot: Snapshot, code: str) -> LanguageDetails:
        """Return the details of a language; they are fetched once, however many people ask.

        Call it only with codes of the leaderboard, so that visitors cannot make the cache grow.
        """
        with self._locks[code]:
            cached = self._cache.get(code)
            if (
                cached is None
                or cached.revisions != snapshot.revisions
                or cached.expires_at < time.monotonic()
            ):
                expires_at = time.monotonic() + CACHE_SECONDS
                cached = _Cached(snapshot.revisions, expires_at, self._fetch(snapshot, code))
                self._cache[code] = cached
            self._cache.move_to_end(code)
            while len(self._cache) > MAX_LANGUAGES:
                self._cache.popitem(last=False)
            return cached.details

    def _fetch(self, snapshot: Snapshot, code: str) -> LanguageDetails:
        entries, revision = snapshot.entries_of(code), snapshot.revisions[0]
        check = self._read(self._results, "dataset", f"checks/{code}/run.json", revision)
        language = LanguageDetails(
            measures=details.parse_measures(_rows(snapshot, code)),
            advice=details.parse_advice(check),
            dataset=self._dataset(f"{self._org}/kakugo-{code}"),
        )
        return self._with_adapter(language, newest(entries), revision) if entries else language

    def _with_adapter(
        self, language: LanguageDetails, entry: Entry, revision: str
    ) -> LanguageDetails:
        name = entry.model.rpartition("/")[2]
        log = self._read(entry.model, "model", "training_log.jsonl")
        card = self._read(entry.model, "model", "README.md")
        folder = f"{entry.code}/{name}"
        outputs_path = f"{folder}/outputs.jsonl"
        outputs = self._read(self._results, "dataset", outputs_path, revision).split(b"\n")
        version = f"/versions/v{entry.version}" if entry.version > 1 else ""
        run = self._read(self._results, "dataset", f"{folder}{version}/run.json", revision)
        merged = f"{entry.model}-merged"
        return replace(
            language,
            training=details.parse_training_log(log),
            reviewed=details.parse_review(card),
            examples=details.parse_examples(outputs, entry.code, entry.base, entry.model),
            inputs=details.parse_inputs(run),
            code=details.parse_code(run),
            gguf_repo=merged if _none_if_hub_fails(lambda: self._has_gguf(merged)) else "",
        )

    def _has_gguf(self, repo: str) -> bool:
        return any(path.endswith(".gguf") for path in self._api.list_repo_files(repo))

    def _dataset(self, repo: str) -> details.DatasetSummary:
        manifest = self._read(repo, "dataset", "run.json")
        sizes = _none_if_hub_fails(lambda: dict(self._sizes(repo))) or {}
        return details.parse_dataset(manifest, sizes)

    def _sizes(self, repo: str) -> Iterator[tuple[str, int]]:
        for item in self._api.list_repo_tree(repo, repo_type="dataset", recursive=True):
            if isinstance(item, RepoFile):
                yield item.path, item.size

    def _read(self, repo: str, repo_type: str, path: str, revision: str | None = None) -> bytes:
        """Return the content of a file; empty if it is missing, too large or unreachable."""

        def read() -> bytes:
            infos = self._api.get_paths_info(repo, path, repo_type=repo_type, revision=revision)
            if not infos or not isinstance(infos[0], RepoFile) or infos[0].size > MAX_FILE_BYTES:
                return b""
            local_path = self._api.hf_hub_download(
                repo, path, repo_type=repo_type, revision=revision
            )
            return Path(local_path).read_bytes()

        return _none_if_hub_fails(read) or b""


def _none_if_hub_fails(call: Callable[[], _T]) -> _T | None:
    """Return the Hub's answer; None if it fails."""
    try:
        return call()
    except HUB_ERRORS:
        return None


def _rows(snapshot: Snapshot, code: str) -> Iterator[Row]:
    """Return all rows of a language, from the files that the leaderboard was built from."""
    if snapshot.folder is None:
        return
    for path in sorted((snapshot.folder / code).glob("*/results.jsonl")):
        yield from parse_rows(path.read_bytes())[0]
