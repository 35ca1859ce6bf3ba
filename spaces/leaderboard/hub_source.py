"""Reads the two datasets from the Hub and keeps what it read in memory for all visitors.

Visitors never cause a download of the board: one thread looks whether a head has moved, at most
every few seconds while people look and rarely otherwise, and reads only the files that changed.
"""

from __future__ import annotations

import gc
import logging
import random
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
from entries import Board, Sheet, build, read
from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError
from markup import Links
from query import Index
from request_queue import parse_requests

RESULTS = re.compile(r"[^/]+/[^/]+/results\.jsonl")
SHEETS = re.compile(r"sheets/[^/]+\.jsonl")
MOST_BYTES = 2_000_000
MOST_AT_ONCE = 32  # a cold start asks twice for each file, and waits more than it works
IDLE_SECONDS = 30.0
BUSY_SECONDS = 2.0
TROUBLE = (httpx2.HTTPError, OSError, ValueError)  # what a Hub that fails raises


@dataclass(frozen=True)
class Settings:
    """What the environment of the Space says."""

    org: str
    links: Links
    endpoint: str
    token: str | None
    port: int | None

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Settings:
        """Read the environment; raises SystemExit with one sentence when it is not enough."""
        space = env.get("SPACE_ID", "")
        org = env.get("KAKUGO_ORG") or space.partition("/")[0]
        if not org:
            raise SystemExit(
                "The leaderboard needs to know whose results to show: set the variable KAKUGO_ORG "
                "to the name of an organisation on the Hub."
            )
        endpoint = env.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        port = env.get("GRADIO_SERVER_PORT") or env.get("PORT") or ""
        if port and not port.isdecimal():
            raise SystemExit(f"PORT must be a number, but is {port!r}.")
        links = Links(endpoint, org, space or f"{org}/kakugo")
        return cls(org, links, endpoint, env.get("HF_TOKEN") or None, int(port) if port else None)


@dataclass(frozen=True)
class Seen:
    """What was last read; `problem` is a sentence for visitors, empty when all is well."""

    board: Board = Board()
    heads: tuple[str, str] = ("", "")
    problem: str = "The results are being read"
    folder: Path | None = None
    index: Index = field(default_factory=lambda: Index(()))


class Source:
    """Keeps `seen` fresh in a thread; reading it costs nothing."""

    def __init__(self, settings: Settings) -> None:
        self._api = HfApi(endpoint=settings.endpoint, token=settings.token)
        self._repos = (f"{settings.org}/kakugo-results", f"{settings.org}/kakugo-requests")
        self._bell = threading.Event()
        self._seen = Seen()
        self._sheets: dict[str, Sheet] = {}
        self._sizes: dict[str, int] = {}

    def start(self) -> None:
        """Begin to watch the Hub until the process ends."""
        threading.Thread(target=self._watch, name="results", daemon=True).start()

    def see(self) -> Seen:
        """Return what is known now, and have the watcher look soon whether there is more."""
        self._bell.set()
        return self._seen

    def _watch(self) -> None:
        pause = threading.Event()
        while True:
            self.refresh()
            pause.wait(BUSY_SECONDS * random.uniform(1, 1.5))
            self._bell.wait(IDLE_SECONDS * random.uniform(1, 1.5))
            self._bell.clear()

    def refresh(self) -> None:
        """Read again what has moved; on any trouble keep the old board and say so."""
        try:
            heads = (self._head(self._repos[0]), self._head(self._repos[1]))
            if heads != self._seen.heads:
                with at_rest():
                    self._seen = self._read(heads)
            self._seen = replace(self._seen, problem="")
        except TROUBLE as error:
            logging.warning("cannot read the Hub: %s: %s", type(error).__name__, error)
            told = "The Hub cannot be reached now, so this may be old"
            self._seen = replace(self._seen, problem=told)

    def _head(self, repo: str) -> str:
        """Return the commit of a dataset; nothing while it does not exist."""
        try:
            return self._api.dataset_info(repo).sha or ""
        except RepositoryNotFoundError:
            return ""

    def _read(self, heads: tuple[str, str]) -> Seen:
        folder = self._snapshot(self._repos[0], heads[0], "*/*/results.jsonl")
        ledger = self._snapshot(self._repos[1], heads[1], "sheets/*.jsonl")
        # The cache names a file by its content, so one that has not changed need not be read.
        found = {str(path.resolve()): path for path in _files(folder, RESULTS)}
        self._sheets = {
            key: self._sheets.get(key) or read(path.read_bytes()) for key, path in found.items()
        }
        sheets = list(self._sheets.values())
        for base in sorted({entry.base for sheet in sheets for entry in sheet.entries} - {""}):
            self._learn_size(base)
        texts = (path.read_text("utf-8", "replace") for path in _files(ledger, SHEETS))
        board = build(sheets, parse_requests(texts), self._sizes)
        return Seen(board, heads, "", folder, Index(board.entries))

    def _learn_size(self, base: str) -> None:
        """Look once how many parameters a base has; a base that says nothing has no size."""
        if base in self._sizes or "/" not in base:
            return
        try:
            told = self._api.model_info(base, expand=["safetensors"]).safetensors
        except TROUBLE:
            return
        if told is not None:
            self._sizes[base] = told.total

    def _snapshot(self, repo: str, head: str, glob: str) -> Path | None:
        if not head:
            return None
        return Path(
            self._api.snapshot_download(
                repo,
                repo_type="dataset",
                revision=head,
                allow_patterns=glob,
                max_workers=MOST_AT_ONCE,
            )
        )


@contextmanager
def at_rest() -> Iterator[None]:
    """Have the garbage collector stay away while a board is made, and from the board afterwards.

    Walking a hundred thousand objects that live on anyway makes a visitor wait for 0.2 s. A board
    has no cycles, so an old one goes by itself.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _files(folder: Path | None, exact: re.Pattern[str]) -> Iterator[Path]:
    """The files of a snapshot whose whole path matches, in order, none of them huge."""
    for path in sorted(folder.rglob("*.jsonl")) if folder else ():
        if exact.fullmatch(path.relative_to(folder).as_posix()):  # type: ignore[arg-type]
            if path.is_file() and path.stat().st_size <= MOST_BYTES:
                yield path
