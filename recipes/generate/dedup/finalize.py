"""What only shows among all rows: duplicates, near-duplicates, and overlap with benchmarks.

Rows lie on the disk and are looked at in an order that depends on them alone, so that the same
answers make the same dataset, however they came in. In memory are a byte and a place for each.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from recipes.generate.dedup.decontamination import Benchmarks
from recipes.generate.dedup.minhash import MinhashSettings as Nearness
from recipes.generate.dedup.minhash import Near
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.schema import Row

T = TypeVar("T")
Judged = tuple[int, Row, str | None, int]
AT_ONCE = 1 << 17  # letters
KEPT, BY_GATE, DUPLICATE, OVERLAP, NEAR, UNSAFE, NOT_FLUENT, SPEAKERS = range(8)
REASONS = {
    DUPLICATE: "duplicate",
    OVERLAP: "benchmark_overlap",
    NEAR: "near_duplicate",
    UNSAFE: "unsafe",
    NOT_FLUENT: "not_fluent",
    SPEAKERS: "speakers",
}
JUDGED = {reason: number for number, reason in REASONS.items()}


@dataclass(frozen=True)
class Verdicts(Generic[T]):
    """`count` things that are read from the disk each time they are gone through."""

    read: Callable[[], Iterator[T]]
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[T]:
        return self.read()


@dataclass(frozen=True)
class Outcome:
    """Every row with the reason why it is rejected, None for those that are kept; and everything
    that was lost, counted by reason."""

    spool: RowStore
    judged: array[int]
    dropped: dict[str, int]

    def verdicts(self) -> Iterator[tuple[Row, str | None]]:
        """All rows in their order."""
        for (_, row, reason), found in zip(self.spool.in_order(), self.judged, strict=True):
            yield row, REASONS.get(found, reason)

    @property
    def rows(self) -> Verdicts[Row]:
        """The rows that are kept."""
        kept = self.judged.count(KEPT)
        return Verdicts(lambda: (row for row, reason in self.verdicts() if reason is None), kept)

    def without(self, drop: Mapping[str, str]) -> Outcome:
        """The same without the kept rows whose ids a judge has given a reason for."""
        if not drop:
            return self
        judged, dropped = array("B", self.judged), Counter(self.dropped)
        for place, (row, reason) in enumerate(self.verdicts()):
            if reason is None and row.id in drop:
                judged[place] = JUDGED[drop[row.id]]
                dropped[drop[row.id]] += 1
        return Outcome(self.spool, judged, dict(dropped))


def settle(
    spool: RowStore,
    lost: Counter[str],
    benchmarks: Callable[[], Benchmarks],
    nearness: Nearness,
    scratch: Path,
) -> Outcome:
    """Judge the rows that passed the gates against each other and against the benchmarks.

    `benchmarks` are made here, to be gone before rows are compared with each other; `scratch` is a
    file that may be written and is gone afterwards.
    """
    spool.sort()
    judged, dropped, near = array("B"), Counter(lost), Near(nearness, scratch)
    places, positions = array("I"), array("I")
    for place, row, reason, found in _screened(spool, benchmarks()):
        if found == KEPT:
            near.add(row)
            places.append(place)
            positions.append(len(judged))
        else:
            dropped[reason or REASONS[found]] += 1
        judged.append(found)
    for double in near.found(lambda number: spool.at(places[number])):
        judged[positions[double]] = NEAR
        dropped[REASONS[NEAR]] += 1
    return Outcome(spool, judged, dict(dropped))


def _screened(spool: RowStore, benchmarks: Benchmarks) -> Iterator[Judged]:
    """All rows in their order, and what is to be said of each by itself."""
    for some in _some(_without_doubles(spool.in_order())):
        kept = [row for _, row, _, found in some if found == KEPT]
        overlaps = iter(benchmarks.overlaps(kept))
        for place, row, reason, found in some:
            yield place, row, reason, OVERLAP if found == KEPT and next(overlaps) else found


def _without_doubles(rows: Iterable[tuple[int, Row, str | None]]) -> Iterator[Judged]:
    """The rows, those that come again one after the other being duplicates."""
    last = ""
    for place, row, reason in rows:
        if reason is not None:
            yield place, row, reason, BY_GATE
        else:
            yield place, row, None, DUPLICATE if row.id == last else KEPT
            last = row.id


def _some(rows: Iterable[Judged]) -> Iterator[list[Judged]]:
    """The rows in their order, as many at once as have about `AT_ONCE` letters."""
    some: list[Judged] = []
    letters = 0
    for row in rows:
        some.append(row)
        letters += sum(len(turn["content"]) for turn in row[1].turns)
        if letters >= AT_ONCE:
            yield some
            some, letters = [], 0
    yield some
