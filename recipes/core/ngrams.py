"""An index of n-grams, to find texts that overlap with others.

N-grams are kept as 64-bit hashes in one sorted array per length: a million of them take 8 MB.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
import xxhash

BASE = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


class NgramIndex:
    """The n-grams of many texts; add all of them, call `sort`, and then look for overlaps.

    A text is a sequence of items: its words, or its letters.
    """

    def __init__(self) -> None:
        self._added: dict[int, array[int]] = {}
        self._known: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        """Return the number of different n-grams."""
        return sum(map(len, self._known.values()))

    def add(self, items: Sequence[str], length: int) -> None:
        """Add the n-grams of a text; a shorter one is an n-gram as a whole."""
        length = min(length, len(items))
        ngrams, _ = _hash_ngrams(*_hash_items([items]), length)
        self._added.setdefault(length, array("Q")).frombytes(ngrams.tobytes())

    def sort(self) -> None:
        """Sort what was added; nothing may be added afterwards."""
        self._known = {
            length: sorted_unique(self._added.pop(length)) for length in sorted(self._added)
        }

    def overlapping(self, texts: Sequence[Sequence[str]]) -> set[int]:
        """Return the numbers of the texts that have an n-gram of the index."""
        items, owners = _hash_items(texts)
        overlapping: set[int] = set()
        for length, known in self._known.items():
            ngrams, ngram_owners = _hash_ngrams(items, owners, length)
            positions = np.searchsorted(known, ngrams)
            positions[positions == len(known)] = 0
            overlapping.update(ngram_owners[known[positions] == ngrams].tolist())
        return overlapping


def sorted_unique(ngrams: array[int]) -> np.ndarray:
    """Sort in place and drop repetitions, with little extra memory."""
    known = np.frombuffer(ngrams, dtype=np.uint64)
    known.sort()
    return known[np.r_[True, known[1:] != known[:-1]]]


def _hash_items(texts: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of the items of all texts, and for each the number of its text."""
    sizes = list(map(len, texts))
    hashes = np.fromiter(map(_hash, chain.from_iterable(texts)), dtype=np.uint64, count=sum(sizes))
    return hashes, np.repeat(np.arange(len(texts)), sizes)


def _hash_ngrams(
    items: np.ndarray, owners: np.ndarray, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of all n-grams within a text, and for each the number of its text."""
    count = max(0, len(items) - length + 1)
    mixed = np.zeros(count, dtype=np.uint64)
    for offset in range(length):
        mixed += items[offset : offset + count] * np.uint64(pow(BASE, offset + 1, MASK + 1))
    is_within = owners[:count] == owners[len(owners) - count :]
    mixed = mixed[is_within]
    return mixed ^ mixed >> np.uint64(29), owners[:count][is_within]


@lru_cache(maxsize=1 << 14)
def _hash(item: str) -> int:
    return xxhash.xxh3_64_intdigest(item.encode("utf-8", "replace"))
