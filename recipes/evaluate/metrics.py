"""Scores and how sure they are: chrF++, accuracy, and the paired bootstrap between two systems.

Both metrics are functions of sums over items, so a resample is one matrix product: items are drawn
with replacement, the same draw for both systems (Koehn 2004). Numbers in, numbers out: no model, no
files, no Hub.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF

Array: TypeAlias = NDArray[np.float64]
Value = Callable[[Array], Array]  # sums of statistics (…, k) → scores (…)
CONFIDENCE = 0.95  # what every published interval means; the results schema says so too
DRAWS_AT_ONCE = 100  # keeps a resample of 14,000 items under 12 MB


@dataclass(frozen=True)
class Interval:
    """A value and its percentile bootstrap confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same items; `p` is two-sided, from the same resamples as the intervals."""

    base: Interval
    adapter: Interval
    difference: Interval
    p: float
    significant: bool


def compare(value: Value, base: Array, adapter: Array, samples: int, seed: int) -> Comparison:
    """Paired bootstrap of two (items, k) matrices of statistics, reproducible from the seed."""
    draws = _resample(np.stack([base, adapter]), samples, seed)
    scores = value(draws)  # (2, samples)
    exact = value(np.stack([base.sum(axis=0), adapter.sum(axis=0)]))
    differences = scores[1] - scores[0]
    p = _two_sided(differences)
    return Comparison(
        base=_interval(float(exact[0]), scores[0]),
        adapter=_interval(float(exact[1]), scores[1]),
        difference=_interval(float(exact[1] - exact[0]), differences),
        p=p,
        significant=p < 1 - CONFIDENCE,
    )


def accuracy(sums: Array) -> Array:
    """Right answers over items, 0 to 1."""
    return np.asarray(sums[..., 0] / sums[..., 1])


def accuracy_statistics(right: Sequence[bool]) -> Array:
    """(items, 2): right or not, and one."""
    return np.column_stack([np.asarray(right, dtype=np.float64), np.ones(len(right))])


def chrf(sums: Array) -> Array:
    """Corpus chrF++ from summed n-gram counts, 0 to 100: sacrebleu's formula for whole arrays.

    The last axis holds (hypothesis, reference, matches) of each order, as in
    `sacrebleu.metrics.CHRF`; orders that one side lacks are left out of the average.
    """
    counts = sums.reshape(*sums.shape[:-1], -1, 3)
    hypothesis, reference, matches = counts[..., 0], counts[..., 1], counts[..., 2]
    counted = (hypothesis > 0) & (reference > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = (counted * matches / np.maximum(hypothesis, 1)).sum(axis=-1) / orders
    recall = (counted * matches / np.maximum(reference, 1)).sum(axis=-1) / orders
    weight = 4.0  # beta 2, squared
    below = weight * precision + recall
    above = 100 * (1 + weight) * precision * recall
    score: Array = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return score


def chrf_statistics(outputs: Sequence[str], references: Sequence[str]) -> Array:
    """(items, 24): sacrebleu's own counts of character 1- to 6-grams and word 1- and 2-grams."""
    counts = _chrf()._extract_corpus_statistics(list(outputs), [list(references)])
    return np.asarray(counts, dtype=np.float64)


def chrf_signature() -> str:
    """sacrebleu's signature of the chrF++ used here, to be printed with every score."""
    metric = _chrf()
    metric.corpus_score(["a"], [["a"]])
    return str(metric.get_signature())


def _chrf() -> CHRF:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(word_order=2)


def _resample(statistics: Array, samples: int, seed: int) -> Array:
    """(systems, samples, k): sums over items drawn with replacement, alike for all systems."""
    rng = np.random.default_rng(seed)
    items = statistics.shape[1]
    parts = []
    for start in range(0, samples, DRAWS_AT_ONCE):
        count = min(DRAWS_AT_ONCE, samples - start)
        times = rng.multinomial(items, np.full(items, 1 / items), size=count)
        parts.append(times.astype(np.float64) @ statistics)
    return np.concatenate(parts, axis=1)


def _interval(value: float, draws: Array) -> Interval:
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, float(low), float(high))


def _two_sided(differences: Array) -> float:
    """How often a resample contradicts the sign of the difference, twice; never quite zero."""
    below, above = int((differences <= 0).sum()), int((differences >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(differences) + 1))
