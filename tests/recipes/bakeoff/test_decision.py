"""The bake-off chooses the smallest of the bases that are as good as the best."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.bakeoff.candidate import Measurement
from recipes.bakeoff.decision import decide, report
from recipes.bakeoff.settings import parse
from recipes.core import config, language
from recipes.core.errors import UserError

SECTION = {"rows": 1, "steps": 1, "held_out": 1, "items": 1}
SIZES = [10 + i % 7 for i in range(60)]


def measurement(base: str, nats_a_byte: float, parameters: int, **more: Any) -> Measurement:
    noise = [0.02 * ((7 * i + len(base)) % 5 - 2) for i in range(60)]
    after = [size * (nats_a_byte + noise[i]) for i, size in enumerate(SIZES)]
    values: dict[str, Any] = {
        "revision": "a" * 40, "tokens_per_character": 0.4, "partial_tokens": 0.01,
        "before": [2 * nats for nats in after], "scores_before": {"sib200": 0.2},
        "scores_after": {"sib200": 0.5}, "tokens_per_second": 1000.0, "seconds": 3.0,
    }  # fmt: skip
    return Measurement(base=base, parameters=parameters, after=after, **{**values, **more})


def test_best_is_chosen_if_the_others_are_significantly_worse() -> None:
    decision = decide([measurement("org/a", 0.9, 1), measurement("org/bb", 0.5, 9)], SIZES, 200, 1)
    assert decision.base == "org/bb"
    assert "org/a: " in decision.reasons[1] and "significantly worse" in decision.reasons[1]
    assert "not significantly" not in decision.reasons[1]


def test_smallest_of_equally_good_bases_is_chosen() -> None:
    decision = decide(
        [measurement("org/big", 0.5, 9), measurement("org/small", 0.5, 3)], SIZES, 200, 1
    )
    assert decision.base == "org/small"
    assert "not significantly worse" in " ".join(decision.reasons)


def test_only_candidate_is_chosen() -> None:
    assert decide([measurement("org/a", 0.9, 1)], SIZES, 200, 1).reasons == (
        "It is the only candidate.",
    )


def test_report_has_a_row_for_each_base_and_the_reasons() -> None:
    measurements = [measurement("org/a", 0.9, 1), measurement("org/bb", 0.5, 9_000)]
    decision = decide(measurements, SIZES, 200, 1)
    text = report("Esperanto", measurements, SIZES, decision, 40, ["org/c: It has no template."])
    assert "Use **org/bb**" in text and "for 40 steps" in text
    assert "| org/bb | 9,000 | 0.40 | 1.0% |" in text and "20.0% → 50.0%" in text
    assert "| 50.0% |" in text and "| 1,000 | 6.7 |" in text  # 0.4e6 tokens at 1,000 a second
    assert "* Left out: org/c: It has no template." in text


def test_adapted_bases_are_compared_in_their_languages() -> None:
    settings = parse({**SECTION, "candidates": ["org/a"], "adapted": {"org/b": ["yor_Latn"]}})
    assert settings.bases("yor_Latn") == ["org/a", "org/b"]
    assert settings.bases("gla_Latn") == ["org/a"]


def test_adapted_bases_of_the_packaged_recipe_name_known_languages() -> None:
    codes = parse(config.load("kakugo", "org", "yor_Latn").bake_off).adapted.values()
    assert all(language.get(code).code == code for some in codes for code in some)


def test_section_without_candidates_is_refused() -> None:
    with pytest.raises(UserError, match="candidates"):
        parse({**SECTION, "candidates": []})
