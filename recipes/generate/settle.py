"""What only shows among all rows: duplicates, near-duplicates, and overlap with benchmarks.

Rows are looked at in an order that depends on them alone, so that the same answers make the same
dataset, however they came in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipes.generate.decontaminate import Benchmarks
from recipes.generate.harvest import Harvest
from recipes.generate.near import Near
from recipes.generate.near import Settings as Nearness
from recipes.generate.row import Row


@dataclass(frozen=True)
class Outcome:
    """Rows kept, rows rejected with the reason, and everything that was lost, counted by reason."""

    rows: Sequence[Row]
    rejected: Sequence[tuple[Row, str]]
    dropped: dict[str, int]


def settle(harvest: Harvest, benchmarks: Benchmarks, nearness: Nearness, scratch: Path) -> Outcome:
    """Judge the rows that passed the gates against each other and against the benchmarks.

    `scratch` is a file that may be written and is gone afterwards.
    """
    rejected = list(harvest.dropped)
    rows: list[Row] = []
    seen: set[str] = set()
    for row in sorted(harvest.kept, key=_order):
        if row.id in seen:
            rejected.append((row, "duplicate"))
        elif benchmarks.overlap(row):
            rejected.append((row, "benchmark_overlap"))
        else:
            rows.append(row)
        seen.add(row.id)
    near = Near(nearness, scratch)
    for row in rows:
        near.add(row)
    doubles = near.found(rows.__getitem__)
    rejected += [(rows[place], "near_duplicate") for place in sorted(doubles)]
    rows = [row for place, row in enumerate(rows) if place not in doubles]
    rejected.sort(key=lambda pair: (*_order(pair[0]), pair[1]))
    dropped = Counter(reason for _, reason in rejected) + harvest.lost
    return Outcome(rows, rejected, dict(dropped))


def _order(row: Row) -> tuple[str, str, str]:
    return row.id, row.source, row.prompt_id
