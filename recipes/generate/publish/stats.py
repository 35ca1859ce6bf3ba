"""What a dataset holds, counted row by row, so that nobody needs all rows at once."""

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
class Spread:
    """Lengths in characters: nine of ten are between the first and the last."""

    least: int
    median: int
    most: int


@dataclass
class Tally:
    """Rows kept by source, rows dropped by source and reason, lengths, and the first rows of each
    source as samples."""

    samples: int
    kept: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    turns: int = 0
    with_reasoning: int = 0
    shown: list[Row] = field(default_factory=list)
    _lengths: dict[str, Counter[int]] = field(default_factory=dict)

    def keep(self, row: Row) -> None:
        """Count a row that is in the dataset."""
        if self.kept[row.source] < self.samples:
            self.shown.append(row)
        self.kept[row.source] += 1
        for turn in row.turns:
            text = without_reasoning(turn["content"])
            self.turns += 1
            self.with_reasoning += text is not turn["content"]
            self._lengths.setdefault(turn["role"], Counter())[len(text)] += 1

    def drop(self, row: Row, reason: str) -> None:
        """Count a row that is among the rejected ones."""
        self.dropped[row.source, reason] += 1

    @property
    def lengths(self) -> dict[str, Spread]:
        """How long the turns are, by role."""
        return {role: _spread(found) for role, found in sorted(self._lengths.items())}

    def by_gate(self, source: str) -> Counter[str]:
        """How many rows of a source each gate dropped."""
        found: Counter[str] = Counter()
        for (of, reason), count in self.dropped.items():
            if of == source:
                found[gate_of(reason)] += count
        return found


def count(verdicts: Iterable[tuple[Row, str | None]], samples: int) -> Tally:
    """The tally of rows, each with the reason why it was rejected, if it was."""
    tally = Tally(samples)
    for row, reason in verdicts:
        if reason is None:
            tally.keep(row)
        else:
            tally.drop(row, reason)
    return tally


def _spread(lengths: Counter[int]) -> Spread:
    """The lengths that so many of a hundred turns have at most."""
    ordered = sorted(lengths)
    upto = list(accumulate(lengths[length] for length in ordered))
    cuts = (bisect_left(upto, share * upto[-1]) for share in (0.05, 0.5, 0.95))
    return Spread(*(ordered[cut] for cut in cuts))
