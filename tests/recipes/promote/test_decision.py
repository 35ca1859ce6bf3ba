"""When a new version is promoted."""

from __future__ import annotations

from recipes.promote.decision import Compared, promote


def compared(present: float, new: float, significant: bool) -> Compared:
    return Compared("Belebele", "accuracy", present, new, significant)


def test_one_test_that_says_it_is_worse_is_enough() -> None:
    found = promote([compared(0.4, 0.9, True), compared(0.5, 0.3, True)])
    assert not found.promoted
    assert found.reason == (
        "It is significantly worse in 1 of 2 tests: Belebele (accuracy) 0.500 → 0.300."
    )


def test_a_loss_that_may_be_chance_does_not_hold_it_back() -> None:
    found = promote([compared(0.5, 0.48, False), compared(30, 31, False)])
    assert found.promoted and "In none of 2 tests" in found.reason


def test_what_is_better_is_said() -> None:
    found = promote([Compared("FLORES+", "chrF++", 20.0, 25.04, True), compared(0.5, 0.4, False)])
    assert found.promoted and found.reason.endswith("FLORES+ (chrF++) 20.0 → 25.0.")


def test_without_a_test_nothing_is_promoted() -> None:
    assert not promote([]).promoted
