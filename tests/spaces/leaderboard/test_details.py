"""What is known about one language, from the contents of files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from details import (
    MAX_CURVE_POINTS,
    CheckAdvice,
    CodeVersion,
    DatasetSummary,
    parse_advice,
    parse_code,
    parse_dataset,
    parse_examples,
    parse_inputs,
    parse_measures,
    parse_review,
    parse_training_log,
)
from parse_results import parse_rows

from recipes.core.manifest import Manifest
from tests.spaces.result_rows import BASE, lines, rows_of_all_roles

CODE = "epo_Latn"
ADAPTER = f"{BASE}-{CODE}"
OLD_SCHEMAS = Path(__file__).parents[2] / "data" / "old_schemas"


def output(item: int, model: str, text: str) -> dict[str, Any]:
    """Return a row of `outputs.jsonl`."""
    names = {"model": model, "direction": f"eng_Latn-{CODE}", "id": str(item)}
    return {**names, "prompt": f"Ask {item}", "output": text, "reference": "ref"}


def test_only_commits_of_what_an_evaluation_read_are_taken() -> None:
    inputs = {"o/data": "a" * 40, "o/base": "b" * 40}
    run = Manifest("evaluate", "r1", 1, "d", CODE, inputs, "o/results", "c" * 40, True, 9.0)
    assert parse_inputs(run.to_json().encode()) == inputs
    hostile = {**inputs, "o/base": "main; rm", "o/other": 1}
    assert parse_inputs(json.dumps({"inputs": hostile}).encode()) == {"o/data": "a" * 40}
    assert parse_inputs(b"") == parse_inputs(b"[1]") == {}


def test_only_a_version_and_a_commit_of_the_code_are_taken() -> None:
    run = Manifest("evaluate", "r1", 1, "d", CODE, {}, "o/results", "c" * 40, True, 9.0)
    run = replace(run, recipe_version="0.1.0", recipe_commit="a" * 40)
    assert parse_code(run.to_json().encode()) == CodeVersion("0.1.0", "a" * 40)
    local = replace(run, recipe_commit=None)
    assert parse_code(local.to_json().encode()) == CodeVersion("0.1.0")
    for hostile in ("1; rm -rf ~", "../1", "", None, "1" * 99):
        recipe = {"version": hostile, "commit": "a" * 40}
        assert parse_code(json.dumps({"recipe": recipe}).encode()) == CodeVersion()


def test_models_are_grouped_by_measure_and_english_comes_last() -> None:
    first, last = parse_measures(parse_rows(lines(*rows_of_all_roles(CODE)))[0])
    assert [score.role for score in first.scores] == ["base", "adapter", "peer"]
    assert (first.metric, last.test_language) == ("chrF++", "eng_Latn")


def test_results_of_schema_2_are_grouped_by_measure() -> None:
    text = (OLD_SCHEMAS / "results" / "results.jsonl").read_bytes()
    measures = parse_measures(parse_rows(text)[0])
    languages = [measure.test_language for measure in measures]
    assert languages == sorted(languages, key=lambda language: language == "eng_Latn")
    assert set(languages) == {"epo_Latn", "eng_Latn"}


def test_training_log_becomes_two_curves_without_malformed_lines() -> None:
    entries = [{"step": 1, "loss": 3.0}, {"step": 2, "loss": "x"}, {"step": 5, "eval_loss": 2.5}]
    log = parse_training_log(lines(*entries).encode() + b"broken\n[1]\n")
    assert log.train_loss == ((1.0, 3.0),) and log.eval_loss == ((5.0, 2.5),)
    long = lines(*({"step": step, "loss": 1.0} for step in range(10_000))).encode()
    thinned = parse_training_log(long).train_loss
    assert len(thinned) <= 2 * MAX_CURVE_POINTS and thinned[-1][0] == 9999.0


def test_dataset_is_counted_by_source_and_by_reason() -> None:
    text = json.dumps({"counts": {"kept": 7, "dropped": {"echo": 1, "cap": 5, "odd": "x"}}})
    sizes = {"topics/train.parquet": 5, "topics/test.parquet": 1, "pairs/train.parquet": 9}
    others = {"rejected/train.parquet": 99, "README.md": 1}
    dataset = parse_dataset(text.encode(), sizes | others)
    assert dataset.kept == 7 and dataset.dropped == (("cap", 5), ("echo", 1))
    assert dataset.sources == (("pairs", 9), ("topics", 6))
    assert parse_dataset(b"{", {}) == DatasetSummary()


def test_manifests_of_schema_1_are_read() -> None:
    manifests = OLD_SCHEMAS / "manifests"
    dataset = parse_dataset((manifests / "generate.json").read_bytes(), {})
    assert dataset.kept == 8324 and dataset.dropped[0] == ("duplicate", 311)
    assert parse_advice((manifests / "check.json").read_bytes()) == CheckAdvice("good")


@pytest.mark.parametrize(
    "metrics",
    [
        {"advice": "doubtful", "reasons": [{"what": "chrf", "seen": 9, "wanted": 20}, "odd"]},
        {
            "advice": {
                "level": "doubtful",
                "shortfalls": [{"metric": "chrf", "value": 9, "threshold": 20}, {"metric": "odd"}],
            }
        },
    ],
)
def test_advice_is_read_from_both_schemas(metrics: dict[str, Any]) -> None:
    advice = parse_advice(json.dumps({"metrics": metrics}).encode())
    assert advice == CheckAdvice("doubtful", (("chrf", 9.0, 20.0),))


@pytest.mark.parametrize(
    ("card", "reviewed"),
    [
        ("# A card", ""),
        ("**Not yet reviewed by speakers of Esperanto.**", "not yet"),
        ("**Not yet reviewed by speakers of Welsh**: 1 person looked", "not yet: 1 person looked"),
        ("x\n**Reviewed by speakers of Welsh**: 3 people.\ny", "yes: 3 people."),
    ],
)
def test_card_says_whether_speakers_reviewed_the_data(card: str, reviewed: str) -> None:
    assert parse_review(card.encode()) == reviewed


def test_examples_are_the_first_items_that_both_models_answered() -> None:
    outputs = [
        output(1, BASE, "a"),
        output(2, BASE, "b"),
        output(2, ADAPTER, "c"),
        output(3, "o/x", "d"),
    ]
    texts = [json.dumps(row).encode() for row in outputs]
    examples = parse_examples(texts, CODE, BASE, ADAPTER)
    assert [(e.prompt, e.base, e.adapter) for e in examples] == [("Ask 2", "b", "c")]
