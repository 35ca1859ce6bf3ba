"""Manifests of recipes: both schemas are read, anything else is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.domain.observation import Advice, Change, ChatScore, Overall, Shortfall, Version
from bot.hub.client import MALFORMED
from bot.hub.manifests import parse_manifest
from bot.replies.status import check_note
from tests.damaged_json import damaged_texts

OLD_MANIFESTS = Path(__file__).parents[2] / "data" / "old_schemas" / "manifests"


def old(step: str) -> Any:
    return json.loads((OLD_MANIFESTS / f"{step}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("step", ["check", "generate", "train", "evaluate"])
def test_manifest_of_schema_1_is_read(step: str) -> None:
    data, manifest = old(step), parse_manifest(old(step))
    assert (manifest.digest, manifest.attempt) == (data["digest"], 1)
    assert (manifest.seconds, manifest.cost_usd) == (data["seconds"], data["cost_usd"])
    assert manifest.kept == data["counts"]["kept"]
    assert manifest.dropped == sum(data["counts"]["dropped"].values())
    assert (manifest.advice is not None) == (step == "check")
    assert len(manifest.scores) == (4 if step == "evaluate" else 0)


def test_advice_of_both_schemas_is_the_same() -> None:
    data = old("check")
    data["metrics"]["advice"] = "doubtful"
    data["metrics"]["reasons"] = [
        {"what": "chrf", "seen": 12.0, "wanted": 20.0},
        {"what": "charm", "seen": 0.0, "wanted": 1.0},
    ]
    new = {**data, "schema": 2}
    new["metrics"] = {
        "advice": {
            "level": "doubtful",
            "shortfalls": [
                {"metric": "chrf", "value": 12.0, "threshold": 20.0},
                {"metric": "charm", "value": 0.0, "threshold": 1.0},
            ],
        },
        "teacher": data["metrics"]["teacher"],
        "bases": {"org/base": {"fertility": 1.352}},
    }
    expected = Advice("doubtful", (Shortfall("chrf", 12.0, 20.0),), 1.0, 100.0, 88.43, 1.352)
    assert parse_manifest(data).advice == parse_manifest(new).advice == expected
    for fertility, known in ((5.7, 5.7), (None, 0.0), (1e9, 0.0), ("5", 0.0), (True, 0.0)):
        teacher = {**data["metrics"]["teacher"], "fertility": fertility}
        advice = parse_manifest({**new, "metrics": {**new["metrics"], "teacher": teacher}}).advice
        assert advice and advice.teacher_fertility == known
    new["metrics"]["teacher"] = {**data["metrics"]["teacher"], "looks_like": "Zulu"}
    advice = parse_manifest(new).advice
    assert advice and check_note(advice).endswith(", the texts look like Zulu")


def test_evaluation_is_read() -> None:
    manifest = parse_manifest({**old("evaluate"), "schema": 2})
    first = manifest.scores[0]
    assert (first.benchmark, first.direction) == ("flores", "eng_Latn-epo_Latn")
    assert (first.base, first.adapter, first.low, first.high) == (5.9005, 88.141, 80.7351, 83.7966)
    assert manifest.overall == Overall()


OVERALL: dict[str, Any] = {
    "gain": 38.2, "gain_ci": [31.0, 45.5], "english": "cannot tell", "english_difference": -1.0,
    "english_difference_ci": [-3.0, 1.0], "margin": 2.0,
    "chat": {"metric": "accuracy", "n": 50, "first": 0.98, "second": 0.9},
}  # fmt: skip


def test_what_the_version_before_gained_is_read_where_it_is_known() -> None:
    data = {**old("evaluate"), "schema": 2}
    version = {"version": "v2", "promoted": True, "fresh": True}
    gained = {"gain_before": 75.9, "gain_before_ci": [70.0, 81.2]}
    for more, expected in ((gained, Change(75.9, 70.0, 81.2)), ({}, None)):
        data["metrics"] = {**version, **more}
        found = parse_manifest(data).version
        assert isinstance(found, Version) and found.gain_before == expected


def test_what_sums_up_an_evaluation_is_read() -> None:
    def read(**changes: Any) -> Overall:
        data = {**old("evaluate"), "schema": 2}
        data["metrics"] = {**data["metrics"], "overall": OVERALL | changes}
        return parse_manifest(data).overall

    assert read() == Overall(
        Change(38.2, 31.0, 45.5),
        Change(-1.0, -3.0, 1.0),
        "cannot tell",
        2.0,
        ChatScore("accuracy", 50, 0.98, 0.9),
    )
    untested = read(english=None, english_difference=None, english_difference_ci=None)
    assert (untested.english, untested.verdict) == (None, "")
    for damage in (
        {"english": "<b>"},
        {"gain": "9"},
        {"gain_ci": [1.0]},
        {"margin": float("nan")},
        {"chat": {"metric": "accuracy", "n": -1, "first": 1.0, "second": 1.0}},
    ):
        with pytest.raises(MALFORMED):
            read(**damage)


Damage = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("digest"),
        lambda data: data.update(schema=3),
        lambda data: data.update(counts=None),
        lambda data: data.update(seconds="soon"),
        lambda data: data.update(seconds=10**400),
        lambda data: data.update(cost_usd=float("nan")),
        lambda data: data.update(cost_usd=float("inf")),
        lambda data: data.update(seconds=-3.6e6),
        lambda data: data.update(cost_usd=-0.01),
        lambda data: data.update(cost_usd="0.1"),
        lambda data: data["counts"].update(dropped={"loop": -5}),
        lambda data: data["counts"].update(kept=float("inf")),
        lambda data: data["metrics"].update(advice="excellent"),
        lambda data: data["metrics"].update(reasons=7),
        lambda data: data["metrics"].update(version="../evil", fresh=True),
    ],
)
def test_damaged_manifest_is_refused(damage: Damage) -> None:
    data = old("check")
    damage(data)
    with pytest.raises(MALFORMED):
        parse_manifest(data)


@pytest.mark.parametrize("step", ["check", "generate", "train", "evaluate"])
def test_no_damage_gets_through(step: str) -> None:
    for damage, text in damaged_texts(old(step)):
        try:
            manifest = parse_manifest(json.loads(text))
        except MALFORMED:
            continue
        amounts = [manifest.seconds, manifest.cost_usd, manifest.kept, manifest.dropped]
        assert all(0 <= amount < 1e13 for amount in amounts), damage
        for score in manifest.scores:
            assert all(abs(n) < 1e5 for n in (score.base, score.adapter, score.low, score.high))
            assert f"{score.benchmark}{score.direction}{score.metric}".isprintable(), damage
