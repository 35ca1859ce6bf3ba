"""The lines of a ``results.jsonl``: text in, checked rows out.

Pure. Everything that comes from the results repository is hostile until it is parsed here; what a
row means for the board is none of this file's business.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

LONGEST_TEXT = 200
ROLES = ("base", "adapter", "peer")
_COLUMN_OF = {"sib200": "topic", "belebele": "reading", "global_mmlu": "knowledge"}
Row = Mapping[str, Any]


def parse_rows(text: str | bytes) -> tuple[list[Row], int]:
    """Read a ``results.jsonl``; return its rows that have a value and the number of broken ones."""
    rows: list[Row] = []
    bad = 0
    lines = text.split("\n") if isinstance(text, str) else text.split(b"\n")
    for line in lines:
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not (row.get("covered") is False or _usable(row)):
            bad += 1
        elif row.get("covered") is not False:
            rows.append(row)
    return rows, bad


def _usable(row: Row) -> bool:
    return (
        row.get("role") in ROLES
        and _named(row.get("language"))
        and _named(row.get("model"))
        and _named(row.get("benchmark"))
        and number(row.get("value")) is not None
    )


def _named(value: object) -> bool:
    return isinstance(value, str) and value != ""


def in_the_language(row: Row) -> bool:
    """Whether a row is about the language itself, not about English that was to be kept."""
    return bool(row.get("tested", row["language"]) == row["language"])


def number(value: object) -> float | None:
    """Return a finite number, or None for anything else (NaN, infinity, text, booleans)."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    return float(value) if type(value) is int else None  # orjson has none above 64 bits


def text_of(value: object) -> str:
    """Return a short text, or nothing for anything else."""
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def interval(value: object) -> tuple[float, float] | None:
    """Return a pair of finite numbers, or None for anything else."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = number(value[0]), number(value[1])
    return None if low is None or high is None else (low, high)


def column_of(row: Row) -> str | None:
    """Say which column a row belongs to; None for benchmarks and metrics that have none."""
    benchmark, metric = row.get("benchmark"), row.get("metric")
    if not in_the_language(row):
        return None
    if benchmark == "flores" and metric == "chrF++":
        source, _, target = text_of(row.get("direction")).partition("-")
        if source == "eng_Latn" and target == row["language"]:
            return "into"
        return "out" if target == "eng_Latn" and source == row["language"] else None
    return _COLUMN_OF.get(str(benchmark)) if metric == "accuracy" else None
