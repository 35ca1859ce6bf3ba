"""A profile of letter trigrams for languages that no library identifies.

The profile is one table of log probabilities, indexed by a hash of three letters, so that a text
takes about 20 microseconds. Its threshold lies between the mean log-likelihoods of English and of
texts of the language that were held out from learning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import regex

NOT_LETTERS = regex.compile(r"[^\p{L}\p{M}]+")
TABLE_SIZE = 1 << 16
SMOOTHING = 0.05
HELD_OUT_LETTERS = 200  # of each text that the threshold is measured on
CHECKED_LETTERS = 1_000  # of a text
THRESHOLD = 0.6  # of the distance from the language's own texts to English


@dataclass(frozen=True)
class TrigramProfile:
    """Log probabilities by hash, and the mean below which a text is in another language."""

    table: np.ndarray
    threshold: float

    @classmethod
    def learn(
        cls, own_texts: Sequence[str], english_texts: Sequence[str], min_letters: int
    ) -> TrigramProfile | None:
        """Learn from texts of the language; return None if they have too few letters in total."""
        own = [_letters(text) for text in own_texts]
        if sum(map(len, own)) < min_letters or len(own) < 4:
            return None
        counts = np.zeros(TABLE_SIZE)
        for text in own[::2]:
            np.add.at(counts, _trigrams(text), 1)
        table = np.log((counts + SMOOTHING) / (counts.sum() + SMOOTHING * TABLE_SIZE)).astype("f4")
        own_mean = _mean(table, own[1::2])
        english = [_letters(text) for text in islice(english_texts, len(own))]
        english_mean = _mean(table, english)
        return cls(table, own_mean - THRESHOLD * (own_mean - english_mean))

    def is_other_language(self, text: str) -> bool:
        """Whether the text is in another language."""
        return self.log_likelihood(text) < self.threshold

    def log_likelihood(self, text: str) -> float:
        """Return the mean log probability of a text's trigrams."""
        trigrams = _trigrams(_letters(text)[:CHECKED_LETTERS])
        return float(self.table[trigrams].mean()) if len(trigrams) else 0.0


def _mean(table: np.ndarray, texts: Sequence[str]) -> float:
    means = [table[_trigrams(text[:HELD_OUT_LETTERS])].mean() for text in texts if len(text) > 2]
    return float(np.mean(means))


def _letters(text: str) -> str:
    return str(NOT_LETTERS.sub(" ", text.lower()))


def _trigrams(text: str) -> np.ndarray:
    points = np.frombuffer(text.encode("utf-32-le", "replace"), dtype="<u4").astype("u8")
    mixed = points[:-2] * 0x9E3779B1 ^ points[1:-1] * 0x85EBCA77 ^ points[2:] * 0xC2B2AE3D
    return np.asarray((mixed ^ mixed >> np.uint64(17)) % TABLE_SIZE)
