"""A profile of the language's letter trigrams: how far a text is from the language's own texts.

The profile is one table of log probabilities, indexed by a hash of three letters, so that a text
takes about 20 microseconds. Its threshold for one text lies between the mean log-likelihoods of
English and of texts of the language that were held out from learning. That for a whole run is much
closer to the latter.
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
# A run is far from the language if its mean is so much lower than that of held-out texts. Related
# languages in the Universal Declaration of Human Rights are 0.7 to 3 lower.
RUN_NATS, RUN_STANDARD_DEVIATIONS = 0.6, 2.0


@dataclass(frozen=True)
class TrigramProfile:
    """Log probabilities by hash, and the means below which a text, or a run, is too far."""

    table: np.ndarray
    threshold: float
    run_threshold: float

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
        held_out = _means(table, own[1::2])
        english = _means(table, [_letters(text) for text in islice(english_texts, len(own))])
        if not len(held_out) or not len(english):
            return None
        own_mean, deviation = float(held_out.mean()), float(held_out.std())
        return cls(
            table,
            own_mean - THRESHOLD * (own_mean - float(english.mean())),
            own_mean - max(RUN_NATS, RUN_STANDARD_DEVIATIONS * deviation),
        )

    def is_other_language(self, text: str) -> bool:
        """Whether the text is in another language."""
        return self.log_likelihood(text) < self.threshold

    def is_far(self, mean: float) -> bool:
        """Whether a run whose texts have this mean log-likelihood is not in the language."""
        return mean < self.run_threshold

    def log_likelihood(self, text: str) -> float:
        """Return the mean log probability of a text's trigrams."""
        trigrams = _trigrams(_letters(text)[:CHECKED_LETTERS])
        return float(self.table[trigrams].mean()) if len(trigrams) else 0.0


def _means(table: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    return np.array(
        [table[_trigrams(text[:HELD_OUT_LETTERS])].mean() for text in texts if len(text) > 2]
    )


def _letters(text: str) -> str:
    return str(NOT_LETTERS.sub(" ", text.lower()))


def _trigrams(text: str) -> np.ndarray:
    points = np.frombuffer(text.encode("utf-32-le", "replace"), dtype="<u4").astype("u8")
    mixed = points[:-2] * 0x9E3779B1 ^ points[1:-1] * 0x85EBCA77 ^ points[2:] * 0xC2B2AE3D
    return np.asarray((mixed ^ mixed >> np.uint64(17)) % TABLE_SIZE)
