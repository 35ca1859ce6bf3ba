"""Statistics of a dataset, counted row by row, so that not all rows are in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from recipes.generate.gates.reasons import gate_of
from recipes.generate.gates.views import without_reasoning
from recipes.generate.schema import Row


@dataclass(frozen=True)
class Lengths:
    """Percentiles of lengths in characters."""

    p5: int
    median: int
    p95: int


@dataclass
class DatasetStats:
    """Rows kept by source, rows dropped by source and reason, lengths of turns, and the first
    `sample_count` rows of each source."""

    sample_count: int
    kept: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    turns: int = 0
    with_reasoning: int = 0
    samples: list[Row] = field(default_factory=list)
    _lengths: dict[str, Counter[int]] = field(default_factory=dict)

    def add_kept(self, row: Row) -> None:
        """Count a row that is kept."""
        if self.kept[row.source] < self.sample_count:
            self.samples.append(row)
        self.kept[row.source] += 1
        for turn in row.turns:
            text = without_reasoning(turn["content"])
            self.turns += 1
            self.with_reasoning += text is not turn["content"]
            self._lengths.setdefault(turn["role"], Counter())[len(text)] += 1

    def add_dropped(self, row: Row, reason: str) -> None:
        """Count a row that is dropped."""
        self.dropped[row.source, reason] += 1

    @property
    def lengths(self) -> dict[str, Lengths]:
        """The lengths of turns, without reasoning, by role."""
        return {role: _percentiles(counts) for role, counts in sorted(self._lengths.items())}

    def has_rows(self, source: str) -> bool:
        """Whether a source gave any rows, kept or dropped."""
        return bool(self.kept[source]) or any(name == source for name, _ in self.dropped)

    def dropped_by_gate(self, source: str) -> Counter[str]:
        """Return how many rows of a source each gate dropped."""
        by_gate: Counter[str] = Counter()
        for (row_source, reason), count in self.dropped.items():
            if row_source == source:
                by_gate[gate_of(reason)] += count
        return by_gate


def count_rows(rows: Iterable[tuple[Row, str | None]], sample_count: int) -> DatasetStats:
    """Count rows, each with the reason why it is dropped, None if it is kept."""
    stats = DatasetStats(sample_count)
    for row, reason in rows:
        if reason is None:
            stats.add_kept(row)
        else:
            stats.add_dropped(row, reason)
    return stats


def _percentiles(counts: Counter[int]) -> Lengths:
    """Return percentiles of lengths, given how often each occurs."""
    ordered = sorted(counts)
    cumulative = list(accumulate(counts[length] for length in ordered))
    positions = (bisect_left(cumulative, share * cumulative[-1]) for share in (0.05, 0.5, 0.95))
    return Lengths(*(ordered[position] for position in positions))
