"""Near-duplicates among all rows, within and across sources, in memory that does not grow.

Rows come in an order that depends on them alone. The signature of each (MinHash by `rensa`, of runs
of letters) goes to a scratch file; then one band of it is sorted at a time, rows that share a band
are compared, and a later one that is near an earlier one is dropped. So the first of its kind
always stays. Two rows are near when each turn of the one is near the same turn of the other: a text
about which two questions are asked is no duplicate, nor are two texts with one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import regex
from rensa import RMinHash

from recipes.generate.row import Row

GAPS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
SEED = 1  # of the hash functions: the same rows have the same signature everywhere
BATCH = 512
COMPARED = 64  # rows of one band that a row is compared with, at most
DOUBT = 0.15  # a signature tells the share in common about as well as this


@dataclass(frozen=True)
class Settings:
    """`threshold`: share of runs of `letters` letters that near rows have in common, in each turn;
    `bands` of `rows` hashes each make a signature."""

    threshold: float
    letters: int
    bands: int
    rows: int

    @property
    def hashes(self) -> int:
        """The length of a signature."""
        return self.bands * self.rows


class Near:
    """Finds which rows are near an earlier one; `scratch` is a file that may be overwritten."""

    def __init__(self, settings: Settings, scratch: Path) -> None:
        self.settings = settings
        self._scratch = scratch
        self._file = scratch.open("wb")
        self._waiting: list[np.ndarray] = []
        self._count = 0
        self._least = settings.threshold - DOUBT

    def add(self, row: Row) -> None:
        """Take in the next row."""
        text = "\n".join(turn["content"] for turn in row.turns)
        self._waiting.append(shingles(text, self.settings.letters))
        self._count += 1
        if len(self._waiting) == BATCH:
            self._write()

    def found(self, row_at: Callable[[int], Row]) -> dict[int, int]:
        """For each row that is near an earlier one, the place of that one; the file is removed."""
        self._write()
        self._file.close()
        near: dict[int, int] = {}
        if self._count:
            shape = (self._count, self.settings.hashes)
            signatures = np.memmap(self._scratch, dtype=np.uint32, mode="r", shape=shape)
            for first in range(0, self.settings.hashes, self.settings.rows):
                for group in _groups(signatures[:, first : first + self.settings.rows]):
                    self._compare(signatures, group, row_at, near)
        self._scratch.unlink()
        return near

    def _compare(
        self,
        signatures: np.ndarray,
        group: list[int],
        row_at: Callable[[int], Row],
        near: dict[int, int],
    ) -> None:
        """Compare the rows of a group with those of it that came before and stay."""
        kept: list[int] = []
        for place in (place for place in group if place not in near):
            shared = (signatures[kept] == signatures[place]).mean(axis=1)
            likely = [kept[one] for one in np.flatnonzero(shared >= self._least)]
            letters = self.settings.letters
            parts = _parts(row_at(place), letters) if likely else []
            alike_ones = (
                one
                for one in likely
                if _alike(parts, _parts(row_at(one), letters)) >= self.settings.threshold
            )
            first = next(alike_ones, None)
            if first is not None:
                near[place] = first
            elif len(kept) < COMPARED:
                kept.append(place)

    def _write(self) -> None:
        if self._waiting:
            hashes = np.concatenate(self._waiting)
            ends = np.cumsum([0, *map(len, self._waiting)]).astype(np.uint64)
            matrix = RMinHash.digest_matrix_from_flat_token_hashes(
                hashes, ends, self.settings.hashes, SEED
            )
            self._file.write(np.array(matrix.to_rows(), dtype=np.uint32).tobytes())
            self._waiting.clear()


def alike(one: Row, other: Row, letters: int) -> float:
    """The smallest share of runs of letters that a turn of one row has in common with the other's
    (Jaccard); 0 when they do not have as many turns."""
    return _alike(_parts(one, letters), _parts(other, letters))


def shingles(text: str, letters: int) -> np.ndarray:
    """A number for each different run of `letters` letters; one for a text that is shorter."""
    plain = GAPS.sub(" ", text.lower()).strip()
    points = np.frombuffer(plain.encode("utf-32-le", "replace"), dtype="<u4").astype(np.uint64)
    count = max(1, len(points) - letters + 1)
    mixed = np.zeros(count, dtype=np.uint64)
    for place in range(min(letters, len(points))):
        mixed = mixed * np.uint64(0x100000001B3) ^ points[place : place + count]
    return np.unique(mixed * np.uint64(0x9E3779B97F4A7C15))


def _parts(row: Row, letters: int) -> list[np.ndarray]:
    return [shingles(turn["content"], letters) for turn in row.turns]


def _alike(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    if len(one) != len(other):
        return 0.0
    return min((_jaccard(*pair) for pair in zip(one, other, strict=True)), default=0.0)


def _jaccard(one: np.ndarray, other: np.ndarray) -> float:
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)


def _groups(band: np.ndarray) -> Iterator[list[int]]:
    """The places of rows that are equal in this band, each group in order."""
    mixed = np.zeros(len(band), dtype=np.uint64)
    for column in range(band.shape[1]):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) ^ band[:, column]
    order = np.argsort(mixed, kind="stable")
    ordered = mixed[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        yield [int(place) for place in order[start : start + size]]
