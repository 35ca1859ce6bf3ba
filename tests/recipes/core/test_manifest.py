"""Manifests: today's schema, the one before it, and files that are neither."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes.core.errors import Unworkable
from recipes.core.manifest import Counts, Manifest, Tokens, recipe_commit

SCHEMA_1 = Path(__file__).parents[2] / "data" / "old_schemas" / "manifests"
MANIFEST = Manifest(
    step="generate",
    request="r1",
    attempt=1,
    digest="d" * 64,
    language="epo_Latn",
    inputs={"practice/corpus": "a" * 40},
    output_repo="practice/kakugo-epo_Latn",
    output_commit="b" * 40,
    practice=True,
    seconds=12.3,
    counts=Counts(10, {"loop": 2}),
    tokens=Tokens(5, 7),
    cost_usd=0.25,
    versions={"datasets": "5"},
    metrics={"calls": 3},
)


def upgraded(step: str) -> Manifest:
    return Manifest.from_json((SCHEMA_1 / f"{step}.json").read_text("utf-8"))


def schema_1(step: str, metrics: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics as today's code reads them from a manifest of schema 1."""
    manifest = json.loads((SCHEMA_1 / "train.json").read_text("utf-8"))
    return Manifest.from_json(json.dumps({**manifest, "step": step, "metrics": metrics})).metrics


def test_manifest_survives_its_own_json() -> None:
    text = MANIFEST.to_json()
    assert Manifest.from_json(text) == MANIFEST
    assert text.startswith('{\n  "attempt": 1,\n  "cost_usd": 0.25,')
    wire = json.loads(text)
    assert wire["schema"] == 2 and wire["tokens"] == {"input": 5, "output": 7}
    assert recipe_commit() is None or len(recipe_commit() or "") == 40


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 3}', '{"schema": 2}', '{"schema": 1}', "null"]
)
def test_anything_else_is_not_a_manifest(text: str) -> None:
    with pytest.raises(Unworkable):
        Manifest.from_json(text)


def test_schema_1_of_the_check() -> None:
    manifest = upgraded("check")
    assert manifest.tokens == Tokens(1752, 1027)
    assert manifest.metrics["advice"] == {"level": "good", "shortfalls": []}
    assert manifest.metrics["bases"] == {
        "practice/kakugo-practice-base": {
            "bytes": 0.0,
            "fertility": 1.352,
            "tokens_per_character": 0.278,
        }
    }
    assert manifest.metrics["teacher"]["median_seconds"] == 0.115
    assert manifest.metrics["teacher"]["most_common_failure"] == ""


def test_schema_1_of_a_check_with_shortfalls() -> None:
    reasons = [{"what": "chrf", "seen": 9.0, "wanted": 30}]
    metrics = schema_1("check", {"advice": "doubtful", "reasons": reasons})
    shortfalls = [{"metric": "chrf", "value": 9.0, "threshold": 30}]
    assert metrics == {"advice": {"level": "doubtful", "shortfalls": shortfalls}}


def test_schema_1_of_the_dataset() -> None:
    manifest = upgraded("generate")
    assert manifest.counts.kept == 8324 and manifest.cost_usd == 0.000183
    assert manifest.metrics["calls"] == 7867 and manifest.metrics["reused_answers"] == 310
    assert manifest.metrics["earlier_runs_usd"] == manifest.metrics["other_languages_usd"] == 0.0


def test_schema_1_of_the_adapter_keeps_its_metrics() -> None:
    assert upgraded("train").metrics["held_out_loss"] == 0.3245


def test_schema_1_of_the_evaluation() -> None:
    metrics = upgraded("evaluate").metrics
    assert metrics["contamination"] == {"texts": 850, "contaminated": 0}
    assert [score["metric"] for score in metrics["other_metrics"]] == ["BLEU", "BLEU"]
    assert metrics["results"][0]["adapter"] == 88.141


def test_schema_1_of_a_version_and_its_promotion() -> None:
    metrics = schema_1("train", {"version": "v2", "from": "v1", "feedback": "f", "right": 0.9})
    assert metrics == {
        "version": "v2",
        "parent_version": "v1",
        "pairs_digest": "f",
        "reward_accuracy": 0.9,
    }
    metrics = schema_1("promote", {"present": "v1", "compared": [{"present": 0.5, "new": 0.6}]})
    assert metrics == {"current": "v1", "comparisons": [{"current": 0.5, "new": 0.6}]}
