"""No benchmark text may be learnt: overlap by n-grams of words, for every script.

A benchmark text shorter than an n-gram counts as a whole. Words are `regex`'s: the standard
library's `\\w+` cuts Bengali or Tibetan words into pieces. A language written without spaces has
whole phrases as "words"; there the n-grams are of characters. N-grams are kept as 64-bit hashes in
one sorted array for each length: a million of them take 8 MB. Rows are looked at many at once.
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

WORD = regex.compile(r"\w+")
NO_SPACES = frozenset({"Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"})
# Marks that many leave out: Arabic vowels and lengthening, Hebrew points, soft hyphens, joiners.
OPTIONAL = re.compile("[\u064b-\u0652\u0640\u0591-\u05bd\u200b-\u200d\u00ad\ufeff]")
BASE = 0x9E3779B97F4A7C15
WHOLE = (1 << 64) - 1


@dataclass(frozen=True)
class Size:
    """Length of an n-gram in words or characters; texts under `shortest` words do not count."""

    words: int
    characters: int
    shortest: int


@dataclass(frozen=True)
class Read:
    """What was read of one benchmark; `short` texts are too short to be looked for."""

    name: str
    texts: int
    short: int


class Benchmarks:
    """The n-grams of every benchmark text."""

    def __init__(
        self, benchmarks: Iterable[tuple[str, Iterable[str]]], size: Size, script: str
    ) -> None:
        """Read the texts of each named benchmark for a language of this script."""
        self.split = Splitter(size, script)
        self.read: list[Read] = []
        found: dict[int, array[int]] = {}
        for name, texts in benchmarks:
            self.read.append(self._read(name, texts, found))
        self._known = {length: _sorted(found.pop(length)) for length in sorted(found)}

    def __len__(self) -> int:
        """How many different n-grams there are."""
        return sum(map(len, self._known.values()))

    def overlaps(self, rows: Sequence[Row]) -> list[bool]:
        """For each row, whether a turn of it shares an n-gram with a benchmark."""
        turns = [(at, turn["content"]) for at, row in enumerate(rows) for turn in row.turns]
        items = numbers([self.split.items(text) for _, text in turns])
        found = [False] * len(rows)
        for length, known in self._known.items():
            grams, of = ngrams(*items, length)
            places = np.searchsorted(known, grams)
            places[places == len(known)] = 0
            for text in of[known[places] == grams]:
                found[turns[text][0]] = True
        return found

    def _read(self, name: str, texts: Iterable[str], found: dict[int, array[int]]) -> Read:
        count = short = 0
        for text in texts:
            count += 1
            items = self.split.items(text)
            if len(items) < self.split.shortest:
                short += 1
                continue
            length = min(self.split.length, len(items))
            grams, _ = ngrams(*numbers([items]), length)
            found.setdefault(length, array("Q")).frombytes(grams.tobytes())
        return Read(name, count, short)


class Splitter:
    """Cuts texts into what n-grams are made of; `unit` says into what."""

    def __init__(self, size: Size, script: str) -> None:
        spaced = script not in NO_SPACES
        self.unit = "words" if spaced else "characters"
        self.length, self.shortest = (
            (size.words, size.shortest) if spaced else (size.characters, size.characters)
        )

    def items(self, text: str) -> Sequence[str]:
        """The words, or the characters, without what spelling leaves open."""
        plain = OPTIONAL.sub("", unicodedata.normalize("NFKC", text).casefold())
        words: list[str] = WORD.findall(plain)
        return words if self.unit == "words" else "".join(words)


def numbers(texts: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """A number for each item of these texts, and of which text it is."""
    sizes = list(map(len, texts))
    found = np.fromiter(map(_hash, chain.from_iterable(texts)), dtype=np.uint64, count=sum(sizes))
    return found, np.repeat(np.arange(len(texts)), sizes)


def ngrams(items: np.ndarray, of: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """A number for each run of `length` items within a text, and of which text it is."""
    count = max(0, len(items) - length + 1)
    mixed = np.zeros(count, dtype=np.uint64)
    for place in range(length):
        mixed += items[place : place + count] * np.uint64(pow(BASE, place + 1, WHOLE + 1))
    within = of[:count] == of[len(of) - count :]
    mixed = mixed[within]
    return mixed ^ mixed >> np.uint64(29), of[:count][within]


@lru_cache(maxsize=1 << 14)
def _hash(item: str) -> int:
    return xxhash.xxh3_64_intdigest(item.encode("utf-8", "replace"))


def _sorted(grams: array[int]) -> np.ndarray:
    """Each once, with little memory besides."""
    known = np.frombuffer(grams, dtype=np.uint64)
    known.sort()
    return known[np.r_[True, known[1:] != known[:-1]]]
