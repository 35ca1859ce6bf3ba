"""The dataset on disk and on the Hub: parquet by source and split, one commit for all of it.

Rows are written as they come, one row group at a time, beside what is there; only when all are
written do the new files take the place of the old.
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

if TYPE_CHECKING:  # pyarrow is imported late: 30 MB that nobody needs while the teacher is asked
    import pyarrow
    import pyarrow.parquet
    from huggingface_hub import HfApi

SOURCES = ("topics", "scenarios", "contexts", "pairs", "translation", "replay")
REJECTED = "rejected"
SPLITS = ("train", "test")
GROUP = 1 << 20  # bytes of rows, about


@dataclass(frozen=True)
class Origin:
    """What all rows of a run have in common: how the teacher was asked, by which recipe."""

    seed: int
    temperature: float
    max_tokens: int
    recipe: str


@dataclass
class Table:
    """One parquet file in the making."""

    path: Path
    schema: pyarrow.Schema
    _waiting: bytearray = field(default_factory=bytearray)
    _writer: pyarrow.parquet.ParquetWriter | None = None

    def add(self, row: dict[str, Any]) -> None:
        """Take a row; a full group is written."""
        self._waiting += orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        if len(self._waiting) >= GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._waiting:
            self._flush()
        if self._writer:
            self._writer.close()

    def _flush(self) -> None:
        """From JSON, because Arrow imports pandas to look at what is Python's."""
        import pyarrow.json
        import pyarrow.parquet

        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pyarrow.parquet.ParquetWriter(self.path, self.schema)
        lines, self._waiting = bytes(self._waiting), bytearray()
        rows = pyarrow.json.read_json(
            pyarrow.BufferReader(lines),
            pyarrow.json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            pyarrow.json.ParseOptions(self.schema, unexpected_field_behavior="error"),
        )
        self._writer.write_table(rows)


def write(
    folder: Path, verdicts: Iterable[tuple[Row, str | None]], test_share: float, origin: Origin
) -> list[dict[str, Any]]:
    """Write parquet files and return the `configs` of the card, `default` being all sources.

    A verdict is a row and the reason why it is rejected, None when it is not. Raises OSError when
    the disk is full: then what was there before is there still.
    """
    making = folder / "making"
    shutil.rmtree(making, ignore_errors=True)
    tables: dict[str, Table] = {}
    constants = asdict(origin)
    try:
        for row, reason in verdicts:
            path = _path(row, reason, test_share)
            if path not in tables:
                tables[path] = Table(making / path, _schema(reason is not None))
            why = {"gate": gate_of(reason), "reason": reason} if reason is not None else {}
            tables[path].add({**_wire(row), **constants, **why})
        for table in tables.values():
            table.close()
        for old in folder.glob("*/*.parquet"):
            old.unlink()
        for path in tables:
            (folder / path).parent.mkdir(exist_ok=True)
            (making / path).replace(folder / path)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return _configs(tables)


def push(api: HfApi, folder: Path, repo: str, message: str) -> str:
    """Replace what the repo holds by the folder, in one commit; returns its sha."""
    api.create_repo(repo, repo_type="dataset", exist_ok=True)
    commit = api.upload_folder(
        repo_id=repo,
        repo_type="dataset",
        folder_path=folder,
        commit_message=message,
        allow_patterns=["README.md", "decontamination.json", "*.png", "*/*.parquet"],
        delete_patterns=["run.json", "*/*.parquet"],
    )
    return str(commit.oid)


def paths(configs: Sequence[dict[str, Any]]) -> list[str]:
    """The files that hold rows to learn from, as `write` told of them."""
    default = next(config for config in configs if config["config_name"] == "default")
    return [path for split in default["data_files"] for path in split["path"]]


def in_test(row: Row, share: float) -> bool:
    """Whether the row is in the test split: decided by what was asked, so equals stay together."""
    asked = row.turns[0]["content"]
    return int(hashlib.sha256(asked.encode()).hexdigest()[:8], 16) / 2**32 < share


@cache
def _schema(rejected: bool) -> pyarrow.Schema:
    """The columns of a file; rejected rows also have the gate and the reason."""
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
    return pyarrow.schema(columns + [("gate", text), ("reason", text)] * rejected)


def _path(row: Row, reason: str | None, test_share: float) -> str:
    if reason is not None:
        return f"{REJECTED}/train.parquet"
    return f"{row.source}/{SPLITS[in_test(row, test_share)]}.parquet"


def _configs(paths: Iterable[str]) -> list[dict[str, Any]]:
    """The sources in their order, after the mixture of them that is there to be trained on."""
    made = {source: [f"{source}/{split}.parquet" for split in SPLITS] for source in SOURCES}
    named = {
        "default": [path for source in SOURCES for path in made[source]],
        **made,
        REJECTED: [f"{REJECTED}/train.parquet"],
    }
    written = set(paths)
    return [
        {"config_name": name, "data_files": files}
        for name, wanted in named.items()
        if (files := _files([path for path in wanted if path in written]))
    ]


def _files(paths: list[str]) -> list[dict[str, Any]]:
    by_split = {
        split: [path for path in paths if path.endswith(f"/{split}.parquet")] for split in SPLITS
    }
    return [{"split": split, "path": found} for split, found in by_split.items() if found]


def _wire(row: Row) -> dict[str, Any]:
    return {
        "messages": list(row.messages),
        "source": row.source,
        "id": row.id,
        "prompt_id": row.prompt_id,
        "about": row.about,
        "revised": row.revised,
        "teacher": row.teacher,
    }
