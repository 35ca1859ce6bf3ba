"""Forty thousand planted faults and as many clean rows, in forty languages and eighteen scripts.

Near-duplicates and benchmark texts are planted in whole datasets, since only there they show.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from random import Random

from recipes.generate.dedup.decontamination import Benchmarks, Size
from recipes.generate.dedup.minhash import MinhashSettings, Near
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
    began = time.process_time()
    for code, draft in drafts:
        if reason := first_reason(draft, planted_faults.gates_of(code)):
            wrong[reason, code] += 1
    spent = time.process_time() - began
    caught, false = 1 - missed.total() / COUNT, wrong.total() / COUNT
    print(f"\ncaught {caught:.3%} of {COUNT} faults, dropped {false:.3%} of {COUNT} clean rows")
    print(f"missed {dict(+missed)}, wrongly dropped {dict(wrong)}")
    print(f"{len(codes)} languages; gates take {spent / COUNT * 1e6:.0f} us of processor a row")
    assert caught >= 0.995
    assert false <= 0.005


def _rows(rng: Random, count: int) -> list[Row]:
    words = [
        f"{a}{b}{c}" for a in "bcdfghjklmnprstvz" for b in ("ar", "o", "usti") for c in "aeiou"
    ]
    rows = []
    for number in range(count):
        asked, said = (" ".join(rng.choices(words, k=size)) for size in (15, 80))
        turns = (Message(role="user", content=asked), Message(role="assistant", content=said))
        rows.append(Row(("topics", "scenarios")[number % 2], str(number), "t", turns))
    return rows


def test_planted_near_duplicates_and_benchmark_texts(tmp_path: Path) -> None:
    rng, count = Random(5), 20_000
    rows = _rows(rng, count)
    known = [row.turns[1]["content"] for row in _rows(rng, 2_000)]
    plain = len(rows)
    for row in rng.sample(rows[:plain], 2_000):
        asked, said = (turn["content"].split() for turn in row.turns)
        said[rng.randrange(len(said))] = "alia"
        turns = (
            Message(role="user", content=" ".join(asked)),
            Message(role="assistant", content=" ".join(said)),
        )
        rows.append(Row("topics", "d", "t", turns))
    began = time.process_time()
    near = Near(MinhashSettings(0.8, 5, 16, 4), tmp_path / "signatures")
    for row in rows:
        near.add(row)
    found = near.found(rows.__getitem__)
    spent = time.process_time() - began
    caught = sum(place >= plain for place in found) / 2_000
    print(f"\nnear-duplicates: {caught:.2%} of 2000, {len(found) - 2_000 * caught:.0f} wrong,")
    print(f"  {len(rows) / spent:.0f} rows/s of processor")

    benchmarks = Benchmarks([("b", known)], Size(8, 24, 8), "Latn")
    began = time.process_time()
    wrong = sum(benchmarks.overlaps(rows[:plain]))
    spent = time.process_time() - began
    planted = []
    for text in known:
        run = " ".join(text.split()[20:28])
        turns = (
            Message(role="user", content="?"),
            Message(role="assistant", content=f"Jen: {run}."),
        )
        planted.append(Row("topics", "b", "t", turns))
    dirty = sum(benchmarks.overlaps(planted))
    print(f"benchmark texts: {dirty} of {len(known)}, {wrong} wrong, {plain / spent:.0f} rows/s")
    assert caught >= 0.995 and dirty == len(known) and wrong == 0
