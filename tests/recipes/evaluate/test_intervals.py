"""Intervals and tests agree with each other and with published figures."""

from __future__ import annotations

import numpy as np
import pytest

from recipes.evaluate import intervals
from recipes.evaluate.intervals import Array, Interval
from recipes.evaluate.metrics import mean, mean_statistics


def pairs(both: int, lost: int, won: int, neither: int) -> tuple[Array, Array]:
    """Return the answers of two systems with so many questions of each kind."""
    counts = (both, lost, won, neither)
    base, adapter = ([1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0])
    return np.repeat(base, counts), np.repeat(adapter, counts)


def test_shares_are_compared_as_published() -> None:
    """Airway responsiveness before and after a transplantation (Fagerland et al., 2014)."""
    result = intervals.compare_shares(*pairs(1, 1, 7, 12))
    assert result.difference.value == pytest.approx(6 / 21)
    assert (result.difference.low, result.difference.high) == pytest.approx(
        (0.026, 0.517), abs=5e-4
    )
    assert result.p == pytest.approx(0.034, abs=5e-4)


def test_a_small_p_is_not_zero() -> None:
    assert 0 < intervals.compare_shares(*pairs(0, 0, 200, 0)).p < 1e-40


@pytest.mark.parametrize(("right", "n"), [(0, 20), (20, 20), (7, 40), (100, 400)])
def test_a_share_has_wilsons_interval(right: int, n: int) -> None:
    from scipy.stats import binomtest

    interval = intervals.wilson(np.arange(n) < right)
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("tests", [1, 3, 8])
def test_interval_and_p_never_disagree(tests: int) -> None:
    rng = np.random.default_rng(tests)
    outcomes = set()
    for trial in range(20):
        base = rng.random(80) < 0.5
        adapter = np.where(rng.random(80) < 0.3, rng.random(80) < rng.random(), base)
        noise = rng.normal(rng.choice([0, 0.05]), 0.2, 80)
        for result in (
            intervals.compare_shares(base * 1.0, adapter * 1.0, tests),
            intervals.compare_scores(
                mean, *map(mean_statistics, (base, base + noise)), 2000, trial, tests
            ),
        ):
            outcomes.add((result.test, result.is_significant))
            assert result.is_significant == (
                result.difference.low > 0 or result.difference.high < 0
            )
            assert result.difference.low <= result.alone.low <= result.difference.value
    assert len(outcomes) == 4


def test_equal_systems_have_an_interval_around_zero() -> None:
    same = np.ones(100)
    result = intervals.compare_shares(same, same)
    assert (result.p, result.difference.value) == (1.0, 0.0)
    assert (
        result.difference.low
        == pytest.approx(-result.difference.high)
        == pytest.approx(-0.037, abs=1e-3)
    )
    assert result.base.low == pytest.approx(0.963, abs=1e-3)


@pytest.mark.parametrize("tests", [1, 5])
def test_chance_is_called_significant_at_most_at_its_rate(tests: int) -> None:
    rng = np.random.default_rng(7)
    draws = ((rng.random((2, 200)) < 0.5) * 1.0 for _ in range(400))
    assert (
        sum(intervals.compare_shares(*pair, tests).is_significant for pair in draws) <= 34 / tests
    )


def test_a_family_counts_once_and_its_tests_err_alike() -> None:
    assert intervals.mean_by_family({}) is None
    two, four, one = Interval(2, 1, 4), Interval(4, 3, 6), Interval(1, -3, 4)
    assert intervals.mean_by_family({"a": [two, four]}) == Interval(3, 2, 5)
    both = intervals.mean_by_family({"a": [two, four], "b": [one]})
    assert both is not None and both.value == 2
    assert both.low == pytest.approx(2 - np.hypot(1, 4) / 2)
    assert both.high == pytest.approx(2 + np.hypot(2, 3) / 2)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-1.9, 3, "kept"),
        (-1.5, -0.5, "kept"),
        (-9, -2.1, "lost"),
        (-9.5, -1, "some lost"),
        (-9.5, 1, "cannot tell"),
    ],
)
def test_english_is_kept_within_the_margin(low: float, high: float, verdict: str) -> None:
    assert intervals.non_inferiority(Interval((low + high) / 2, low, high), 2) == verdict
