"""Parse the lines of a `results.jsonl` into checked rows.

Pure. Everything from the results repository is untrusted until it is checked here. What a row means
for the table is decided elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

MAX_TEXT_LENGTH = 200
ROLES = ("base", "adapter", "peer")
# Keys of schemas 1 and 2 → their names since schema 3.
RENAMED_KEYS = {"tested": "test_language", "date": "evaluated_at"}
_COLUMNS = {"sib200": "topic", "belebele": "reading", "global_mmlu": "knowledge"}
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


def column_of(row: Row) -> str | None:
    """Return the key of a row's column; None for a benchmark or metric that has none."""
    benchmark, metric = row.get("benchmark"), row.get("metric")
    if not is_in_own_language(row):
        return None
    if benchmark == "flores" and metric == "chrF++":
        source, _, target = text_of(row.get("direction")).partition("-")
        if source == "eng_Latn" and target == row["language"]:
            return "into"
        return "out" if target == "eng_Latn" and source == row["language"] else None
    return _COLUMNS.get(str(benchmark)) if metric == "accuracy" else None
