"""Decide which rows are kept, once all of them are there.

Rows are read from disk in an order that depends on them alone, so that the same answers make the
same dataset in whatever order they came. Memory holds one byte and one place per row.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from recipes.generate.dedup.decontamination import Benchmarks
from recipes.generate.dedup.minhash import MinhashSettings, NearDuplicates
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.gates.reasons import GATE_OF
from recipes.generate.schema import Row

BATCH_LETTERS = 1 << 17
KEPT, BY_GATE = 0, 1  # the store has the reason of the gate
REASONS = dict(enumerate(GATE_OF, start=2))
STATUS_OF = {reason: status for status, reason in REASONS.items()}
DUPLICATE, NEAR = STATUS_OF["duplicate"], STATUS_OF["near_duplicate"]
OVERLAP = STATUS_OF["benchmark_overlap"]
ScreenedRow = tuple[int, Row, str | None, int]  # place, row, reason of a gate, status


@dataclass(frozen=True)
class KeptRows:
    """The rows that are kept, read from disk at every iteration."""

    read: Callable[[], Iterator[Row]]
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row]:
        return self.read()


@dataclass(frozen=True)
class FinalRows:
    """Every row with the reason why it is dropped, None for those that are kept.

    `statuses` has one of the numbers above for each row of the sorted store. `dropped` counts
    dropped rows and answers that never became a row, by reason.
    """

    store: RowStore
    statuses: array[int]
    dropped: dict[str, int]

    def with_reasons(self) -> Iterator[tuple[Row, str | None]]:
        """Yield all rows in their order, each with the reason why it is dropped."""
        for (_, row, reason), status in zip(self.store.in_order(), self.statuses, strict=True):
            yield row, REASONS.get(status, reason)

    @property
    def kept(self) -> KeptRows:
        """The rows that are kept."""
        count = self.statuses.count(KEPT)
        return KeptRows(
            lambda: (row for row, reason in self.with_reasons() if reason is None), count
        )

    def without(self, reasons: Mapping[str, str]) -> FinalRows:
        """Return the same with more rows dropped: a reason by id of a row."""
        if not reasons:
            return self
        statuses, dropped = array("B", self.statuses), Counter(self.dropped)
        for position, (row, reason) in enumerate(self.with_reasons()):
            if reason is None and row.id in reasons:
                statuses[position] = STATUS_OF[reasons[row.id]]
                dropped[reasons[row.id]] += 1
        return FinalRows(self.store, statuses, dict(dropped))


def finalize(
    store: RowStore,
    unusable_answers: Counter[str],
    benchmarks: Callable[[], Benchmarks],
    settings: MinhashSettings,
    scratch: Path,
) -> FinalRows:
    """Drop duplicates, near-duplicates and rows that overlap with a benchmark.

    `benchmarks` is called here so that their memory is free again before rows are compared with
    each other. `scratch` is a file that is written and removed.
    """
    store.sort()
    statuses, dropped, near = (
        array("B"),
        Counter(unusable_answers),
        NearDuplicates(settings, scratch),
    )
    places, positions = array("I"), array("I")
    for place, row, reason, status in _screened(store, benchmarks()):
        if status == KEPT:
            near.add(row)
            places.append(place)
            positions.append(len(statuses))
        else:
            dropped[reason or REASONS[status]] += 1
        statuses.append(status)
    for number in near.find(lambda number: store.at(places[number])):
        statuses[positions[number]] = NEAR
        dropped[REASONS[NEAR]] += 1
    return FinalRows(store, statuses, dict(dropped))


def _screened(store: RowStore, benchmarks: Benchmarks) -> Iterator[ScreenedRow]:
    """Yield all rows in their order, with their status before near-duplicates are found."""
    for batch in _batches(_without_duplicates(store.in_order())):
        kept = [row for _, row, _, status in batch if status == KEPT]
        overlaps = iter(benchmarks.overlaps(kept))
        for place, row, reason, status in batch:
            yield place, row, reason, OVERLAP if status == KEPT and next(overlaps) else status


def _without_duplicates(rows: Iterable[tuple[int, Row, str | None]]) -> Iterator[ScreenedRow]:
    """Yield the rows; identical ones follow each other, and all but the first are duplicates."""
    last = ""
    for place, row, reason in rows:
        if reason is not None:
            yield place, row, reason, BY_GATE
        else:
            yield place, row, None, DUPLICATE if row.id == last else KEPT
            last = row.id


def _batches(rows: Iterable[ScreenedRow]) -> Iterator[list[ScreenedRow]]:
    """Yield the rows in their order, in batches of about `BATCH_LETTERS` letters."""
    batch: list[ScreenedRow] = []
    letters = 0
    for screened in rows:
        batch.append(screened)
        letters += sum(len(turn["content"]) for turn in screened[1].turns)
        if letters >= BATCH_LETTERS:
            yield batch
            batch, letters = [], 0
    yield batch
