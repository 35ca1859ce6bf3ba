"""Charts as SVG: numbers in, markup out. Each chart says in words what it shows.

Pure. Colors are classes of `style.css`, so that both palettes work. No script, no library.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from common.markup import safe

WIDTH, LEFT, RIGHT, ROW_HEIGHT, TOP = 720, 190, 24, 26, 30
MAX_NAMED_POINTS = 30


@dataclass(frozen=True)
class Dot:
    """A row of a dot plot: a name, a value with its interval, and a outcome."""

    name: str
    value: float
    interval: tuple[float, float] | None
    outcome: str


@dataclass(frozen=True)
class Curve:
    """A curve through points (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]


def figure(title: str, caption: str, svg: str) -> str:
    """Return a chart with a title above and a caption below."""
    return (
        f'<figure class="k-figure"><h3>{safe(title)}</h3>{svg}'
        f"<figcaption>{safe(caption)}</figcaption></figure>"
    )


def _svg(label: str, height: float, content: str) -> str:
    return (
        f'<div class="k-scroll" role="region" tabindex="0" aria-label="{safe(label)}">'
        f'<svg class="k-chart" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{safe(label)}">{content}</svg></div>'
    )


def dot_plot(rows: Sequence[Dot], label: str) -> str:
    """Return one line a row: the value as a dot, its interval as a bar, with a line at zero."""
    ends = [end for row in rows for end in (row.interval or (row.value, row.value))]
    low, high = min(0.0, *ends), max(0.0, *ends)
    scale = _Scale(low, high, LEFT, WIDTH - RIGHT)
    height = TOP + ROW_HEIGHT * len(rows) + 8
    grid = "".join(
        f'<line class="k-grid{" k-zero" if tick == 0 else ""}" x1="{scale(tick):.1f}" '
        f'x2="{scale(tick):.1f}" y1="{TOP - 6}" y2="{height}"/>'
        f'<text class="k-tick" text-anchor="middle" x="{scale(tick):.1f}" y="{TOP - 12}">'
        f"{_tick_label(tick, sign=True)}</text>"
        for tick in ticks(low, high)
    )
    dots = "".join(
        _dot(row, TOP + ROW_HEIGHT * number + ROW_HEIGHT / 2, scale)
        for number, row in enumerate(rows)
    )
    return _svg(label, height, grid + dots)


def _dot(row: Dot, y: float, scale: _Scale) -> str:
    low, high = row.interval or (row.value, row.value)
    return (
        f'<g class="k-dot-{row.outcome}"><text text-anchor="end" x="{LEFT - 12}" y="{y + 4:.1f}">'
        f'{safe(_shortened(row.name))}</text><line class="k-interval" x1="{scale(low):.1f}" '
        f'x2="{scale(high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<circle cx="{scale(row.value):.1f}" cy="{y:.1f}" r="5"/></g>'
    )


def scatter_plot(
    points: Sequence[tuple[str, float, float, str]], label: str, x_title: str, y_title: str
) -> str:
    """Return points of (name, x, y, outcome); their names are shown if there are few."""
    height, left = 380, 60
    x_scale = _Scale(0.0, max(x for _, x, _, _ in points), left, WIDTH - 90)
    values = [y for _, _, y, _ in points]
    y_scale = _Scale(min(0.0, *values), max(0.0, *values), height - 44, 24)
    marks = "".join(
        f'<g class="k-dot-{outcome}"><circle cx="{x_scale(x):.1f}" cy="{y_scale(y):.1f}" r="5"/>'
        + (
            f'<text class="k-tick" x="{x_scale(x) + 8:.1f}" y="{y_scale(y) + 4:.1f}">'
            f"{safe(_shortened(name, 14))}</text>"
            if len(points) <= MAX_NAMED_POINTS
            else ""
        )
        + "</g>"
        for name, x, y, outcome in points
    )
    return _svg(label, height, _axes(x_scale, y_scale, height, left, x_title, y_title) + marks)


def line_chart(curves: Sequence[Curve], label: str, x_title: str, y_title: str) -> str:
    """Return curves over the same axes, each with its name at its end."""
    height, left = 300, 60
    points = [point for curve in curves for point in curve.points]
    x_scale = _Scale(0.0, max(x for x, _ in points), left, WIDTH - 120)
    values = [y for _, y in points]
    y_scale = _Scale(min(0.0, *values), max(values), height - 44, 24)
    drawn = "".join(_curve(curve, number, x_scale, y_scale) for number, curve in enumerate(curves))
    return _svg(label, height, _axes(x_scale, y_scale, height, left, x_title, y_title) + drawn)


def _curve(curve: Curve, number: int, x_scale: _Scale, y_scale: _Scale) -> str:
    path = " ".join(f"{x_scale(x):.1f},{y_scale(y):.1f}" for x, y in curve.points)
    x, y = curve.points[-1]
    name_y = y_scale(y) + (-8 if number else 14)
    return (
        f'<polyline class="k-curve k-curve-{number}" points="{path}"/>'
        f'<text class="k-curve-{number}" x="{x_scale(x) + 8:.1f}" y="{name_y:.1f}">'
        f"{safe(curve.name)}</text>"
    )


def bar_list(rows: Sequence[tuple[str, float, str]], label: str) -> str:
    """Return bars of (name, share from 0 to 1, text) as a list, which screen readers can read."""
    items = "".join(
        f"<li><span>{safe(name)}</span>"
        f'<i aria-hidden="true"><b style="width:{100 * min(max(share, 0), 1):.1f}%"></b></i>'
        f"<small>{safe(text)}</small></li>"
        for name, share, text in rows
    )
    return f'<ul class="k-bars" aria-label="{safe(label)}">{items}</ul>'


def _axes(
    x_scale: _Scale, y_scale: _Scale, height: float, left: float, x_title: str, y_title: str
) -> str:
    y_ticks = "".join(
        f'<line class="k-grid{" k-zero" if tick == 0 else ""}" x1="{left}" '
        f'x2="{x_scale.end:.0f}" y1="{y_scale(tick):.1f}" y2="{y_scale(tick):.1f}"/>'
        f'<text class="k-tick" text-anchor="end" x="{left - 8}" y="{y_scale(tick) + 4:.1f}">'
        f"{_tick_label(tick)}</text>"
        for tick in ticks(y_scale.low, y_scale.high)
    )
    x_ticks = "".join(
        f'<text class="k-tick" text-anchor="middle" x="{x_scale(tick):.1f}" y="{height - 24}">'
        f"{_tick_label(tick)}</text>"
        for tick in ticks(x_scale.low, x_scale.high)
    )
    titles = (
        f'<text class="k-tick" x="{left}" y="14">{safe(y_title)}</text>'
        f'<text class="k-tick" text-anchor="end" x="{x_scale.end:.0f}" y="{height - 6}">'
        f"{safe(x_title)}</text>"
    )
    return y_ticks + x_ticks + titles


@dataclass(frozen=True)
class _Scale:
    """Maps values from low to high to coordinates from start to end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float) -> list[float]:
    """Return a handful of round numbers from low to high."""
    span = (high - low) or 1.0
    size = 10.0 ** len(f"{int(span)}") / 10 if span >= 1 else 0.1
    step = next(size * part for part in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if span / (size * part) <= 8)
    first = math.ceil(low / step)
    return [round(number * step, 6) for number in range(first, int(high // step) + 1)]


def _tick_label(value: float, sign: bool = False) -> str:
    text = f"{value:+g}" if sign and value else f"{value:g}"
    return text.replace("-", "−")


def _shortened(name: str, max_length: int = 26) -> str:
    return name if len(name) <= max_length else f"{name[: max_length - 1]}…"
