"""Fetches what the page of one language shows, once for all visitors while the results stay.

Beside `source.py` the only file that talks to the network. What is not there, too large or out of
reach is left out: the page says less, but says it.
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
from details import Dossier
from entries import Entry
from hub_source import TROUBLE, Seen, Settings
from huggingface_hub import HfApi, RepoFile
from parse_results import Row, parse_rows

MOST_LANGUAGES = 64
LARGEST = 60_000_000
_T = TypeVar("_T")
FRESH_SECONDS = 600.0


@dataclass(frozen=True)
class _Kept:
    heads: tuple[str, str]
    until: float
    dossier: Dossier


class Archive:
    """What was fetched of the languages that people looked at last."""

    def __init__(self, settings: Settings) -> None:
        self._api = HfApi(endpoint=settings.endpoint, token=settings.token)
        self._org = settings.org
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def of(self, seen: Seen, code: str) -> Dossier:
        """Everything about a language on the board; fetched once, however many ask.

        Only ever called with codes that are on the board, so visitors cannot make it grow.
        """
        with self._locks[code]:
            kept = self._kept.get(code)
            if kept is None or kept.heads != seen.heads or kept.until < time.monotonic():
                until = time.monotonic() + FRESH_SECONDS
                kept = _Kept(seen.heads, until, self._fetch(seen, code))
                self._kept[code] = kept
            self._kept.move_to_end(code)
            while len(self._kept) > MOST_LANGUAGES:
                self._kept.popitem(last=False)
            return kept.dossier

    def _fetch(self, seen: Seen, code: str) -> Dossier:
        entries = [entry for entry in seen.board.entries if entry.code == code]
        results, head = f"{self._org}/kakugo-results", seen.heads[0]
        check = self._text(results, "dataset", f"checks/{code}/run.json", head)
        found = Dossier(tests=details.tests(_rows(seen, code)), advice=details.advice(check))
        found = replace(found, dataset=self._dataset(f"{self._org}/kakugo-{code}"))
        return self._with_adapter(found, newest(entries), head) if entries else found

    def _with_adapter(self, found: Dossier, entry: Entry, head: str) -> Dossier:
        results, name = f"{self._org}/kakugo-results", entry.model.rpartition("/")[2]
        log = self._text(entry.model, "model", "training_log.jsonl")
        outputs = self._text(results, "dataset", f"{entry.code}/{name}/outputs.jsonl", head)
        exported = f"{entry.model}-merged"
        return replace(
            found,
            training=details.training(log),
            reviewed=details.reviewed(self._text(entry.model, "model", "README.md")),
            examples=details.examples(outputs.split(b"\n"), entry.code, entry.base, entry.model),
            export=exported if self._try(lambda: self._has_gguf(exported)) else "",
            licence=self._try(lambda: self._licence(entry.model)) or "",
        )

    def _has_gguf(self, repo: str) -> bool:
        return any(path.endswith(".gguf") for path in self._api.list_repo_files(repo))

    def _dataset(self, repo: str) -> details.Dataset:
        manifest = self._text(repo, "dataset", "run.json")
        sizes = self._try(lambda: dict(self._sizes(repo))) or {}
        return details.dataset(manifest, sizes)

    def _sizes(self, repo: str) -> Iterator[tuple[str, int]]:
        for item in self._api.list_repo_tree(repo, repo_type="dataset", recursive=True):
            if isinstance(item, RepoFile):
                yield item.path, item.size

    def _licence(self, repo: str) -> str:
        card = self._api.model_info(repo).card_data
        told = card.get("license") if card else None
        return told if isinstance(told, str) else ""

    def _text(self, repo: str, kind: str, path: str, head: str | None = None) -> bytes:
        """The bytes of a file; none where it is missing, huge or out of reach."""

        def fetch() -> bytes:
            told = self._api.get_paths_info(repo, path, repo_type=kind, revision=head)
            if not told or not isinstance(told[0], RepoFile) or told[0].size > LARGEST:
                return b""
            local = self._api.hf_hub_download(repo, path, repo_type=kind, revision=head)
            return Path(local).read_bytes()

        return self._try(fetch) or b""

    @staticmethod
    def _try(ask: Callable[[], _T]) -> _T | None:
        try:
            return ask()
        except TROUBLE:
            return None


def newest(entries: list[Entry]) -> Entry:
    """The adapter that was tested last."""
    return max(entries, key=lambda entry: (entry.date, entry.version))


def _rows(seen: Seen, code: str) -> Iterator[Row]:
    """All rows of a language, from the files that the board was made of."""
    if seen.folder is None:
        return
    for path in sorted((seen.folder / code).glob("*/results.jsonl")):
        yield from parse_rows(path.read_bytes())[0]
