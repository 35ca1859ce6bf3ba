"""Answers of earlier runs are read back from `outputs.jsonl`, whichever schema wrote it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from recipes.evaluate import publish, schema
from recipes.evaluate.backends.transformers_lm import Said
from recipes.evaluate.response_cache import read, recall
from recipes.evaluate.significance import Outputs
from tests.recipes.evaluate.test_markdown import HOSTILE, OURS, choice, translation

OLD_OUTPUTS = Path(__file__).parents[2] / "data" / "old_schemas" / "results" / "outputs.jsonl"


def test_answers_survive_to_the_last_digit_and_broken_lines_are_skipped() -> None:
    task, way = choice(size=2), translation()
    likely: Outputs = [[-0.1 - 1e-12, -1 / 3], [-2.0, -1.0]]
    said: Outputs = [Said(f"{HOSTILE} {n}", n % 2 == 0) for n in range(12)]
    lines = schema.outputs(OURS[0], task, "k1", likely, {}) + schema.outputs(
        OURS[1], way, "k2", said, {}
    )
    broken = '{"cache_key": "k1", "id": "0"}\n[]\nnot json\n{"id": 1}\n'
    kept = read(publish.jsonl(lines).decode() + broken)
    assert recall(kept, "k1", task) == likely and recall(kept, "k2", way) == said
    assert recall(kept, "k3", task) is None
    more = replace(task, items=(*task.items, replace(task.items[0], id="new")))
    assert recall(kept, "k1", more) is None


def test_answers_of_the_schema_before_are_read() -> None:
    kept = read(OLD_OUTPUTS.read_text("utf-8"))
    assert len(kept) == 12 and {len(answers) for answers in kept.values()} == {3}
    assert kept["05c3ece5a9e127b4"]["0"] == Said("the telescopes.", True)
    assert kept["2b61f1604a499a3a"]["practice://belebele/2#1"] == [
        -3.1840330759684243,
        -5.383444786071777,
        -6.14259672164917,
        -0.6161829829216003,
    ]
