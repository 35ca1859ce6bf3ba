"""Compute scores with confidence intervals: chrF++, BLEU, means, and paired comparisons. Pure.

Every metric is a function of sums over items, so a resample is one matrix product: items are drawn
with replacement, with the same draws for all systems (Koehn, 2004). Right and wrong answers are
compared by McNemar's exact test, other scores by the paired bootstrap, and several tests of one
claim are corrected by Holm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recipes.core.errors import UserError

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

Array: TypeAlias = NDArray[np.float64]
ScoreFunction = Callable[[Array], Array]  # sums of statistics (…, k) → scores (…)
CONFIDENCE = 0.95  # of every published interval; the results schema says so, too
DRAWS_AT_ONCE = 100  # keeps a resample of 14,000 items under 12 MB
BOOTSTRAP, MCNEMAR = "paired bootstrap", "McNemar exact"


@dataclass(frozen=True)
class Interval:
    """A value and its percentile bootstrap confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same items; `p` is two-sided, of the named test, and not corrected."""

    base: Interval
    adapter: Interval
    difference: Interval
    p: float
    test: str = BOOTSTRAP


def compare(
    score: ScoreFunction, base: Array, adapter: Array, samples: int, seed: int
) -> Comparison:
    """Compare two (items, k) matrices of statistics by the paired bootstrap."""
    draws = _resample(np.stack([base, adapter]), samples, seed)
    scores = score(draws)  # (2, samples)
    exact = score(np.stack([base.sum(axis=0), adapter.sum(axis=0)]))
    differences = scores[1] - scores[0]
    return Comparison(
        base=_interval(float(exact[0]), scores[0]),
        adapter=_interval(float(exact[1]), scores[1]),
        difference=_interval(float(exact[1] - exact[0]), differences),
        p=_two_sided(differences),
    )


def score_interval(score: ScoreFunction, system: Array, samples: int, seed: int) -> Interval:
    """Score one system, with the draws that `compare` makes from the same seed."""
    scores = score(_resample(system[None], samples, seed))[0]
    return _interval(float(score(system.sum(axis=0))), scores)


def mcnemar(base: Array, adapter: Array) -> float:
    """Return the exact two-sided p of McNemar's test for vectors of right (1) and wrong (0)."""
    lost = int(((base == 1) & (adapter == 0)).sum())
    won = int(((base == 0) & (adapter == 1)).sum())
    tail = sum(math.comb(lost + won, count) for count in range(min(lost, won) + 1))
    return min(1.0, tail / 2 ** (lost + won - 1)) if lost + won else 1.0


def holm(ps: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p values (1979), in the given order."""
    adjusted, largest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = largest
    return adjusted


def is_significant(p: float) -> bool:
    """Return whether a (corrected) p is below 0.05."""
    return p < 1 - CONFIDENCE


def mean(sums: Array) -> Array:
    """Return the mean of the items' values: accuracy from 0 to 1, or a neural metric's score."""
    return np.asarray(sums[..., 0] / sums[..., 1])


def mean_statistics(values: Sequence[float]) -> Array:
    """Return (items, 2): the value of each item, and 1."""
    return np.column_stack([np.asarray(values, dtype=np.float64), np.ones(len(values))])


def chrf(sums: Array) -> Array:
    """Return corpus chrF++ (0 to 100) from summed n-gram counts, by sacrebleu's formula.

    The last axis holds (hypothesis, reference, matches) of each order, as in
    `sacrebleu.metrics.CHRF`; orders that one side lacks are not part of the average.
    """
    counts = sums.reshape(*sums.shape[:-1], -1, 3)
    hypothesis, reference, matches = counts[..., 0], counts[..., 1], counts[..., 2]
    counted = (hypothesis > 0) & (reference > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = (counted * matches / np.maximum(hypothesis, 1)).sum(axis=-1) / orders
    recall = (counted * matches / np.maximum(reference, 1)).sum(axis=-1) / orders
    weight = 4.0  # beta 2, squared
    denominator = weight * precision + recall
    numerator = 100 * (1 + weight) * precision * recall
    score: Array = np.divide(
        numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0
    )
    return score


def chrf_statistics(
    outputs: Sequence[str], references: Sequence[str], word_order: int = 2
) -> Array:
    """Return (items, 24): sacrebleu's counts of character 1- to 6-grams, word 1- and 2-grams.

    With `word_order=0`, chrF's (items, 18).
    """
    counts = _chrf(word_order)._extract_corpus_statistics(list(outputs), [list(references)])
    return np.asarray(counts, dtype=np.float64)


def chrf_signature() -> str:
    """Return sacrebleu's signature of this chrF++, to be published with every score."""
    metric = _chrf()
    metric.corpus_score(["a"], [["a"]])
    return str(metric.get_signature())


def bleu(sums: Array) -> Array:
    """Return corpus BLEU (0 to 100) from summed n-gram counts, by sacrebleu's formula.

    The last axis holds the two lengths, the matches and the totals of 1- to 4-grams. The first
    order without a match counts as half a match, the second as a quarter … ("exp" smoothing).
    """
    hypothesis, reference = sums[..., 0], sums[..., 1]
    matches, totals = sums[..., 2:6], sums[..., 6:10]
    missed = (matches == 0) & (totals > 0)
    smooth = np.where(missed, 0.5 ** missed.cumsum(axis=-1), matches)
    precision = np.divide(smooth, totals, out=np.zeros_like(smooth), where=totals > 0)
    has_matches = (totals > 0).all(axis=-1) & (matches > 0).any(axis=-1)
    logs = np.log(np.where(precision > 0, precision, 1.0)).mean(axis=-1)
    ratio = np.divide(reference, hypothesis, out=np.ones_like(reference), where=hypothesis > 0)
    score: Array = np.where(has_matches, 100 * np.exp(logs + np.minimum(0.0, 1 - ratio)), 0.0)
    return score


def bleu_statistics(outputs: Sequence[str], references: Sequence[str], tokenize: str) -> Array:
    """Return (items, 10): sacrebleu's lengths, matches and totals."""
    counts = _bleu(tokenize)._extract_corpus_statistics(list(outputs), [list(references)])
    return np.asarray(counts, dtype=np.float64)


def bleu_signature(tokenize: str) -> str:
    """Return sacrebleu's signature of this BLEU."""
    metric = _bleu(tokenize)
    metric.corpus_score(["a"], [["a"]])
    return str(metric.get_signature())


def _chrf(word_order: int = 2) -> CHRF:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(word_order=word_order)


def _bleu(tokenize: str) -> BLEU:
    from sacrebleu.metrics.bleu import BLEU

    if tokenize not in BLEU.TOKENIZERS:
        names = ", ".join(BLEU.TOKENIZERS)
        raise UserError(f"sacrebleu has the tokenizers {names}, not {tokenize!r}.")
    return BLEU(tokenize=tokenize)


def _resample(statistics: Array, samples: int, seed: int) -> Array:
    """Return (systems, samples, k): sums over items drawn with replacement."""
    rng = np.random.default_rng(seed)
    items = statistics.shape[1]
    parts = []
    for start in range(0, samples, DRAWS_AT_ONCE):
        count = min(DRAWS_AT_ONCE, samples - start)
        weights = rng.multinomial(items, np.full(items, 1 / items), size=count)
        parts.append(weights.astype(np.float64) @ statistics)
    return np.concatenate(parts, axis=1)


def _interval(value: float, draws: Array) -> Interval:
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, float(low), float(high))


def _two_sided(differences: Array) -> float:
    """Return twice the share of resamples that contradict the sign of the difference, above 0."""
    below, above = int((differences <= 0).sum()), int((differences >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(differences) + 1))
