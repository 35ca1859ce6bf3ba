"""Rows that share an n-gram with a benchmark.

N-grams are of words, or of characters in scripts without spaces. A benchmark text that is shorter
than an n-gram counts as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recipes.core import text_fold
from recipes.core.ngrams import NgramIndex
from recipes.generate.schema import Row
from recipes.validation.ranges import Count, PositiveCount


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
        self._index = NgramIndex()
        self.counts = [self._add(name, texts) for name, texts in benchmarks]
        self._index.sort()

    def __len__(self) -> int:
        """Return the number of different n-grams."""
        return len(self._index)

    def overlaps(self, rows: Sequence[Row]) -> list[bool]:
        """Return for each row whether one of its turns shares an n-gram with a benchmark."""
        turns = [(number, turn["content"]) for number, row in enumerate(rows) for turn in row.turns]
        overlapping = self._index.overlapping([self.splitter.items(text) for _, text in turns])
        overlaps = [False] * len(rows)
        for turn in overlapping:
            overlaps[turns[turn][0]] = True
        return overlaps

    def _add(self, name: str, texts: Iterable[str]) -> BenchmarkCount:
        count = too_short = 0
        for text in texts:
            count += 1
            items = self.splitter.items(text)
            if len(items) < self.splitter.shortest:
                too_short += 1
            else:
                self._index.add(items, self.splitter.length)
        return BenchmarkCount(name, count, too_short)


class Splitter:
    """Splits texts into the items of n-grams; `unit` is words or characters."""

    def __init__(self, settings: NgramSettings, script: str) -> None:
        has_spaces = script not in text_fold.UNSPACED
        self.unit = "words" if has_spaces else "characters"
        self.length, self.shortest = (
            (settings.words, settings.shortest)
            if has_spaces
            else (settings.characters, settings.characters)
        )

    def items(self, text: str) -> Sequence[str]:
        """Return the folded words or characters."""
        return text_fold.words(text) if self.unit == "words" else text_fold.letters(text)
