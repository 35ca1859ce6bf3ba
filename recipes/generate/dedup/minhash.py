"""Near-duplicates among all rows, within and across sources, in memory that does not grow.

Rows come in an order that depends on them alone. The signature of each (MinHash by `rensa`, of runs
of letters) goes to a scratch file; then one band of it is sorted at a time, rows that share a band
are compared, and a later one that is near an earlier one is dropped. So the first of its kind
always stays. Two rows are near when each turn of the one is near the same turn of the other: a text
about which two questions are asked is no duplicate, nor are two texts with one answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import regex
from rensa import RMinHash

from recipes.generate.schema import Row

GAPS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
SEED = 1  # of the hash functions: the same rows have the same signature everywhere
AT_ONCE = 1 << 18  # letters
SIGNATURES = 1 << 12  # at once
COMPARED = 64  # rows of one band that a row is compared with, at most
DOUBT = 0.15  # a signature tells the share in common about as well as this
MIX, SPREAD, HALF = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15), np.uint64(32)


@dataclass(frozen=True)
class MinhashSettings:
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

    def __init__(self, settings: MinhashSettings, scratch: Path) -> None:
        self.settings = settings
        self._scratch = scratch
        self._file = scratch.open("w+b")
        self._waiting: list[str] = []
        self._letters = self._count = 0
        self._crowded = np.zeros(settings.bands, dtype=bool)

    def add(self, row: Row) -> None:
        """Take in the next row."""
        text = plain("\n".join(turn["content"] for turn in row.turns))
        self._waiting.append(text)
        self._letters += len(text)
        self._count += 1
        if self._letters >= AT_ONCE:
            self._write()

    def found(self, row_at: Callable[[int], Row]) -> dict[int, int]:
        """For each row that is near an earlier one, the place of that one; the file is removed."""
        self._write()
        self._file.flush()
        near: dict[int, int] = {}
        for band in range(self.settings.bands):
            for group in _groups(self._sorted(band)):
                self._compare(band, group, row_at, near)
        self._file.close()
        self._scratch.unlink()
        return near

    def _compare(
        self, band: int, group: list[int], row_at: Callable[[int], Row], near: dict[int, int]
    ) -> None:
        """Compare the rows of a group with those of it that came before and stay."""
        kept: list[int] = []
        signatures = np.empty((min(len(group), COMPARED), self.settings.hashes), dtype=np.uint32)
        for place in group:
            if place in near:
                continue
            signature = self._signature(place)
            likely = self._likely(band, signatures[: len(kept)] == signature) if kept else []
            row = row_at(place) if likely else None
            alike_ones = (
                kept[one] for one in likely if row and alike(row_at(kept[one]), row, self.settings)
            )
            first = next(alike_ones, None)
            if first is not None:
                near[place] = first
            elif len(kept) < COMPARED:
                signatures[len(kept)] = signature
                kept.append(place)
            else:
                self._crowded[band] = True

    def _likely(self, band: int, equal: np.ndarray) -> list[int]:
        """Which rows share enough hashes, and were not compared in a band before this one."""
        least = (self.settings.threshold - DOUBT) * self.settings.hashes
        likely = np.flatnonzero(np.count_nonzero(equal, axis=1) >= least)
        if not len(likely):
            return []
        shared = equal[likely].reshape(len(likely), -1, self.settings.rows).all(axis=2)
        return list(likely[~(shared & ~self._crowded)[:, :band].any(axis=1)])

    def _write(self) -> None:
        if self._waiting:
            hashes, ends = _hashes(self._waiting, self.settings.letters)
            matrix = RMinHash.digest_matrix_from_flat_token_hashes(
                hashes, ends, self.settings.hashes, SEED
            )
            self._file.write(np.array(matrix.to_rows(), dtype=np.uint32).tobytes())
            self._waiting.clear()
            self._letters = 0

    def _signature(self, place: int) -> np.ndarray:
        size = self.settings.hashes * 4
        return np.frombuffer(os.pread(self._file.fileno(), size, place * size), dtype=np.uint32)

    def _sorted(self, band: int) -> np.ndarray:
        """A number for each row, sorted: above, what is equal where the band is; below, its
        place."""
        width, first = self.settings.hashes, band * self.settings.rows
        numbers = np.empty(self._count, dtype=np.uint64)
        for start in range(0, self._count, SIGNATURES):
            flat = np.fromfile(
                self._scratch, np.uint32, SIGNATURES * width, offset=start * width * 4
            )
            part = flat.reshape(-1, width)[:, first : first + self.settings.rows]
            mixed = np.zeros(len(part), dtype=np.uint64)
            for column in part.T:
                mixed = (mixed ^ column) * SPREAD
            places = np.arange(start, start + len(part), dtype=np.uint64)
            numbers[start : start + len(part)] = mixed >> HALF << HALF | places
        numbers.sort()
        return numbers


def alike(one: Row, other: Row, settings: MinhashSettings) -> bool:
    """Whether each turn of one row has enough runs of letters in common with the other's, of all
    that either has (Jaccard)."""
    if len(one.turns) != len(other.turns):
        return False
    return all(
        _jaccard(*(shingles(turn["content"], settings.letters) for turn in turns))
        >= settings.threshold
        for turns in zip(one.turns, other.turns, strict=True)
    )


def shingles(text: str, letters: int) -> set[str]:
    """Each different run of `letters` letters; the whole of a text that is shorter."""
    bare = plain(text)
    return {bare[start : start + letters] for start in range(max(1, len(bare) - letters + 1))}


def plain(text: str) -> str:
    """Letters, marks and digits without case, and single spaces."""
    bare: str = GAPS.sub(" ", text.lower())
    return bare.strip()


def _jaccard(one: set[str], other: set[str]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def _hashes(texts: Sequence[str], letters: int) -> tuple[np.ndarray, np.ndarray]:
    """A number for each run of letters of each text, and where those of each text end."""
    long = [text.ljust(letters, "\0") for text in texts]
    points = np.frombuffer("".join(long).encode("utf-32-le", "replace"), dtype="<u4")
    mixed = np.zeros(len(points) - letters + 1, dtype=np.uint64)
    for place in range(letters):
        mixed *= MIX
        mixed ^= points[place : place + len(mixed)]
    sizes = np.fromiter(map(len, long), dtype=np.int64)
    over_an_end = np.cumsum(sizes)[:-1, None] - np.arange(1, letters)
    within = np.ones(len(mixed), dtype=bool)
    within[over_an_end] = False
    ends = np.cumsum([0, *(sizes - letters + 1)]).astype(np.uint64)
    return mixed[within] * SPREAD, ends


def _groups(numbers: np.ndarray) -> Iterator[list[int]]:
    """The places of rows that are equal in a band, each group in order."""
    above = numbers.astype("<u8", copy=False).view("<u4")[1::2]
    equal = above[1:] == above[:-1]
    edges = np.flatnonzero(np.diff(np.r_[False, equal, False])).reshape(-1, 2)
    for start, end in edges:
        yield [int(number) & 0xFFFFFFFF for number in numbers[start : end + 1]]
