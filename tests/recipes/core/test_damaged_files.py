"""Every damage of a file that recipes or Spaces wrote is refused in a sentence, or does no harm."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from recipes.core import feedback
from recipes.core.errors import UserError
from recipes.core.manifest import Manifest
from recipes.core.row_edits import parse_jsonl
from recipes.evaluate import compare, item_scores, response_cache
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.generate import community
from tests.damaged_json import damaged_texts
from tests.recipes.feedback_samples import chat, review

T = TypeVar("T")
DATA = Path(__file__).parents[2] / "data"
OLD_SCHEMAS = DATA / "old_schemas"
OUTPUTS = (OLD_SCHEMAS / "results" / "outputs.jsonl").read_text("utf-8").splitlines()
UNREAD = ("arguments", "resps", "doc", "prompt_hash", "target_hash")  # keys of a sample
SAMPLES = [json.loads(path.read_text("utf-8")) for path in sorted((DATA / "lm_eval").iterdir())]
PROFILE = {
    "consent": "welcome",
    "region": "Lewis",
    "seeds": ["peat"],
    "glossary": [{"term": "computer", "say": "coimpiutair", "not": ["komputer"]}],
    "variants": {"harris": {"name": "Harris Gaelic"}},
}


def read_or_refuse(read: Callable[[], T], damage: str) -> T | None:
    """Return what was read, or None after a UserError with one short line."""
    try:
        return read()
    except UserError as error:
        text = str(error)
        assert 10 < len(text) < 500 and text.isprintable(), (damage, text)
        return None


@pytest.mark.parametrize("step", ["check", "generate", "train", "evaluate"])
def test_manifests(step: str) -> None:
    old = (OLD_SCHEMAS / "manifests" / f"{step}.json").read_bytes()
    for damage, text in damaged_texts(json.loads(Manifest.from_json(old).to_json())):
        if manifest := read_or_refuse(partial(Manifest.from_json, text), damage):
            amounts = (manifest.cost_usd, manifest.seconds, manifest.counts.kept, manifest.attempt)
            assert all(0 <= amount < 1e13 for amount in amounts), damage


def test_manifests_of_schema_1() -> None:
    for damage, text in damaged_texts(
        json.loads((OLD_SCHEMAS / "manifests" / "check.json").read_bytes())
    ):
        read_or_refuse(partial(Manifest.from_json, text), damage)


def test_feedback() -> None:
    good = json.dumps(chat(1, "Kio?", "Tio.")).encode()
    for row in (chat(2, "Kio?", "Tio."), review(3, "a:1", "fix", "b" * 16, fixed="Pli bone.")):
        for damage, text in damaged_texts(row):
            parsed = feedback.parse([good + b"\n" + text], "epo_Latn")
            known = len(parsed.chats) + len(parsed.reviews)
            assert known + sum(parsed.skipped.values()) in (1, 2), damage
            json.dumps([str(parsed)]).encode()
            for each in (*parsed.chats, *parsed.reviews):
                str(each).encode()


def test_row_edits() -> None:
    for row in ({"id": "a:1", "verdict": "drop"}, {"id": "b", "verdict": "fix", "fixed": "x"}):
        for damage, text in damaged_texts(row):
            edits = read_or_refuse(partial(parse_jsonl, text, "speakers.jsonl"), damage)
            assert edits is None or "None" not in edits.corrected.values(), damage


def test_cached_outputs_are_asked_again() -> None:
    for line in (OUTPUTS[0], OUTPUTS[-1]):
        for damage, text in damaged_texts(json.loads(line)):
            cached = response_cache.parse(text.decode("utf-8", "replace"))
            for output in (each for outputs in cached.values() for each in outputs.values()):
                if isinstance(output, Generation):
                    assert isinstance(output.raw, str) and isinstance(output.finished, bool)
                else:
                    assert all(map(math.isfinite, output)), damage


@pytest.mark.parametrize("sample", [*SAMPLES, json.loads(OUTPUTS[0]), json.loads(OUTPUTS[-1])])
def test_logs_of_an_evaluation(tmp_path: Path, sample: dict[str, Any]) -> None:
    sample = {key: value for key, value in sample.items() if key not in UNREAD}
    file = tmp_path / "samples_task.jsonl"
    file.write_text(json.dumps(sample))
    good = item_scores.read(file)
    for damage, text in damaged_texts(sample):
        file.write_bytes(text)

        def read() -> None:
            compare.compare(good, item_scores.read(file), samples=10, seed=1)

        read_or_refuse(read, damage)


def test_profiles() -> None:
    for damage, text in damaged_texts(PROFILE):  # JSON is YAML
        profile = read_or_refuse(partial(community.parse, text, "", "gla_Latn.yaml"), damage)
        assert profile is None or profile.get("consent", "welcome") in ("welcome", "ask"), damage
