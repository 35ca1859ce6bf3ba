"""Charts as SVG."""

from __future__ import annotations

import pytest
from svg_charts import Dot, dot_plot, ticks

from tests.spaces.markup_checker import HOSTILE_TEXTS, checked_text


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_hostile_names_do_not_become_markup(hostile: str) -> None:
    dot = Dot(hostile[:20], 1.0, None, "gain")
    assert hostile[:20] in checked_text(dot_plot([dot], hostile))


@pytest.mark.parametrize("ends", [(0, 0), (0, 0.4), (-3, 7), (-120, 950), (2, 1e6)])
def test_axes_have_a_handful_of_round_numbers(ends: tuple[float, float]) -> None:
    numbers = ticks(*ends)
    assert len(numbers) <= 10 and all(ends[0] <= number <= ends[1] for number in numbers)
