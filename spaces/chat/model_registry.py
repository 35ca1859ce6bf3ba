"""Reads from the Hub which adapters there are and what they can be asked.

The only file of this Space that lists models. One thread looks every now and then; visitors are
served from memory.
"""

from __future__ import annotations

import logging
import os
import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
from adapters import Adapter, Export, adapter, examples, export
from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.constants import HF_HOME
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._http import default_client_factory
from languages import Language

LOOK_SECONDS = 20.0
PATIENCE = 20.0  # seconds
PERSISTENT = Path("/data")  # a Space's disk that outlives a restart, where one is attached
EXPAND: Any = ["cardData", "sha", "siblings"]
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
    outbox: Path

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
        kept = PERSISTENT if os.access(PERSISTENT, os.W_OK) else Path(HF_HOME)
        outbox = Path(env.get("KAKUGO_OUTBOX") or kept / "kakugo-outbox")
        return cls(org, endpoint, env.get("HF_TOKEN") or None, int(port) if port else None, outbox)


def patient_client() -> httpx2.Client:
    """The Hub client's own client, except that it does not wait for ever."""
    client = default_client_factory()
    client.timeout = httpx2.Timeout(PATIENCE, read=3 * PATIENCE)
    return client


class Shelf:
    """The adapters of one organisation; `adapters` is always there, at first empty."""

    def __init__(self, settings: Settings) -> None:
        set_client_factory(patient_client)
        self.api = HfApi(endpoint=settings.endpoint, token=settings.token)
        self._org = settings.org
        self._examples: dict[tuple[str, str], list[str]] = {}
        self._sizes: dict[Export, int] = {}
        self.adapters: tuple[Adapter, ...] = ()
        self.problem = False
        self.first_look = threading.Event()

    def start(self) -> None:
        """Begin to look at the Hub until the process ends."""
        threading.Thread(target=self._watch, name="shelf", daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.refresh()
            self.first_look.set()
            threading.Event().wait(LOOK_SECONDS * random.uniform(1, 1.5))

    def find(self, repo: str) -> Adapter | None:
        """The adapter with this repository."""
        return next((one for one in self.adapters if one.repo == repo), None)

    def speaking(self, code: str) -> list[Adapter]:
        """The adapters of a language; one that is no practice comes first."""
        found = [one for one in self.adapters if one.code == code]
        return sorted(found, key=lambda one: one.practice)

    def languages(self) -> list[Language]:
        """The languages there are, in the order of their names."""
        return list(dict.fromkeys(one.language for one in self.adapters))

    def refresh(self) -> None:
        """Look again; on any trouble keep what is known and say so."""
        try:
            infos = list(self.api.list_models(author=self._org, expand=EXPAND))
            files = {info.id: [file.rfilename for file in info.siblings or ()] for info in infos}
            found = [adapter(info.id, info.sha or "main", _card(info)) for info in infos]
            ours = [replace(one, export=self._export(one.repo, files)) for one in found if one]
            self.adapters = tuple(
                sorted(ours, key=lambda one: (one.language.label.casefold(), one.repo))
            )
            self.problem = False
        except TROUBLE as error:
            logging.warning("cannot list the models: %s: %s", type(error).__name__, error)
            self.problem = True

    def _export(self, repo: str, files: Mapping[str, list[str]]) -> Export | None:
        """The adapter's GGUF file with its size, which is asked for once."""
        found = export(repo, files)
        if found and found not in self._sizes:
            told = self.api.get_paths_info(found.repo, [found.path])
            self._sizes[found] = sum(one.size for one in told if isinstance(one, RepoFile))
        return found and replace(found, size=self._sizes[found])

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
            tree = list(self.api.list_repo_tree(repo, recursive=True, repo_type="dataset"))
        except RepositoryNotFoundError:
            return []
        for item in sorted(tree, key=lambda item: item.path):
            fits = isinstance(item, RepoFile) and item.size <= MOST_BYTES
            if fits and TEST_FILE.fullmatch(item.path):
                return _messages(self.api.hf_hub_download(repo, item.path, repo_type="dataset"))
        return []


def _card(info: Any) -> Mapping[str, Any]:
    return info.card_data.to_dict() if info.card_data else {}


def _messages(path: str) -> list[object]:
    """The ``messages`` of the first rows of a parquet file."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        batches = ParquetFile(path).iter_batches(MOST_ROWS, columns=["messages"])
        return next((batch.to_pydict()["messages"] for batch in batches), [])
    except (ArrowException, KeyError) as error:
        raise ValueError(f"{path} has no readable column messages") from error
