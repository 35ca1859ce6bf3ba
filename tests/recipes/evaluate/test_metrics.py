"""Scores equal sacrebleu's, and tests and intervals are right for known systems."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sacrebleu

from recipes.core.errors import UserError
from recipes.evaluate.metrics import (
    bleu,
    bleu_signature,
    bleu_statistics,
    chrf,
    chrf_signature,
    chrf_statistics,
    compare,
    holm,
    is_significant,
    mcnemar,
    mean,
    mean_statistics,
    score_interval,
)

REFERENCES = ["La hundo kuras en la parko.", "Ŝi (ne) venis hieraŭ!", "Bone.", "Kio estas tio?", ""]
OUTPUTS = ["La hundo kuris en parko", "Ŝi venis, hieraŭ", "", "Kio estas tio?", "Io"]
PARTS = ([0, 1, 2, 3, 4], [0], [2], [4], [1, 1, 3], [2, 4])


def noisy(texts: list[str], rate: float, seed: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join("#" if rng.random() < rate else letter for letter in text) for text in texts]


@pytest.mark.parametrize("rows", PARTS)
def test_chrf_and_bleu_equal_sacrebleu_on_any_part_of_a_corpus(rows: list[int]) -> None:
    outputs, references = ([texts[row] for row in rows] for texts in (OUTPUTS, REFERENCES))
    expected = sacrebleu.corpus_chrf(outputs, [references], word_order=2).score
    statistics = chrf_statistics(OUTPUTS, REFERENCES)
    assert float(chrf(statistics[rows].sum(axis=0))) == pytest.approx(expected, abs=1e-9)
    for tokenize in ("13a", "char"):
        expected = sacrebleu.corpus_bleu(outputs, [references], tokenize=tokenize).score
        statistics = bleu_statistics(OUTPUTS, REFERENCES, tokenize)
        assert float(bleu(statistics[rows].sum(axis=0))) == pytest.approx(expected, abs=1e-9)


def test_scores_and_signatures_equal_those_of_sacrebleu_s_command_line(tmp_path: Path) -> None:
    references = [f"La viro numero {i} vidas {i % 7} katojn en la domo." for i in range(60)]
    outputs = noisy(references, 0.15, 4)
    for name, texts in (("reference", references), ("output", outputs)):
        (tmp_path / name).write_text("\n".join(texts) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", "reference", "-i", "output", "-m", "bleu", "chrf"]
    more = ["--chrf-word-order", "2", "-w", "4", "-f", "text"]
    done = subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True)
    lines = [line.strip().partition(" = ") for line in done.stdout.splitlines()]
    theirs = {name: value for name, _, value in lines}
    ours = {
        f"BLEU|{bleu_signature('13a')}": bleu(bleu_statistics(outputs, references, "13a").sum(0)),
        f"chrF2++|{chrf_signature()}": chrf(chrf_statistics(outputs, references).sum(0)),
    }
    assert len(theirs) == 2, done.stderr
    for name, value in ours.items():
        assert theirs[name].split()[0] == f"{float(value):.4f}"


def test_signatures_name_version_and_tokenizer() -> None:
    assert "nw:2" in chrf_signature() and f"version:{sacrebleu.__version__}" in chrf_signature()
    assert "tok:char" in bleu_signature("char")
    with pytest.raises(UserError, match="not 'spaces'"):
        bleu_signature("spaces")


def test_a_system_does_not_differ_from_itself() -> None:
    statistics = chrf_statistics(OUTPUTS, REFERENCES)
    result = compare(chrf, statistics, statistics, samples=500, seed=1)
    assert result.difference.value == result.difference.low == result.difference.high == 0
    assert result.p == 1 and not is_significant(result.p)


def test_a_better_system_is_significantly_better_and_inside_its_interval() -> None:
    references = [f"La viro numero {i} vidas {i % 7} katojn en la domo." for i in range(200)]
    base = chrf_statistics(noisy(references, 0.5, 1), references)
    adapter = chrf_statistics(noisy(references, 0.1, 2), references)
    result = compare(chrf, base, adapter, samples=1000, seed=1)
    assert result.p < 0.01
    assert result.difference.low > 0
    assert result.base.low < result.base.value < result.base.high
    assert result.adapter.value - result.base.value == pytest.approx(result.difference.value)


def test_bootstrap_calls_chance_significant_at_its_rate() -> None:
    rng = np.random.default_rng(3)
    significant = 0
    for trial in range(200):
        correct = rng.random((2, 100)) < 0.5
        result = compare(mean, *map(mean_statistics, correct), samples=300, seed=trial)
        significant += is_significant(result.p)
    assert 2 <= significant <= 22


def test_accuracy_interval_agrees_with_the_binomial() -> None:
    statistics = mean_statistics(np.arange(400) % 4 == 0)
    result = compare(mean, statistics, statistics, 2000, seed=1)
    half = 1.96 * (0.25 * 0.75 / 400) ** 0.5
    assert result.base.value == 0.25
    assert result.base.low == pytest.approx(0.25 - half, abs=0.006)
    assert result.base.high == pytest.approx(0.25 + half, abs=0.006)
    assert score_interval(mean, statistics, 2000, seed=1) == result.base


def test_mcnemar_is_the_exact_binomial_of_discordant_pairs() -> None:
    from scipy.stats import binomtest

    rng = np.random.default_rng(5)
    for size, rate in ((5, 0.5), (40, 0.6), (900, 0.53)):
        base, adapter = (rng.random(size) < share for share in (0.5, rate))
        lost, won = int((base & ~adapter).sum()), int((~base & adapter).sum())
        expected = binomtest(min(lost, won), lost + won).pvalue
        assert mcnemar(base * 1.0, adapter * 1.0) == pytest.approx(expected)
    assert mcnemar(base * 1.0, base * 1.0) == 1


def test_mcnemar_calls_chance_significant_at_most_at_its_rate() -> None:
    rng = np.random.default_rng(7)
    pairs = (rng.random((2, 100)) < 0.5 for _ in range(300))
    assert sum(is_significant(mcnemar(*(pair * 1.0))) for pair in pairs) <= 15


def test_holm_multiplies_the_smallest_most_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.02]) == [0.02] and holm([]) == []
    assert holm([0.9, 0.8]) == [1, 1]
