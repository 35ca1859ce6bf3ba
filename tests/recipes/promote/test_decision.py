"""The decision whether a new version is promoted."""

from __future__ import annotations

from recipes.promote.decision import VersionScores, decide


def scores(current: float, new: float, significant: bool) -> VersionScores:
    return VersionScores("Belebele", "accuracy", current, new, significant)


def test_one_significantly_worse_test_prevents_promotion() -> None:
    decision = decide([scores(0.4, 0.9, True), scores(0.5, 0.3, True)])
    assert not decision.promoted
    assert decision.reason == (
        "It is significantly worse in 1 of 2 tests: Belebele (accuracy) 50.0% → 30.0%."
    )


def test_insignificant_differences_do_not_prevent_promotion() -> None:
    decision = decide([scores(0.5, 0.48, False), scores(30, 31, False)])
    assert (
        decision.promoted and decision.reason == "No significant difference was found in 2 tests."
    )


def test_improvements_are_listed() -> None:
    decision = decide(
        [VersionScores("FLORES+", "chrF++", 20.0, 25.04, True), scores(0.5, 0.4, False)]
    )
    assert decision.promoted and decision.reason.endswith("FLORES+ (chrF++) 20.0 → 25.0.")


def test_version_without_a_test_is_not_promoted() -> None:
    assert not decide([]).promoted
