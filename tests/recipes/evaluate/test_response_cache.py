"""Outputs of earlier runs are read back from `outputs.jsonl`, whichever schema wrote it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from recipes.evaluate import publish, schema
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.response_cache import cache_key, lookup, parse
from recipes.evaluate.significance import Outputs
from tests.recipes.evaluate.test_markdown import HOSTILE, MODELS, SETTINGS, choice, translation

OLD_OUTPUTS = Path(__file__).parents[2] / "data" / "old_schemas" / "results" / "outputs.jsonl"


def test_outputs_survive_to_the_last_digit_and_broken_lines_are_skipped() -> None:
    task, flores = choice(size=2), translation()
    likelihoods: Outputs = [[-0.1 - 1e-12, -1 / 3], [-2.0, -1.0]]
    generations: Outputs = [Generation(f"{HOSTILE} {n}", n % 2 == 0) for n in range(12)]
    rows = schema.output_rows(MODELS[0], task, "k1", likelihoods, {})
    rows += schema.output_rows(MODELS[1], flores, "k2", generations, {})
    broken = '{"cache_key": "k1", "id": "0"}\n[]\nnot json\n{"id": 1}\n'
    broken += '{"cache_key": "k2", "id": "0", "finished": true, "raw": "a", "raw": "b"}\n'
    cached = parse(publish.jsonl(rows).decode() + broken)
    assert lookup(cached, "k1", task) == likelihoods
    assert lookup(cached, "k2", flores) == generations
    assert lookup(cached, "k3", task) is None
    longer = replace(task, items=(*task.items, replace(task.items[0], id="new")))
    assert lookup(cached, "k1", longer) is None


def test_cache_keys_do_not_change_with_names_in_the_code() -> None:
    """These keys were computed before the renaming."""
    assert cache_key(MODELS[1], choice(), SETTINGS) == "f1787497ca173547"
    assert cache_key(MODELS[0], translation(), SETTINGS) == "59865276d18cb9ae"


def test_outputs_of_the_schema_before_are_read() -> None:
    cached = parse(OLD_OUTPUTS.read_text("utf-8"))
    assert len(cached) == 12 and {len(outputs) for outputs in cached.values()} == {3}
    assert cached["05c3ece5a9e127b4"]["0"] == Generation("the telescopes.", True)
    assert cached["2b61f1604a499a3a"]["practice://belebele/2#1"] == [
        -3.1840330759684243,
        -5.383444786071777,
        -6.14259672164917,
        -0.6161829829216003,
    ]
