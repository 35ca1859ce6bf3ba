"""Rows that share an n-gram with a benchmark.

N-grams are of words, or of characters in scripts without spaces. A benchmark text that is shorter
than an n-gram counts as a whole. Words are those of the `regex` library: `\\w+` of the standard
library splits Bengali and Tibetan words. N-grams are kept as 64-bit hashes in one sorted array per
length: a million of them take 8 MB.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import regex
import xxhash

from recipes.generate.schema import Row
from validation.ranges import Count, PositiveCount

WORD = regex.compile(r"\w+")
NO_SPACES = frozenset({"Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"})
# Marks that are often left out: Arabic vowels and lengthening, Hebrew points, joiners and the like.
OPTIONAL = re.compile("[\u064b-\u0652\u0640\u0591-\u05bd\u200b-\u200d\u00ad\ufeff]")
BASE = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


@dataclass(frozen=True)
class NgramSettings:
    """Which n-grams of a benchmark no row may have."""

    words: PositiveCount
    """The length of an n-gram in words."""
    characters: PositiveCount
    """Its length in characters, in scripts without spaces."""
    shortest: Count
    """Texts of fewer words are not compared."""


@dataclass(frozen=True)
class BenchmarkCount:
    """How many texts a benchmark has, and how many of them are too short to be compared."""

    name: str
    texts: int
    too_short: int


class Benchmarks:
    """The n-grams of every benchmark text."""

    def __init__(
        self, benchmarks: Iterable[tuple[str, Iterable[str]]], settings: NgramSettings, script: str
    ) -> None:
        """Index the texts of each named benchmark, for a language of this script."""
        self.splitter = Splitter(settings, script)
        self.counts: list[BenchmarkCount] = []
        ngrams_by_length: dict[int, array[int]] = {}
        for name, texts in benchmarks:
            self.counts.append(self._add(name, texts, ngrams_by_length))
        self._known = {
            length: sorted_unique(ngrams_by_length.pop(length))
            for length in sorted(ngrams_by_length)
        }

    def __len__(self) -> int:
        """Return the number of different n-grams."""
        return sum(map(len, self._known.values()))

    def overlaps(self, rows: Sequence[Row]) -> list[bool]:
        """Return for each row whether one of its turns shares an n-gram with a benchmark."""
        turns = [(number, turn["content"]) for number, row in enumerate(rows) for turn in row.turns]
        items, owners = hash_items([self.splitter.items(text) for _, text in turns])
        overlaps = [False] * len(rows)
        for length, known in self._known.items():
            ngrams, ngram_owners = hash_ngrams(items, owners, length)
            positions = np.searchsorted(known, ngrams)
            positions[positions == len(known)] = 0
            for turn in ngram_owners[known[positions] == ngrams]:
                overlaps[turns[turn][0]] = True
        return overlaps

    def _add(
        self, name: str, texts: Iterable[str], ngrams_by_length: dict[int, array[int]]
    ) -> BenchmarkCount:
        count = too_short = 0
        for text in texts:
            count += 1
            items = self.splitter.items(text)
            if len(items) < self.splitter.shortest:
                too_short += 1
                continue
            length = min(self.splitter.length, len(items))
            ngrams, _ = hash_ngrams(*hash_items([items]), length)
            ngrams_by_length.setdefault(length, array("Q")).frombytes(ngrams.tobytes())
        return BenchmarkCount(name, count, too_short)


class Splitter:
    """Splits texts into the items of n-grams; `unit` is words or characters."""

    def __init__(self, settings: NgramSettings, script: str) -> None:
        has_spaces = script not in NO_SPACES
        self.unit = "words" if has_spaces else "characters"
        self.length, self.shortest = (
            (settings.words, settings.shortest)
            if has_spaces
            else (settings.characters, settings.characters)
        )

    def items(self, text: str) -> Sequence[str]:
        """Return the words or characters, without case and optional marks."""
        plain = OPTIONAL.sub("", unicodedata.normalize("NFKC", text).casefold())
        words: list[str] = WORD.findall(plain)
        return words if self.unit == "words" else "".join(words)


def hash_items(texts: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of the items of all texts, and for each the number of its text."""
    sizes = list(map(len, texts))
    hashes = np.fromiter(map(_hash, chain.from_iterable(texts)), dtype=np.uint64, count=sum(sizes))
    return hashes, np.repeat(np.arange(len(texts)), sizes)


def hash_ngrams(
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


def sorted_unique(ngrams: array[int]) -> np.ndarray:
    """Sort in place and drop repetitions, with little extra memory."""
    known = np.frombuffer(ngrams, dtype=np.uint64)
    known.sort()
    return known[np.r_[True, known[1:] != known[:-1]]]
