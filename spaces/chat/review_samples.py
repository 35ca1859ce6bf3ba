"""Reads the rows that speakers are shown to review: a fixed sample of a language's dataset.

The names of rows are hashes of what is in them, so their order is as good as drawn by lot, and
everybody sees the same rows first: that is how one learns whether people agree.
"""

from __future__ import annotations

import logging
import time
from pathlib import PurePosixPath

from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from model_registry import MOST_BYTES, TROUBLE
from reviews import Row, Sample

MOST_ROWS = 200
FROM_EACH_FILE = 2000
FRESH_SECONDS = 600.0
REJECTED = "rejected"


class Samples:
    """The samples of an organisation's datasets, each looked at again after a while."""

    def __init__(self, api: HfApi, org: str) -> None:
        self._api, self._org = api, org
        self._known: dict[str, tuple[float, Sample]] = {}

    def of(self, code: str) -> Sample | None:
        """The sample of a language; None when there is none or the Hub cannot be reached."""
        looked, known = self._known.get(code, (0.0, None))
        if known and time.monotonic() - looked < FRESH_SECONDS:
            return known
        try:
            found = self._read(code, f"{self._org}/kakugo-{code}")
        except RepositoryNotFoundError:
            return None
        except TROUBLE as error:
            logging.warning("no rows of %s: %s: %s", code, type(error).__name__, error)
            return known
        self._known[code] = (time.monotonic(), found)
        return found

    def _read(self, code: str, repo: str) -> Sample:
        revision = str(self._api.dataset_info(repo).sha)
        tree = self._api.list_repo_tree(
            repo, recursive=True, repo_type="dataset", revision=revision
        )
        rows: dict[str, Row] = {}
        for item in tree:
            path = PurePosixPath(item.path)
            fits = isinstance(item, RepoFile) and item.size <= MOST_BYTES
            if fits and path.suffix == ".parquet" and REJECTED not in path.parts:
                local = self._api.hf_hub_download(
                    repo, item.path, repo_type="dataset", revision=revision
                )
                rows.update((row.id, row) for row in _rows(local))
        ordered = tuple(rows[name] for name in sorted(rows)[:MOST_ROWS])
        return Sample(code, repo, revision, ordered)


def _rows(path: str) -> list[Row]:
    """The first rows of a parquet file that has `id` and `messages`."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        batches = ParquetFile(path).iter_batches(FROM_EACH_FILE, columns=["id", "messages"])
        table = next((batch.to_pydict() for batch in batches), {"id": [], "messages": []})
        found = [Row.read(*pair) for pair in zip(table["id"], table["messages"], strict=True)]
    except (ArrowException, KeyError) as error:
        logging.warning("%s has no rows to review: %s", path, type(error).__name__)
        return []
    return [row for row in found if row]
