"""A language that no library knows, learnt from its own texts: how likely its triples are.

The profile is one table of logarithms, addressed by a hash of three letters, so that a text is
judged in some twenty microseconds. How far its own texts lie from English is measured on texts that
were not learnt from, and a text is a stranger when it lies farther out than most of that way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import regex

NOT_LETTERS = regex.compile(r"[^\p{L}\p{M}]+")
SIZE = 1 << 16
SMOOTHING = 0.05
WINDOW = 200  # letters of a text that is judged to find the border
LONGEST = 1_000  # letters of a text that are looked at
WAY = 0.6  # of the way from its own texts to English


@dataclass(frozen=True)
class Profile:
    """Logarithms of likelihood by hash, and the mean under which a text is a stranger's."""

    table: np.ndarray
    border: float

    @classmethod
    def learn(cls, own: Sequence[str], english: Sequence[str], letters: int) -> Profile | None:
        """A profile of `own` texts; None when they have fewer than `letters` letters in all."""
        known = [_letters(text) for text in own]
        if sum(map(len, known)) < letters or len(known) < 4:
            return None
        counts = np.zeros(SIZE)
        for text in known[::2]:
            np.add.at(counts, _triples(text), 1)
        table = np.log((counts + SMOOTHING) / (counts.sum() + SMOOTHING * SIZE)).astype("f4")
        ours = _mean(table, known[1::2])
        theirs = _mean(table, [_letters(text) for text in islice(english, len(known))])
        return cls(table, ours - WAY * (ours - theirs))

    def is_stranger(self, text: str) -> bool:
        """Whether the text is in another language."""
        return self.likelihood(text) < self.border

    def likelihood(self, text: str) -> float:
        """The mean logarithm of the likelihood of its triples of letters."""
        found = _triples(_letters(text)[:LONGEST])
        return float(self.table[found].mean()) if len(found) else 0.0


def _mean(table: np.ndarray, texts: Sequence[str]) -> float:
    found = [table[_triples(text[:WINDOW])].mean() for text in texts if len(text) > 2]
    return float(np.mean(found))


def _letters(text: str) -> str:
    return NOT_LETTERS.sub(" ", text.lower())


def _triples(text: str) -> np.ndarray:
    points = np.frombuffer(text.encode("utf-32-le", "replace"), dtype="<u4").astype("u8")
    mixed = points[:-2] * 0x9E3779B1 ^ points[1:-1] * 0x85EBCA77 ^ points[2:] * 0xC2B2AE3D
    return (mixed ^ mixed >> np.uint64(17)) % SIZE
