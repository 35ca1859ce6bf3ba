"""Near-duplicates among all rows, in memory that does not grow with them.

Rows come in an order that depends on them alone. The MinHash signature of each row's character
n-grams (by `rensa`) goes to a scratch file. Then one band of the signatures is sorted at a time,
rows with an equal band are compared, and a row that is near an earlier one is dropped; so the first
of its kind always stays. Two rows are near-duplicates when each turn of one is near the same turn
of the other: two questions about one text are none, nor are two texts with one answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import regex
from rensa import RMinHash

from recipes.core.text_fold import fold
from recipes.generate.schema import Row
from recipes.validation.ranges import PositiveCount, Share

GAPS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
SEED = 1  # of the hash functions: the same rows have the same signature everywhere
BATCH_LETTERS = 1 << 18
READ_SIGNATURES = 1 << 12  # at once
MAX_COMPARED = 64  # rows of one band that a row is compared with
MARGIN = 0.15  # the error of a similarity that is estimated from a signature
MIX, SPREAD, HALF = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15), np.uint64(32)


@dataclass(frozen=True)
class MinhashSettings:
    """When rows are near-duplicates."""

    threshold: Share
    """The Jaccard similarity (0 to 1) of their n-grams, in each turn."""
    letters: PositiveCount
    """The length of an n-gram."""
    bands: PositiveCount
    """Bands of a signature; each has `rows` hashes."""
    rows: PositiveCount

    @property
    def hashes(self) -> int:
        """The number of hashes in a signature."""
        return self.bands * self.rows


class NearDuplicates:
    """Finds rows that are near an earlier one; `scratch` is a file that is overwritten."""

    def __init__(self, settings: MinhashSettings, scratch: Path) -> None:
        self.settings = settings
        self._scratch = scratch
        self._file = scratch.open("w+b")
        self._pending: list[str] = []
        self._letters = self._count = 0
        self._is_crowded = np.zeros(settings.bands, dtype=bool)

    def add(self, row: Row) -> None:
        """Add the next row."""
        text = plain("\n".join(turn["content"] for turn in row.turns))
        self._pending.append(text)
        self._letters += len(text)
        self._count += 1
        if self._letters >= BATCH_LETTERS:
            self._write()

    def find(self, row_at: Callable[[int], Row]) -> dict[int, int]:
        """Return for each row that is near an earlier one the number of that one.

        `row_at` returns a row by its number, in the order in which rows were added. The scratch
        file is removed.
        """
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
        """Compare each row of a group with the earlier ones that are kept."""
        kept: list[int] = []
        size = min(len(group), MAX_COMPARED)
        signatures = np.empty((size, self.settings.hashes), dtype=np.uint32)
        for number in group:
            if number in near:
                continue
            signature = self._signature(number)
            is_equal = signatures[: len(kept)] == signature
            candidates = [kept[index] for index in self._candidates(band, is_equal)] if kept else []
            row = row_at(number) if candidates else None
            duplicates = (
                other
                for other in candidates
                if row and are_near_duplicates(row_at(other), row, self.settings)
            )
            first = next(duplicates, None)
            if first is not None:
                near[number] = first
            elif len(kept) < MAX_COMPARED:
                signatures[len(kept)] = signature
                kept.append(number)
            else:
                self._is_crowded[band] = True

    def _candidates(self, band: int, is_equal: np.ndarray) -> list[int]:
        """Return which rows share enough hashes, and were not compared in an earlier band."""
        least = (self.settings.threshold - MARGIN) * self.settings.hashes
        candidates = np.flatnonzero(np.count_nonzero(is_equal, axis=1) >= least)
        if not len(candidates):
            return []
        per_band = is_equal[candidates].reshape(len(candidates), -1, self.settings.rows)
        is_shared = per_band.all(axis=2) & ~self._is_crowded
        return list(candidates[~is_shared[:, :band].any(axis=1)])

    def _write(self) -> None:
        if self._pending:
            hashes, ends = _hashes(self._pending, self.settings.letters)
            matrix = RMinHash.digest_matrix_from_flat_token_hashes(
                hashes, ends, self.settings.hashes, SEED
            )
            self._file.write(np.array(matrix.to_rows(), dtype=np.uint32).tobytes())
            self._pending.clear()
            self._letters = 0

    def _signature(self, number: int) -> np.ndarray:
        size = self.settings.hashes * 4
        return np.frombuffer(os.pread(self._file.fileno(), size, number * size), dtype=np.uint32)

    def _sorted(self, band: int) -> np.ndarray:
        """Return one 64-bit integer per row, sorted: a hash of the band above, its number below."""
        width, first = self.settings.hashes, band * self.settings.rows
        keys = np.empty(self._count, dtype=np.uint64)
        for start in range(0, self._count, READ_SIGNATURES):
            flat = np.fromfile(
                self._scratch, np.uint32, READ_SIGNATURES * width, offset=start * width * 4
            )
            part = flat.reshape(-1, width)[:, first : first + self.settings.rows]
            mixed = np.zeros(len(part), dtype=np.uint64)
            for column in part.T:
                mixed = (mixed ^ column) * SPREAD
            numbers = np.arange(start, start + len(part), dtype=np.uint64)
            keys[start : start + len(part)] = mixed >> HALF << HALF | numbers
        keys.sort()
        return keys


def are_near_duplicates(row: Row, other: Row, settings: MinhashSettings) -> bool:
    """Whether the n-grams of each turn are similar enough to those of the other row's."""
    if len(row.turns) != len(other.turns):
        return False
    return all(
        _jaccard(*(shingles(turn["content"], settings.letters) for turn in turns))
        >= settings.threshold
        for turns in zip(row.turns, other.turns, strict=True)
    )


def shingles(text: str, letters: int) -> set[str]:
    """Return the character n-grams of a text; a shorter text is one n-gram."""
    bare = plain(text)
    return {bare[start : start + letters] for start in range(max(1, len(bare) - letters + 1))}


def plain(text: str) -> str:
    """Return the folded letters, marks and digits, and single spaces."""
    bare: str = GAPS.sub(" ", fold(text))
    return bare.strip()


def _jaccard(shingles: set[str], others: set[str]) -> float:
    common = len(shingles & others)
    return common / (len(shingles) + len(others) - common)


def _hashes(texts: Sequence[str], letters: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of the n-grams of all texts, and where those of each text end."""
    padded = [text.ljust(letters, "\0") for text in texts]
    points = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), dtype="<u4")
    mixed = np.zeros(len(points) - letters + 1, dtype=np.uint64)
    for offset in range(letters):
        mixed *= MIX
        mixed ^= points[offset : offset + len(mixed)]
    sizes = np.fromiter(map(len, padded), dtype=np.int64)
    across_texts = np.cumsum(sizes)[:-1, None] - np.arange(1, letters)
    is_within = np.ones(len(mixed), dtype=bool)
    is_within[across_texts] = False
    ends = np.cumsum([0, *(sizes - letters + 1)]).astype(np.uint64)
    return mixed[is_within] * SPREAD, ends


def _groups(keys: np.ndarray) -> Iterator[list[int]]:
    """Yield the numbers of rows that are equal in a band, each group in order."""
    above = keys.astype("<u8", copy=False).view("<u4")[1::2]
    is_equal = above[1:] == above[:-1]
    edges = np.flatnonzero(np.diff(np.r_[False, is_equal, False])).reshape(-1, 2)
    for start, end in edges:
        yield [int(key) & 0xFFFFFFFF for key in keys[start : end + 1]]
