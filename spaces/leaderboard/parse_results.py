"""Parse the lines of a `results.jsonl` into checked rows, and `benchmarks.json` into columns.

Pure. Everything from the results repository is untrusted until it is checked here. What a row means
for the table is decided elsewhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import orjson
from benchmarks import ABOUT, Benchmark, BenchmarkTable

MAX_TEXT_LENGTH = 200
ROLES = ("base", "adapter", "peer")
# Keys of schemas 1 and 2 → their names since schema 3.
RENAMED_KEYS = {"tested": "test_language", "date": "evaluated_at"}
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")
Row = Mapping[str, Any]


def parse_rows(text: str | bytes) -> tuple[list[Row], int]:
    """Return the rows of a `results.jsonl` that have a value, and the number of unreadable ones."""
    rows: list[Row] = []
    unreadable = 0
    lines = text.split("\n") if isinstance(text, str) else text.split(b"\n")
    for line in lines:
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not (row.get("covered") is False or _is_usable(row)):
            unreadable += 1
        elif row.get("covered") is not False:
            rows.append(_renamed(row))
    return rows, unreadable


def _is_usable(row: Row) -> bool:
    return (
        row.get("role") in ROLES
        and _is_text(row.get("language"))
        and _is_text(row.get("model"))
        and _is_text(row.get("benchmark"))
        and number(row.get("value")) is not None
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _renamed(row: dict[str, Any]) -> Row:
    for old, new in RENAMED_KEYS.items():
        if old in row:
            row.setdefault(new, row.pop(old))
    return row


def is_in_own_language(row: Row) -> bool:
    """Return whether a row tests the language itself, not whether English was kept."""
    return bool(row.get("test_language", row["language"]) == row["language"])


def number(value: object) -> float | None:
    """Return a finite number; None for anything else (NaN, infinity, text, booleans)."""
    if isinstance(value, bool) or not isinstance(value, (float, int)):
        return None
    try:
        parsed = float(value)
    except OverflowError:  # orjson reads no integer above 64 bits, but json does
        return None
    return parsed if math.isfinite(parsed) else None


def whole_number(value: object) -> int | None:
    """Return a finite number without its fraction; None for anything else."""
    parsed = number(value)
    return None if parsed is None else int(parsed)


def boolean(value: object) -> bool | None:
    """Return a boolean; None for anything else."""
    return value if isinstance(value, bool) else None


def text_of(value: object) -> str:
    """Return a text, shortened if it is too long; empty for anything else."""
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) else ""


def interval(value: object) -> tuple[float, float] | None:
    """Return a pair of finite numbers; None for anything else."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = number(value[0]), number(value[1])
    return None if low is None or high is None else (low, high)


def degenerate_answers(row: Row) -> int | None:
    """Return how many answers are empty, cut off, repetitive or in the wrong language."""
    counts: Any = row.get("degenerate")
    return whole_number(counts.get("any")) if isinstance(counts, dict) else None


def column_of(row: Row, table: BenchmarkTable) -> str | None:
    """Return the key of a row's column; None for a benchmark or metric that has none."""
    if not is_in_own_language(row):
        return None
    directions = {
        "": "",
        f"eng_Latn-{row['language']}": "from_english",
        f"{row['language']}-eng_Latn": "into_english",
    }
    column = (
        row.get("benchmark"),
        row.get("metric"),
        directions.get(text_of(row.get("direction"))),
    )
    return table.keys.get(column)


def parse_benchmarks(text: str | bytes) -> BenchmarkTable:
    """Read a `benchmarks.json`; raise ValueError if it is not a list of columns."""
    columns = orjson.loads(text)
    if not isinstance(columns, list) or not columns:
        raise ValueError("benchmarks.json is not a list of columns")
    table = BenchmarkTable(tuple(map(_benchmark, columns)))
    if len(table.by_key) < len(table.benchmarks) or ABOUT in table.by_key:
        raise ValueError("benchmarks.json has a key twice")
    return table


def _benchmark(column: Any) -> Benchmark:
    if not isinstance(column, dict) or not _KEY.fullmatch(text_of(column.get("key"))):
        raise ValueError("a column of benchmarks.json has no usable key")
    return Benchmark(
        key=column["key"],
        label=text_of(column.get("label")),
        source=text_of(column.get("title")),
        metric=text_of(column.get("metric")),
        description=text_of(column.get("description")),
        name=text_of(column.get("benchmark")),
        direction=text_of(column.get("direction")),
    )
