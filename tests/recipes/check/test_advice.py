"""The advice from metrics, the fit of tokenizers, and the settings of the check."""

from __future__ import annotations

import pytest

from recipes.check.advice import Advice, Shortfall, advise
from recipes.check.fertility import TokenizerFit, measure
from recipes.check.report import shortfall_text
from recipes.check.settings import Thresholds, parse
from recipes.core.errors import UserError
from tests.recipes.conftest import byte_tokenizer

pytestmark = pytest.mark.xdist_group("torch")  # most import PyTorch

HOPELESS = Thresholds(script=0.5, round_trip=20, answered=0.5)
DOUBTFUL = Thresholds(script=0.9, chrf=30, round_trip=45, fertility=4, bytes=0.3)
GOOD_METRICS: dict[str, float | None] = {
    "script": 1.0,
    "chrf": 50.0,
    "round_trip": 60.0,
    "fertility": 2.0,
    "bytes": 0.0,
}


def test_metrics_above_all_thresholds_are_good() -> None:
    assert advise(GOOD_METRICS, HOPELESS, DOUBTFUL) == Advice("good")


@pytest.mark.parametrize(
    ("metric", "value", "level"),
    [
        ("script", 0.8, "doubtful"),
        ("script", 0.4, "hopeless"),
        ("round_trip", 44.9, "doubtful"),
        ("round_trip", 19.0, "hopeless"),
        ("chrf", 29.0, "doubtful"),
        ("fertility", 4.1, "doubtful"),
        ("bytes", 0.9, "doubtful"),
        ("script", None, "good"),
        ("tokens_per_second", 0.0, "good"),
        ("chrf", None, "good"),
        ("answered", 0.4, "unknown"),
    ],
)
def test_a_single_shortfall_decides_the_level(metric: str, value: float | None, level: str) -> None:
    advice = advise({**GOOD_METRICS, metric: value}, HOPELESS, DOUBTFUL)
    assert advice.level == level
    assert [shortfall.metric for shortfall in advice.shortfalls] == (
        [] if level == "good" else [metric]
    )


def test_nothing_can_be_told_without_a_translation_to_compare() -> None:
    metrics = {**GOOD_METRICS, "chrf": None, "round_trip": None}
    assert advise(metrics, HOPELESS, DOUBTFUL) == Advice("unknown")


def test_a_shortfall_has_the_units_of_the_other_lines() -> None:
    text = shortfall_text(Shortfall("script", 0.897, 0.9))
    assert text == "share in the right script: 89.7%, needs at least 90%"
    text = shortfall_text(Shortfall("fertility", 4.1, 4.0))
    assert text == "the base's tokens relative to English: 4.1, needs at most 4"


def test_a_shortfall_has_its_value_and_threshold() -> None:
    advice = advise({**GOOD_METRICS, "script": 0.8}, HOPELESS, DOUBTFUL)
    assert advice.shortfalls == (Shortfall("script", 0.8, 0.9),)


@pytest.mark.parametrize(
    ("texts", "english", "expected"),
    [
        (["abcd", "ef"], ["abc"], TokenizerFit(2.0, 0.0, 1.0)),
        (["བོད"], ["abc"], TokenizerFit(3.0, 1.0, 3.0)),
        (["བོད"], [], TokenizerFit(None, 1.0, 3.0)),
        ([], ["abc"], TokenizerFit(None, None, 0.0)),
    ],
    ids=["letters", "three bytes a character", "no English", "no texts"],
)
def test_fertility_compares_with_the_same_sentences_in_english(
    texts: list[str], english: list[str], expected: TokenizerFit
) -> None:
    assert measure(byte_tokenizer(), texts, english) == expected


def test_a_wrong_key_is_named() -> None:
    section = {"known": {}, "sentences": 1, "lists": 1, "hopeless": {"chr": 1}, "doubtful": {}}
    with pytest.raises(UserError, match=r"check\.hopeless"):
        parse(section)
