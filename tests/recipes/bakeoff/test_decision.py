"""Which base is taken: the smallest of those that are as good as the best."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.bakeoff.candidate import Measured
from recipes.bakeoff.decision import decide, report
from recipes.bakeoff.settings import parse
from recipes.core.errors import UserError

SIZES = [10 + i % 7 for i in range(60)]


def one(base: str, nats_a_byte: float, parameters: int, **more: Any) -> Measured:
    noise = [0.02 * ((7 * i + len(base)) % 5 - 2) for i in range(60)]
    after = [size * (nats_a_byte + noise[i]) for i, size in enumerate(SIZES)]
    plain: dict[str, Any] = {
        "revision": "a" * 40, "tokens_a_letter": 0.4, "pieces": 0.01,
        "before": [2 * nats for nats in after], "scores_before": {"sib200": 0.2},
        "scores_after": {"sib200": 0.5}, "tokens_per_second": 1000.0, "seconds": 3.0,
    }  # fmt: skip
    return Measured(base=base, parameters=parameters, after=after, **{**plain, **more})


def test_the_best_is_taken_when_the_others_are_worse() -> None:
    verdict = decide([one("org/a", 0.9, 1), one("org/bb", 0.5, 9)], SIZES, 200, 1)
    assert verdict.base == "org/bb"
    assert "org/a: " in verdict.why[1] and "significantly worse" in verdict.why[1]
    assert "not significantly" not in verdict.why[1]


def test_of_those_as_good_the_smallest_is_taken() -> None:
    verdict = decide([one("org/big", 0.5, 9), one("org/small", 0.5, 3)], SIZES, 200, 1)
    assert verdict.base == "org/small"
    assert "not significantly worse" in " ".join(verdict.why)


def test_one_candidate_is_taken_and_said_to_be_the_only_one() -> None:
    assert decide([one("org/a", 0.9, 1)], SIZES, 200, 1).why == ("It is the only candidate.",)


def test_the_report_has_a_row_for_each_and_says_why() -> None:
    measured = [one("org/a", 0.9, 1), one("org/bb", 0.5, 9_000)]
    text = report("Esperanto", measured, SIZES, decide(measured, SIZES, 200, 1), 40)
    assert "Take **org/bb**" in text and "After 40 steps" in text
    assert "| org/bb | 9,000 | 0.40 | 1.0% |" in text and "0.20 → 0.50" in text


def test_a_bake_off_without_candidates_is_refused() -> None:
    with pytest.raises(UserError, match="candidates"):
        parse({"candidates": [], "rows": 1, "steps": 1, "held_out": 1, "items": 1})
