"""The figures are sacrebleu's, and the statistics say what they should of systems that we know."""

from __future__ import annotations

import random

import numpy as np
import pytest
import sacrebleu

from recipes.evaluate.metrics import (
    accuracy,
    accuracy_statistics,
    chrf,
    chrf_signature,
    chrf_statistics,
    compare,
)

REFERENCES = ["La hundo kuras en la parko.", "Ŝi (ne) venis hieraŭ!", "Bone.", "Kio estas tio?", ""]
OUTPUTS = ["La hundo kuris en parko", "Ŝi venis, hieraŭ", "", "Kio estas tio?", "Io"]


def noisy(texts: list[str], rate: float, seed: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join("#" if rng.random() < rate else letter for letter in text) for text in texts]


def test_chrf_equals_sacrebleu_on_the_corpus_and_on_any_part_of_it() -> None:
    statistics = chrf_statistics(OUTPUTS, REFERENCES)
    for rows in ([0, 1, 2, 3, 4], [0], [2], [4], [1, 1, 3], [2, 4]):
        expected = sacrebleu.corpus_chrf(
            [OUTPUTS[row] for row in rows], [[REFERENCES[row] for row in rows]], word_order=2
        ).score
        assert float(chrf(statistics[rows].sum(axis=0))) == pytest.approx(expected, abs=1e-9)


def test_the_signature_names_what_was_measured() -> None:
    assert "nw:2" in chrf_signature() and f"version:{sacrebleu.__version__}" in chrf_signature()


def test_a_system_does_not_differ_from_itself() -> None:
    statistics = chrf_statistics(OUTPUTS, REFERENCES)
    result = compare(chrf, statistics, statistics, samples=500, seed=1)
    assert result.difference.value == result.difference.low == result.difference.high == 0
    assert result.p == 1 and not result.significant


def test_a_clearly_better_system_is_called_so_and_its_interval_holds_its_score() -> None:
    references = [f"La viro numero {i} vidas {i % 7} katojn en la domo." for i in range(200)]
    base = chrf_statistics(noisy(references, 0.5, 1), references)
    adapter = chrf_statistics(noisy(references, 0.1, 2), references)
    result = compare(chrf, base, adapter, samples=1000, seed=1)
    assert result.significant and result.p < 0.01
    assert result.difference.low > 0
    assert result.base.low < result.base.value < result.base.high
    assert result.adapter.value - result.base.value == pytest.approx(result.difference.value)


def test_chance_differences_are_called_significant_about_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(3)
    called = 0
    for trial in range(200):
        right = rng.random((2, 100)) < 0.5
        result = compare(accuracy, *map(accuracy_statistics, right), samples=300, seed=trial)
        called += result.significant
    assert 2 <= called <= 22


def test_accuracy_interval_agrees_with_the_binomial() -> None:
    right = np.arange(400) % 4 == 0
    result = compare(accuracy, accuracy_statistics(right), accuracy_statistics(right), 2000, seed=1)
    half = 1.96 * (0.25 * 0.75 / 400) ** 0.5
    assert result.base.value == 0.25
    assert result.base.low == pytest.approx(0.25 - half, abs=0.006)
    assert result.base.high == pytest.approx(0.25 + half, abs=0.006)
