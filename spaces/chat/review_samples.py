"""Read the rows that speakers review: a fixed sample of a language's dataset.

Row ids are hashes of the rows' content, so the first ids in order are a random sample. Everybody
sees the same rows first, which makes it possible to measure how far reviewers agree.
"""

from __future__ import annotations

import logging
import re
import time
from pathlib import PurePosixPath

from common.hub_errors import HUB_ERRORS
from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from model_registry import MAX_FILE_BYTES
from parquet_rows import REPLAY_FOLDER, first_rows
from reviews import Row, Sample

SAMPLE_ROWS = 200
ROWS_PER_FILE = 2000
CACHE_SECONDS = 600.0
EXCLUDED_FOLDERS = {"rejected", REPLAY_FOLDER}
# Prompts that ask for a translation into English, as `recipes/generate/sources` names them.
INTO_ENGLISH = re.compile(r"contexts/\d+/translate/\d+|pairs/\d+/into_english")


class ReviewSamples:
    """The samples of an organization's datasets, each read again after a while."""

    def __init__(self, api: HfApi, org: str) -> None:
        self._api, self._org = api, org
        self._cache: dict[str, tuple[float, Sample]] = {}

    def get(self, code: str) -> Sample | None:
        """Return a language's sample; None if there is none or the Hub cannot be reached."""
        read_at, cached = self._cache.get(code, (0.0, None))
        if cached and time.monotonic() - read_at < CACHE_SECONDS:
            return cached
        try:
            sample = self._read(code, f"{self._org}/kakugo-{code}")
        except RepositoryNotFoundError:
            return None
        except HUB_ERRORS as error:
            logging.warning("cannot read rows of %s: %s: %s", code, type(error).__name__, error)
            return cached
        self._cache[code] = (time.monotonic(), sample)
        return sample

    def _read(self, code: str, dataset: str) -> Sample:
        revision = str(self._api.dataset_info(dataset).sha)
        tree = self._api.list_repo_tree(
            dataset, recursive=True, repo_type="dataset", revision=revision
        )
        rows: dict[str, Row] = {}
        for item in tree:
            path = PurePosixPath(item.path)
            is_small_file = isinstance(item, RepoFile) and item.size <= MAX_FILE_BYTES
            is_accepted = path.suffix == ".parquet" and EXCLUDED_FOLDERS.isdisjoint(path.parts)
            if is_small_file and is_accepted:
                local_path = self._api.hf_hub_download(
                    dataset, item.path, repo_type="dataset", revision=revision
                )
                rows.update((row.id, row) for row in parse_rows(local_path))
        ordered = tuple(rows[row_id] for row_id in sorted(rows)[:SAMPLE_ROWS])
        return Sample(code, dataset, revision, ordered)


def parse_rows(path: str) -> list[Row]:
    """Return the first rows of a parquet file that can be reviewed: those not in English."""
    try:
        columns = first_rows(path, ROWS_PER_FILE, ["prompt_id", "id", "messages"])
    except ValueError as error:
        logging.warning("no rows to review: %s", error)
        return []
    return [
        row
        for prompt_id, *parts in zip(*columns.values(), strict=True)
        if not INTO_ENGLISH.fullmatch(str(prompt_id)) and (row := Row.parse(*parts))
    ]
