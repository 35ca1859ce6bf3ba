"""Read the results and the requests from the Hub and keep them in memory for all visitors.

A visit never downloads anything. One thread checks whether a dataset has a new commit, every few
seconds while people visit and rarely otherwise, and reads only the files that changed.
"""

from __future__ import annotations

import gc
import logging
import random
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks import FIRST_BENCHMARKS, BenchmarkTable
from common.hub_errors import HUB_ERRORS
from entries import Entry, Leaderboard, ResultsFile, build_leaderboard, parse_results_file
from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError
from leaderboard_settings import LeaderboardSettings
from model_cards import ModelCard, parse_card
from parse_results import parse_benchmarks
from query import EntryIndex
from request_queue import parse_requests

RESULTS_PATH = re.compile(r"[^/]+/[^/]+/results\.jsonl")
SHEET_PATH = re.compile(r"sheets/[^/]+\.jsonl")
MAX_FILE_BYTES = 2_000_000
MAX_DOWNLOADS = 32  # a first start makes two requests for each file, and mostly waits
IDLE_POLL_SECONDS = 30.0
ACTIVE_POLL_SECONDS = 2.0
CARDS_SECONDS = 600.0  # until the adapters' cards are read again
LOADING = "The results are being loaded"
UNREACHABLE = "The Hub cannot be reached right now, so this may be out of date"


@dataclass(frozen=True)
class Snapshot:
    """What was read last.

    `revisions` are the commits of the results and of the ledger. `problem` is a sentence for
    visitors, empty if there is none. `folder` holds the files of the results.
    """

    leaderboard: Leaderboard = Leaderboard()
    revisions: tuple[str, str] = ("", "")
    problem: str = LOADING
    folder: Path | None = None
    index: EntryIndex = field(default_factory=lambda: EntryIndex(()))

    def entries_of(self, code: str) -> list[Entry]:
        """Return the entries of one language."""
        return [entry for entry in self.leaderboard.entries if entry.code == code]


class HubSource:
    """Keeps a snapshot up to date in a thread."""

    def __init__(self, settings: LeaderboardSettings) -> None:
        self._api = HfApi(endpoint=settings.endpoint, token=settings.token)
        self._results, self._ledger = settings.results, settings.ledger
        self._visited = threading.Event()
        self._snapshot = Snapshot()
        self._files: dict[str, ResultsFile] = {}
        self._parameters: dict[str, int] = {}
        self._org = settings.org
        self._cards: Mapping[str, ModelCard] = {}
        self._cards_expire_at = 0.0

    def start(self) -> None:
        """Poll the Hub in a thread until the process ends."""
        threading.Thread(target=self._poll, name="hub source", daemon=True).start()

    def snapshot(self) -> Snapshot:
        """Return what is known now, and have the thread check soon for something new."""
        self._visited.set()
        return self._snapshot

    def _poll(self) -> None:
        pause = threading.Event()
        while True:
            self.refresh()
            pause.wait(ACTIVE_POLL_SECONDS * random.uniform(1, 1.5))
            self._visited.wait(IDLE_POLL_SECONDS * random.uniform(1, 1.5))
            self._visited.clear()

    def refresh(self) -> None:
        """Read what has changed; if the Hub fails, keep the old snapshot and say so in it."""
        try:
            revisions = (self._revision(self._results), self._revision(self._ledger))
            is_new = revisions != self._snapshot.revisions
            if is_new or time.monotonic() > self._cards_expire_at:
                cards = self._read_cards()
                if is_new or cards != self._cards:
                    with garbage_collection_paused():
                        self._snapshot = self._read(revisions, cards)
                self._cards, self._cards_expire_at = cards, time.monotonic() + CARDS_SECONDS
            self._snapshot = replace(self._snapshot, problem="")
        except HUB_ERRORS as error:
            logging.warning("cannot read the Hub: %s: %s", type(error).__name__, error)
            self._snapshot = replace(self._snapshot, problem=UNREACHABLE)

    def _revision(self, dataset: str) -> str:
        """Return the latest commit of a dataset; empty while the dataset does not exist."""
        try:
            return self._api.dataset_info(dataset).sha or ""
        except RepositoryNotFoundError:
            return ""

    def _read(self, revisions: tuple[str, str], cards: Mapping[str, ModelCard]) -> Snapshot:
        results = self._download(
            self._results, revisions[0], ["*/*/results.jsonl", "benchmarks.json"]
        )
        ledger = self._download(self._ledger, revisions[1], ["sheets/*.jsonl"])
        unreadable: list[str] = []
        benchmarks = _read_benchmarks(results, unreadable)
        if benchmarks != self._snapshot.leaderboard.benchmarks:
            self._files = {}
        # The cache names a file by its content, so an unchanged one is not parsed again.
        paths = {
            str(path.resolve()): path for path in _matching_files(results, RESULTS_PATH, unreadable)
        }
        self._files = {
            key: self._files.get(key) or parse_results_file(path.read_bytes(), benchmarks)
            for key, path in paths.items()
        }
        files = list(self._files.values())
        for base in sorted({entry.base for file in files for entry in file.entries} - {""}):
            self._read_parameters(base)
        sheets = _matching_files(ledger, SHEET_PATH, unreadable)
        requests = parse_requests(sheet.read_text("utf-8", "replace") for sheet in sheets)
        leaderboard = build_leaderboard(files, requests, self._parameters, benchmarks, cards)
        leaderboard = replace(leaderboard, unreadable_files=tuple(unreadable))
        return Snapshot(leaderboard, revisions, "", results, EntryIndex(leaderboard.entries))

    def _read_cards(self) -> Mapping[str, ModelCard]:
        """Return the cards of the organization's models, by repository."""
        models: Iterable[Any] = self._api.list_models(author=self._org, expand=["cardData"])
        metadata = {m.id: m.card_data.to_dict() if m.card_data else {} for m in models}
        return {repo: parse_card(card) for repo, card in metadata.items()}

    def _read_parameters(self, base: str) -> None:
        """Read once how many parameters a base model has; unknown if the Hub does not say."""
        if base in self._parameters or "/" not in base:
            return
        try:
            safetensors = self._api.model_info(base, expand=["safetensors"]).safetensors
        except HUB_ERRORS:
            return
        if safetensors is not None:
            self._parameters[base] = safetensors.total

    def _download(self, dataset: str, revision: str, patterns: list[str]) -> Path | None:
        if not revision:
            return None
        return Path(
            self._api.snapshot_download(
                dataset,
                repo_type="dataset",
                revision=revision,
                allow_patterns=patterns,
                max_workers=MAX_DOWNLOADS,
            )
        )


def _read_benchmarks(results: Path | None, unreadable: list[str]) -> BenchmarkTable:
    """Return the columns of the results; those of the first results if there is no usable file.

    A file that cannot be read is added to `unreadable`.
    """
    path = results and results / "benchmarks.json"
    if not path or not path.is_file():
        return FIRST_BENCHMARKS
    try:
        return parse_benchmarks(path.read_bytes())
    except ValueError as error:
        logging.warning("cannot read benchmarks.json: %s", error)
        unreadable.append(path.name)
        return FIRST_BENCHMARKS


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Pause the garbage collector while a leaderboard is built, and exempt the result from it.

    Walking a hundred thousand objects that stay alive anyway would make visitors wait for 0.2 s. A
    leaderboard has no reference cycles, so an old one is freed without the collector.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _matching_files(
    folder: Path | None, path_pattern: re.Pattern[str], too_large: list[str]
) -> Iterator[Path]:
    """Return the files of a download whose whole path matches, in order.

    The paths of those that are too large are added to `too_large` instead.
    """
    for path in sorted(folder.rglob("*.jsonl")) if folder else ():
        name = path.relative_to(folder).as_posix()  # type: ignore[arg-type]
        if path_pattern.fullmatch(name) and path.is_file():
            if path.stat().st_size <= MAX_FILE_BYTES:
                yield path
            else:
                too_large.append(name)
