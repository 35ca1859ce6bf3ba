"""Reads from the Hub which adapters there are and what they can be asked.

The only file of this Space that lists the Hub. One thread looks every now and then; visitors are
served from memory.
"""

from __future__ import annotations

import logging
import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from models import Adapter, adapter, examples, names

LOOK_SECONDS = 20.0
MOST_BYTES = 20_000_000
MOST_ROWS = 400
TEST_FILE = re.compile(r"(data|default)/test-[\w.-]+\.parquet")
TROUBLE = (httpx2.HTTPError, OSError, ValueError)


@dataclass(frozen=True)
class Settings:
    """What the environment of the Space says."""

    org: str
    endpoint: str
    token: str | None
    port: int | None

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Settings:
        """Read the environment; raises SystemExit with one sentence when it is not enough."""
        org = env.get("KAKUGO_ORG") or env.get("SPACE_ID", "").partition("/")[0]
        if not org:
            raise SystemExit(
                "The chat needs to know whose models to offer: set the variable KAKUGO_ORG to the "
                "name of an organisation on the Hub."
            )
        port = env.get("GRADIO_SERVER_PORT") or env.get("PORT") or ""
        if port and not port.isdecimal():
            raise SystemExit(f"PORT must be a number, but is {port!r}.")
        endpoint = env.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        return cls(org, endpoint, env.get("HF_TOKEN") or None, int(port) if port else None)


class Shelf:
    """The adapters of one organisation; `adapters` is always there, at first empty."""

    def __init__(self, settings: Settings) -> None:
        self._api = HfApi(endpoint=settings.endpoint, token=settings.token)
        self._org = settings.org
        self._examples: dict[tuple[str, str], list[str]] = {}
        self.adapters: tuple[Adapter, ...] = ()
        self.problem = ""
        self.first_look = threading.Event()

    def start(self) -> None:
        """Begin to look at the Hub until the process ends."""
        threading.Thread(target=self._watch, name="shelf", daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.refresh()
            self.first_look.set()
            threading.Event().wait(LOOK_SECONDS * random.uniform(1, 1.5))

    def find(self, wanted: str) -> Adapter | None:
        """The adapter with this repository or language code; the first one for an empty wish."""
        for one in self.adapters:
            if wanted in ("", one.repo, one.code):
                return one
        return None

    def refresh(self) -> None:
        """Look again; on any trouble keep what is known and say so."""
        try:
            known = names(self._ledger())
            infos = self._api.list_models(author=self._org, expand=["cardData", "sha"])
            found = [adapter(info.id, info.sha or "main", _card(info), known) for info in infos]
            ours = [one for one in found if one]
            self.adapters = tuple(sorted(ours, key=lambda one: (one.label.casefold(), one.repo)))
            self.problem = ""
        except TROUBLE as error:
            logging.warning("cannot list the models: %s: %s", type(error).__name__, error)
            self.problem = "The Hub cannot be reached now, so a language may be missing."

    def _ledger(self) -> list[str]:
        repo = f"{self._org}/kakugo-requests"
        try:
            head = self._api.dataset_info(repo).sha
        except RepositoryNotFoundError:
            return []
        folder = self._api.snapshot_download(
            repo, repo_type="dataset", revision=head, allow_patterns="sheets/*.jsonl"
        )
        paths = sorted(Path(folder).glob("sheets/*.jsonl"))
        return [path.read_text(encoding="utf-8", errors="replace") for path in paths]

    def examples(self, one: Adapter) -> list[str]:
        """Questions in the language, from rows that were held out of the training; maybe none."""
        key = (one.code, one.revision)
        if key not in self._examples:
            try:
                self._examples[key] = examples(self._rows(f"{self._org}/kakugo-{one.code}"))
            except TROUBLE as error:
                logging.warning("no examples for %s: %s", one.code, type(error).__name__)
                return []
        return self._examples[key]

    def _rows(self, repo: str) -> list[object]:
        try:
            tree = list(self._api.list_repo_tree(repo, recursive=True, repo_type="dataset"))
        except RepositoryNotFoundError:
            return []
        for item in sorted(tree, key=lambda item: item.path):
            fits = isinstance(item, RepoFile) and item.size <= MOST_BYTES
            if fits and TEST_FILE.fullmatch(item.path):
                return _messages(self._api.hf_hub_download(repo, item.path, repo_type="dataset"))
        return []


def _card(info: Any) -> Mapping[str, Any]:
    return info.card_data.to_dict() if info.card_data else {}


def _messages(path: str) -> list[object]:
    """The ``messages`` of the first rows of a parquet file."""
    from pyarrow import ArrowException  # type: ignore[import-untyped]
    from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]

    try:
        batches = ParquetFile(path).iter_batches(MOST_ROWS, columns=["messages"])
        return next((batch.to_pydict()["messages"] for batch in batches), [])
    except (ArrowException, KeyError) as error:
        raise ValueError(f"{path} has no readable column messages") from error
