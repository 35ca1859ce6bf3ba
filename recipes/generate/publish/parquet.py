"""Parquet files by source and split, and the commit that pushes the dataset.

Rows are written as they come, one row group at a time, to a staging folder. The new files replace
the old ones when all of them are complete.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from recipes.generate.gates.reasons import gate_of
from recipes.generate.schema import Row
from recipes.generate.sources.table import SOURCES

if TYPE_CHECKING:  # pyarrow takes 30 MB, which nothing needs before rows are written
    import pyarrow
    import pyarrow.parquet
    from huggingface_hub import HfApi

SOURCE_NAMES = tuple(source.name for source in SOURCES)
REJECTED = "rejected"
SPLITS = ("train", "test")
GROUP_BYTES = 1 << 20  # of rows as JSON


@dataclass(frozen=True)
class RunColumns:
    """The columns that are the same in all rows of a run."""

    seed: int
    temperature: float
    max_tokens: int
    recipe: str


@dataclass
class FileWriter:
    """Writes one parquet file."""

    path: Path
    schema: pyarrow.Schema
    _pending: bytearray = field(default_factory=bytearray)
    _writer: pyarrow.parquet.ParquetWriter | None = None

    def add(self, row: dict[str, Any]) -> None:
        """Add a row, and write the row group once it is full."""
        self._pending += orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        if len(self._pending) >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Write the last row group and the footer."""
        if self._pending:
            self._flush()
        if self._writer:
            self._writer.close()

    def _flush(self) -> None:
        """Write a row group, from JSON: Arrow would import pandas to read Python objects."""
        import pyarrow.json
        import pyarrow.parquet

        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pyarrow.parquet.ParquetWriter(self.path, self.schema)
        lines, self._pending = bytes(self._pending), bytearray()
        rows = pyarrow.json.read_json(
            pyarrow.BufferReader(lines),
            pyarrow.json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            pyarrow.json.ParseOptions(self.schema, unexpected_field_behavior="error"),
        )
        self._writer.write_table(rows)


def write(
    folder: Path, rows: Iterable[tuple[Row, str | None]], test_share: float, origin: RunColumns
) -> list[dict[str, Any]]:
    """Write parquet files and return the `configs` of the card; `default` has all sources.

    Each row comes with the reason why it is dropped, None if it is kept. Raises OSError when the
    disk is full; the old files are then unchanged.
    """
    staging = folder / ".kakugo-staging"
    shutil.rmtree(staging, ignore_errors=True)
    writers: dict[str, FileWriter] = {}
    origin_columns = asdict(origin)
    try:
        for row, reason in rows:
            path = _path(row, reason, test_share)
            if path not in writers:
                writers[path] = FileWriter(staging / path, _schema(reason is not None))
            reasons = {"gate": gate_of(reason), "reason": reason} if reason is not None else {}
            writers[path].add({**_columns(row), **origin_columns, **reasons})
        for writer in writers.values():
            writer.close()
        for old in all_paths():
            (folder / old).unlink(missing_ok=True)
        for path in writers:
            (folder / path).parent.mkdir(exist_ok=True)
            (staging / path).replace(folder / path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return _configs(writers)


def push(api: HfApi, folder: Path, repo: str, message: str) -> str:
    """Replace the content of the repo by the folder in one commit, and return its sha."""
    api.create_repo(repo, repo_type="dataset", exist_ok=True)
    commit = api.upload_folder(
        repo_id=repo,
        repo_type="dataset",
        folder_path=folder,
        commit_message=message,
        allow_patterns=["README.md", "decontamination.json", "*.png", *all_paths()],
        delete_patterns=["run.json", "*/*.parquet"],
    )
    return str(commit.oid)


def all_paths() -> list[str]:
    """Return the paths of all files that a run may write; others in its folder are not ours."""
    sources = [f"{name}/{split}.parquet" for name in SOURCE_NAMES for split in SPLITS]
    return [*sources, f"{REJECTED}/train.parquet"]


def kept_paths(configs: Sequence[dict[str, Any]]) -> list[str]:
    """Return the paths of the files with kept rows, given what `write` returned."""
    default = next(config for config in configs if config["config_name"] == "default")
    return [path for split in default["data_files"] for path in split["path"]]


def in_test(row: Row, share: float) -> bool:
    """Whether the row is in the test split; rows with the same prompt are in the same split."""
    prompt = row.turns[0]["content"]
    return int(hashlib.sha256(prompt.encode()).hexdigest()[:8], 16) / 2**32 < share


@cache
def _schema(is_rejected: bool) -> pyarrow.Schema:
    """Return the columns of a file; rejected rows also have the gate and the reason."""
    import pyarrow

    text = pyarrow.string()
    columns = [
        ("messages", pyarrow.list_(pyarrow.struct([("role", text), ("content", text)]))),
        ("source", text),
        ("id", text),
        ("prompt_id", text),
        ("about", text),
        ("revised", pyarrow.bool_()),
        ("teacher", text),
        ("seed", pyarrow.int64()),
        ("temperature", pyarrow.float64()),
        ("max_tokens", pyarrow.int64()),
        ("recipe", text),
    ]
    return pyarrow.schema(columns + [("gate", text), ("reason", text)] * is_rejected)


def _path(row: Row, reason: str | None, test_share: float) -> str:
    if reason is not None:
        return f"{REJECTED}/train.parquet"
    if row.source not in SOURCE_NAMES:  # no config would have its rows
        raise ValueError(f"The source {row.source!r} is not in the table of sources.")
    return f"{row.source}/{SPLITS[in_test(row, test_share)]}.parquet"


def _configs(paths: Iterable[str]) -> list[dict[str, Any]]:
    """Return the configs: all sources as `default`, each source, and the rejected rows."""
    by_source = {name: [f"{name}/{split}.parquet" for split in SPLITS] for name in SOURCE_NAMES}
    paths_by_config = {
        "default": [path for name in SOURCE_NAMES for path in by_source[name]],
        **by_source,
        REJECTED: [f"{REJECTED}/train.parquet"],
    }
    written = set(paths)
    return [
        {"config_name": name, "data_files": files}
        for name, candidates in paths_by_config.items()
        if (files := _files([path for path in candidates if path in written]))
    ]


def _files(paths: list[str]) -> list[dict[str, Any]]:
    by_split = {
        split: [path for path in paths if path.endswith(f"/{split}.parquet")] for split in SPLITS
    }
    return [{"split": split, "path": paths} for split, paths in by_split.items() if paths]


def _columns(row: Row) -> dict[str, Any]:
    return {
        "messages": list(row.messages),
        "source": row.source,
        "id": row.id,
        "prompt_id": row.prompt_id,
        "about": row.about,
        "revised": row.revised,
        "teacher": row.teacher,
    }
