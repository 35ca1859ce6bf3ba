"""The gates on 40,000 planted faults and as many clean rows, in many languages and scripts.

Run with `pytest tests/bench/test_planted_faults.py -s`; prints the shares of faults that are caught
and of clean rows that are dropped, and the speed. The clean rows are made of human text.
Near-duplicates and benchmark texts are planted in whole datasets, because they cannot be found in
single rows.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from recipes.core import language
from recipes.generate.dedup.decontamination import Benchmarks, NgramSettings
from recipes.generate.dedup.minhash import MinhashSettings, NearDuplicates
from recipes.generate.gates import build_gates, first_reason
from recipes.generate.gates.language_id import build_identifier
from recipes.generate.gates.trigrams import TrigramProfile
from recipes.generate.schema import ENGLISH, Message, Row
from tests.bench.human_text import OF_THE_PAPER, PROFILE_LETTERS, articles, closed, paragraphs
from tests.recipes.generate.gates import planted_faults
from tests.recipes.generate.gates.planted_faults import SETTINGS

COUNT = 40_000
SHORT_ARTICLES = (0, 2, 3, 4, 5, 8)


def test_planted_faults_are_caught() -> None:
    missed = Counter[str]()
    for name, code, draft in planted_faults.planted(Random(20260120), COUNT):
        missed[name] += first_reason(draft, planted_faults.gates_of(code)) is None
    caught = 1 - missed.total() / COUNT
    print(f"\ncaught {caught:.3%} of {COUNT} faults, missed {dict(+missed)}")
    assert caught >= 0.999


def test_clean_rows_of_human_text_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles with code, quotations, lists, names and formulas around them pass all gates."""
    names, rng, wrong = {**OF_THE_PAPER, ENGLISH: "eng"}, Random(3), Counter[tuple[str, str]]()
    texts = {
        code: tuple(closed(articles(name)[at]) for at in SHORT_ARTICLES)
        for code, name in names.items()
    }
    monkeypatch.setattr(planted_faults, "sentences", lambda: texts)
    spent = 0.0
    for code, name in OF_THE_PAPER.items():
        known, own = language.get(code), paragraphs(name)[::2]
        profile = TrigramProfile.learn(own, paragraphs("eng"), PROFILE_LETTERS)
        gates = build_gates(SETTINGS, known, build_identifier(known, own, profile))
        drafts = [planted_faults.clean(rng, code) for _ in range(COUNT // len(OF_THE_PAPER))]
        started_at = time.process_time()
        reasons = [first_reason(draft, gates) for draft in drafts]
        spent += time.process_time() - started_at
        wrong.update((code, reason) for reason in reasons if reason)
    count = COUNT // len(OF_THE_PAPER) * len(OF_THE_PAPER)
    print(f"\ndropped {wrong.total()} of {count} clean rows in {len(OF_THE_PAPER)} languages:")
    print(f"  {dict(wrong)}; gates take {spent / count * 1e6:.0f} us of CPU per row")
    assert wrong.total() <= 0.001 * count


def _rows(rng: Random, count: int) -> list[Row]:
    words = [
        f"{a}{b}{c}" for a in "bcdfghjklmnprstvz" for b in ("ar", "o", "usti") for c in "aeiou"
    ]
    rows = []
    for number in range(count):
        question, answer = (" ".join(rng.choices(words, k=size)) for size in (15, 80))
        turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
        rows.append(Row(("topics", "scenarios")[number % 2], str(number), "t", turns))
    return rows


def test_planted_near_duplicates_and_benchmark_texts(tmp_path: Path) -> None:
    rng, count = Random(5), 20_000
    rows = _rows(rng, count)
    benchmark_texts = [row.turns[1]["content"] for row in _rows(rng, 2_000)]
    originals = len(rows)
    for row in rng.sample(rows[:originals], 2_000):
        question, answer = (turn["content"].split() for turn in row.turns)
        answer[rng.randrange(len(answer))] = "alia"
        turns = (
            Message(role="user", content=" ".join(question)),
            Message(role="assistant", content=" ".join(answer)),
        )
        rows.append(Row("topics", "d", "t", turns))
    started_at = time.process_time()
    near = NearDuplicates(MinhashSettings(0.8, 5, 16, 4), tmp_path / "signatures")
    for row in rows:
        near.add(row)
    found = near.find(rows.__getitem__)
    spent = time.process_time() - started_at
    caught = sum(place >= originals for place in found) / 2_000
    print(f"\nnear-duplicates: {caught:.2%} of 2000, {len(found) - 2_000 * caught:.0f} wrong,")
    print(f"  {len(rows) / spent:.0f} rows per CPU second")

    benchmarks = Benchmarks([("b", benchmark_texts)], NgramSettings(8, 24, 8), "Latn")
    started_at = time.process_time()
    wrong = sum(benchmarks.overlaps(rows[:originals]))
    spent = time.process_time() - started_at
    planted = []
    for text in benchmark_texts:
        run = " ".join(text.split()[20:28])
        turns = (
            Message(role="user", content="?"),
            Message(role="assistant", content=f"Jen: {run}."),
        )
        planted.append(Row("topics", "b", "t", turns))
    contaminated = sum(benchmarks.overlaps(planted))
    print(
        f"benchmark texts: {contaminated} of {len(benchmark_texts)}, {wrong} wrong, "
        f"{originals / spent:.0f} rows/s"
    )
    assert caught >= 0.995 and contaminated == len(benchmark_texts) and wrong == 0
