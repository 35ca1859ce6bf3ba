"""The estimate is corrected by what the first minutes of a run measured."""

from __future__ import annotations

from recipes.generate.estimate import Estimate
from recipes.generate.progress_report import corrected_estimate
from recipes.generate.teacher.budget import Budget, Price


def test_the_correction_names_the_speed_and_the_new_total() -> None:
    now = [0.0]
    budget = Budget(Price(usd_per_hour=5.0), None, lambda: now[0])
    now[0] = 600.0
    expected = Estimate(1.0, 1.0, 7980.0, 11.07, 5900.0)
    assert corrected_estimate(expected, budget, 600.0, 14400.0, 3138.4) == (
        "corrected after 10 min: 3,138 tokens/s (assumed: 5,900), 250 min and $20.83 in all, "
        "estimated were 133 min and $11.07"
    )
