"""Render the templates of this Space, which are in `html`."""

from __future__ import annotations

from pathlib import Path

import number_format
import svg_charts
from common.templates import environment

_ENVIRONMENT = environment(Path(__file__).parent)
_ENVIRONMENT.globals.update(
    count=number_format.count,
    counted=number_format.counted,
    difference=number_format.difference,
    money=number_format.money,
    number=number_format.number,
    p_value=number_format.p_value,
    parameters=number_format.parameters,
    px=svg_charts.px,
    score=number_format.score,
    shortened=svg_charts.shortened,
    tick_label=svg_charts.tick_label,
)


def render(template: str, **values: object) -> str:
    """Return the HTML of a template with these values."""
    return _ENVIRONMENT.get_template(template).render(values)
