"""Find the adapters of the organization on the Hub, and example questions for them.

The only file of this Space that lists models. One thread polls the Hub; visitors are served from
memory.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import httpx2
from adapters import (
    Adapter,
    GgufFile,
    Version,
    example_questions,
    find_gguf,
    newest_versions,
    parse_adapter,
)
from chat_settings import ChatSettings
from common.hub_errors import HUB_ERRORS
from common.languages import Language
from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._http import default_client_factory
from parquet_rows import REPLAY_FOLDER, first_rows

POLL_SECONDS = 20.0
VERSIONS_SECONDS = 60.0  # until versions are listed again
TIMEOUT_SECONDS = 20.0
MODEL_FIELDS: Any = ["cardData", "sha", "siblings"]
MAX_FILE_BYTES = 20_000_000
MAX_ROWS = 400
# The held-out rows of a source; replayed rows are in English.
TEST_FILE = re.compile(rf"(?!{REPLAY_FOLDER}/)[\w-]+/test[\w.-]*\.parquet")


def http_client() -> httpx2.Client:
    """Return the Hub client's own HTTP client with timeouts, so that it does not wait forever."""
    client = default_client_factory()
    client.timeout = httpx2.Timeout(TIMEOUT_SECONDS, read=3 * TIMEOUT_SECONDS)
    return client


class ModelRegistry:
    """The adapters of one organization; empty until the first poll.

    `is_unreachable` is true after a failed poll; `first_poll` is set after the first one.
    """

    def __init__(self, settings: ChatSettings) -> None:
        set_client_factory(http_client)
        self.api = HfApi(endpoint=settings.endpoint, token=settings.token)
        self._org = settings.org
        self._examples: dict[tuple[str, str], list[str]] = {}
        self._sizes: dict[GgufFile, int] = {}
        self._versions: dict[str, tuple[float, tuple[Version, ...]]] = {}
        self.adapters: tuple[Adapter, ...] = ()
        self.is_unreachable = False
        self.first_poll = threading.Event()

    def start(self) -> None:
        """Poll the Hub in a thread until the process ends."""
        threading.Thread(target=self._poll, name="model registry", daemon=True).start()

    def _poll(self) -> None:
        while True:
            self.refresh()
            self.first_poll.set()
            threading.Event().wait(POLL_SECONDS * random.uniform(1, 1.5))

    def get(self, repo: str) -> Adapter | None:
        """Return the adapter of this repository."""
        return next((adapter for adapter in self.adapters if adapter.repo == repo), None)

    def for_language(self, code: str) -> list[Adapter]:
        """Return the adapters of a language, practice models last."""
        adapters = [adapter for adapter in self.adapters if adapter.code == code]
        return sorted(adapters, key=lambda adapter: adapter.practice)

    def languages(self) -> list[Language]:
        """Return the languages that have an adapter, ordered by name."""
        return list(dict.fromkeys(adapter.language for adapter in self.adapters))

    def refresh(self) -> None:
        """List the adapters again; if the Hub fails, keep what is known."""
        try:
            models = list(self.api.list_models(author=self._org, expand=MODEL_FIELDS))
            paths = {model.id: [f.rfilename for f in model.siblings or ()] for model in models}
            parsed = [
                parse_adapter(model.id, model.sha or "main", _card(model)) for model in models
            ]
            adapters = [
                replace(adapter, gguf=self._gguf(adapter.repo, paths))
                for adapter in parsed
                if adapter
            ]
            adapters.sort(key=lambda adapter: (adapter.language.label.casefold(), adapter.repo))
            self.adapters = tuple(adapters)
            self.is_unreachable = False
        except HUB_ERRORS as error:
            logging.warning("cannot list the models: %s: %s", type(error).__name__, error)
            self.is_unreachable = True

    def _gguf(self, repo: str, paths: Mapping[str, list[str]]) -> GgufFile | None:
        """Return the adapter's GGUF file with its size, which is requested once."""
        file = find_gguf(repo, paths)
        if file and file not in self._sizes:
            infos = self.api.get_paths_info(file.repo, [file.path])
            self._sizes[file] = sum(info.size for info in infos if isinstance(info, RepoFile))
        return file and replace(file, size=self._sizes[file])

    def examples(self, adapter: Adapter) -> list[str]:
        """Return example questions in the language from held-out rows; empty if there are none."""
        key = (adapter.code, adapter.revision)
        if key not in self._examples:
            try:
                rows = self._held_out_rows(f"{self._org}/kakugo-{adapter.code}")
            except HUB_ERRORS as error:
                logging.warning("no examples for %s: %s", adapter.code, type(error).__name__)
                return []
            self._examples[key] = example_questions(rows)
        return self._examples[key]

    def versions(self, adapter: Adapter) -> tuple[Version, ...]:
        """Return the two newest versions of an adapter; empty if it has fewer than two."""
        read_at, cached = self._versions.get(adapter.repo, (-VERSIONS_SECONDS, ()))
        if time.monotonic() - read_at < VERSIONS_SECONDS:
            return cached
        try:
            refs = self.api.list_repo_refs(adapter.repo)
            versions = newest_versions(adapter, {tag.name: tag.target_commit for tag in refs.tags})
        except HUB_ERRORS as error:
            logging.warning("no versions of %s: %s", adapter.repo, type(error).__name__)
            versions = cached
        # Also after a failure: otherwise, every choice of a language waits for a slow Hub.
        self._versions[adapter.repo] = time.monotonic(), versions
        return versions

    def _held_out_rows(self, dataset: str) -> list[object]:
        """Return the first `messages` of all sources, one of each source in turn."""
        try:
            tree = list(self.api.list_repo_tree(dataset, recursive=True, repo_type="dataset"))
        except RepositoryNotFoundError:
            return []
        rows: list[list[object]] = []
        for item in sorted(tree, key=lambda item: item.path):
            is_small_file = isinstance(item, RepoFile) and item.size <= MAX_FILE_BYTES
            if is_small_file and TEST_FILE.fullmatch(item.path):
                path = self.api.hf_hub_download(dataset, item.path, repo_type="dataset")
                rows.append(first_rows(path, MAX_ROWS, ["messages"])["messages"])
        return [row for turn in zip_longest(*rows) for row in turn]


def _card(model: Any) -> Mapping[str, Any]:
    return model.card_data.to_dict() if model.card_data else {}
