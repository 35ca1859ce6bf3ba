"""The gates on 40,000 planted faults and as many clean rows, in many languages and scripts.

Run with `pytest tests/bench/test_planted_faults.py -s`; prints the shares of faults that are caught
and of clean rows that are dropped, and the speed. Near-duplicates and benchmark texts are planted
in whole datasets, because they cannot be found in single rows.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from random import Random

from recipes.generate.dedup.decontamination import Benchmarks, NgramSettings
from recipes.generate.dedup.minhash import MinhashSettings, NearDuplicates
from recipes.generate.gates import first_reason
from recipes.generate.schema import Message, Row
from tests.recipes.generate.gates import planted_faults

COUNT = 40_000


def test_planted_faults_are_caught_and_clean_rows_kept() -> None:
    rng = Random(20260120)
    missed, wrong = Counter[str](), Counter[tuple[str, str]]()
    for name, code, draft in planted_faults.planted(rng, COUNT):
        missed[name] += first_reason(draft, planted_faults.gates_of(code)) is None
    codes = planted_faults.targets()
    drafts = [(code, planted_faults.clean(rng, code)) for code in rng.choices(codes, k=COUNT)]
    started_at = time.process_time()
    for code, draft in drafts:
        if reason := first_reason(draft, planted_faults.gates_of(code)):
            wrong[reason, code] += 1
    spent = time.process_time() - started_at
    caught, false = 1 - missed.total() / COUNT, wrong.total() / COUNT
    print(f"\ncaught {caught:.3%} of {COUNT} faults, dropped {false:.3%} of {COUNT} clean rows")
    print(f"missed {dict(+missed)}, wrongly dropped {dict(wrong)}")
    print(f"{len(codes)} languages; gates take {spent / COUNT * 1e6:.0f} us of CPU per row")
    assert caught >= 0.995
    assert false <= 0.005


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
