"""The first rows of a parquet file, as texts for a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

SUFFIX = ".parquet"
MAX_ROWS, MAX_COLUMNS, MAX_CHARACTERS = 10, 30, 500
# What reading a date outside Python's range, or a time zone that does not exist, raises.
UNREPRESENTABLE = (OverflowError, LookupError)
_JSON = json.JSONEncoder(ensure_ascii=False, default=str, indent=1)


@dataclass(frozen=True)
class Preview:
    """rows: the first ones, each with a text for each column; total_rows: of the file."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total_rows: int


def read_preview(path: Path) -> Preview | None:
    """Return the first rows of a parquet file, None if it cannot be read as one."""
    # Imported here, because it takes longer than all else that a start of this Hub imports.
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            columns = tuple(file.schema_arrow.names[:MAX_COLUMNS])
            batch = next(file.iter_batches(MAX_ROWS, columns=list(columns)), None)
            values = [column.to_pylist() for column in batch.columns] if batch else []
            total_rows = file.metadata.num_rows
    except (pyarrow.ArrowException, OSError, ValueError, *UNREPRESENTABLE):
        return None
    rows = tuple(tuple(map(_text, row)) for row in zip(*values, strict=True))
    return Preview(columns, rows, total_rows)


def _text(value: Any) -> str:
    """Return a cell as a text that is not too long."""
    if value is None:
        return ""
    if isinstance(value, list) and all(_is_turn(each) for each in value):
        value = "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in value)
    elif isinstance(value, list | dict):
        # Only the first pieces, because a list may have millions of values.
        value = "".join(islice(_JSON.iterencode(value), MAX_CHARACTERS + 1))
    text = str(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def _is_turn(value: Any) -> bool:
    """Whether a value is a turn of a conversation."""
    return isinstance(value, dict) and value.keys() == {"role", "content"}
