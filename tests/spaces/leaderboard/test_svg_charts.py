"""Charts as SVG."""

from __future__ import annotations

import pytest
from svg_charts import MAX_NAMED_POINTS, Curve, line_chart, scatter_plot, ticks


def test_names_of_curves_that_end_together_do_not_overlap() -> None:
    curves = [Curve(name, ((0, 3), (9, 1.0 + at / 100))) for at, name in enumerate("abc")]
    first, second, third = sorted(line_chart(curves, "", "", "").name_ys)
    assert second - first >= 16 and third - second >= 16


def test_names_of_points_do_not_overlap() -> None:
    points = [("a", 1.0, 50.0, "gain"), ("b", 1.0, 50.5, "gain"), ("c", 1.0, 10.0, "loss")]
    assert scatter_plot(points, "", "", "").is_named == [True, False, True]
    many = scatter_plot([("a", n / 9, float(n), "gain") for n in range(99)], "", "", "")
    assert 0 < sum(many.is_named) <= MAX_NAMED_POINTS


@pytest.mark.parametrize("ends", [(0, 0), (0, 0.4), (-3, 7), (-120, 950), (2, 1e6)])
def test_axes_have_a_handful_of_round_numbers(ends: tuple[float, float]) -> None:
    numbers = ticks(*ends)
    assert len(numbers) <= 10 and all(ends[0] <= number <= ends[1] for number in numbers)
