"""Compute scores from sums over items: chrF++, BLEU and means. Pure.

Output and reference are compared in one Unicode form: what differs only in its encoding is equal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from recipes.core.errors import Unworkable
from recipes.evaluate.intervals import Array

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

NORMAL_FORM: Literal["NFC"] = "NFC"  # of outputs and references, said beside the signature


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
    counts = _chrf(word_order)._extract_corpus_statistics(
        _normalised(outputs), [_normalised(references)]
    )
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
    counts = _bleu(tokenize)._extract_corpus_statistics(
        _normalised(outputs), [_normalised(references)]
    )
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
        raise Unworkable(f"sacrebleu has the tokenizers {names}, not {tokenize!r}.")
    return BLEU(tokenize=tokenize)


def _normalised(texts: Sequence[str]) -> list[str]:
    return [unicodedata.normalize(NORMAL_FORM, text) for text in texts]
