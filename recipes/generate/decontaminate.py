"""No benchmark text may be learnt: overlap by n-grams of words, for every script.

A benchmark text shorter than an n-gram counts as a whole. Words are `regex`'s: the standard
library's `\\w+` cuts Bengali or Tibetan words into pieces. A language written without spaces has
whole phrases as "words"; there the n-grams are of characters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import regex

from recipes.generate.row import Row

WORD = regex.compile(r"\w+")
NO_SPACES = frozenset({"Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"})


@dataclass(frozen=True)
class Size:
    """Length of an n-gram in words or characters; texts under `shortest` words do not count."""

    words: int
    characters: int
    shortest: int


class Benchmarks:
    """The n-grams of every benchmark text."""

    def __init__(self, texts: Iterable[str], size: Size, script: str) -> None:
        spaced = script not in NO_SPACES
        self._split = WORD.findall if spaced else list
        size_of, shortest = (size.words, size.shortest) if spaced else (size.characters,) * 2
        self._sizes: dict[int, set[tuple[str, ...]]] = {}
        for text in texts:
            words = self._words(text)
            if len(words) >= shortest:
                length = min(size_of, len(words))
                self._sizes.setdefault(length, set()).update(grams(words, length))

    def __len__(self) -> int:
        """How many different n-grams there are."""
        return sum(map(len, self._sizes.values()))

    def overlap(self, row: Row) -> bool:
        """Whether a turn of the row holds an n-gram of a benchmark."""
        return any(self._touches(self._words(turn["content"])) for turn in row.turns)

    def _words(self, text: str) -> list[str]:
        return [word for word in self._split(text.lower()) if not word.isspace()]

    def _touches(self, words: list[str]) -> bool:
        return any(
            not known.isdisjoint(grams(words, length)) for length, known in self._sizes.items()
        )


def grams(words: list[str], length: int) -> Iterable[tuple[str, ...]]:
    """Every run of `length` words."""
    return zip(*(words[start:] for start in range(length)), strict=False)
