"""Pictures as SVG: numbers in, markup out; every picture says in words what it shows.

Pure. Colours are classes of style.css, so both palettes hold; no asset, no script, no library.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markup import safe

WIDTH, LEFT, RIGHT, ROW, TOP = 720, 190, 24, 26, 30


@dataclass(frozen=True)
class Dot:
    """One line of a dot plot: a name, a value with its interval, and how sure it is."""

    name: str
    value: float
    interval: tuple[float, float] | None
    verdict: str


@dataclass(frozen=True)
class Line:
    """A curve, by points of x and y."""

    name: str
    points: Sequence[tuple[float, float]]


def figure(title: str, words: str, svg: str) -> str:
    """A picture with its title above and what it shows in words below."""
    return (
        f'<figure class="k-figure"><h3>{safe(title)}</h3>{svg}'
        f"<figcaption>{safe(words)}</figcaption></figure>"
    )


def _svg(label: str, height: float, inside: str) -> str:
    return (
        f'<div class="k-scroll" role="region" tabindex="0" aria-label="{safe(label)}">'
        f'<svg class="k-chart" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{safe(label)}">{inside}</svg></div>'
    )


def dots(rows: Sequence[Dot], label: str) -> str:
    """One line a name: its value as a dot, its interval as a bar, a line where nothing changes."""
    ends = [end for row in rows for end in (row.interval or (row.value, row.value))]
    low, high = min(0.0, *ends), max(0.0, *ends)
    scale = _Scale(low, high, LEFT, WIDTH - RIGHT)
    height = TOP + ROW * len(rows) + 8
    grid = "".join(
        f'<line class="k-grid{" k-zero" if tick == 0 else ""}" x1="{scale(tick):.1f}" '
        f'x2="{scale(tick):.1f}" y1="{TOP - 6}" y2="{height}"/>'
        f'<text class="k-tick" text-anchor="middle" x="{scale(tick):.1f}" y="{TOP - 12}">'
        f"{_number(tick, sign=True)}</text>"
        for tick in ticks(low, high)
    )
    drawn = "".join(_dot(row, TOP + ROW * at + ROW / 2, scale) for at, row in enumerate(rows))
    return _svg(label, height, grid + drawn)


def _dot(row: Dot, y: float, scale: _Scale) -> str:
    low, high = row.interval or (row.value, row.value)
    return (
        f'<g class="k-mark-{row.verdict}"><text text-anchor="end" x="{LEFT - 12}" y="{y + 4:.1f}">'
        f'{safe(_short(row.name))}</text><line class="k-bar-line" x1="{scale(low):.1f}" '
        f'x2="{scale(high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<circle cx="{scale(row.value):.1f}" cy="{y:.1f}" r="5"/></g>'
    )


def scatter(points: Sequence[tuple[str, float, float, str]], label: str, x: str, y: str) -> str:
    """Points of (name, x, y, verdict), named where there are few."""
    height, left = 380, 60
    across = _Scale(0.0, max(point[1] for point in points), left, WIDTH - 90)
    values = [point[2] for point in points]
    up = _Scale(min(0.0, *values), max(0.0, *values), height - 44, 24)
    marks = "".join(
        f'<g class="k-mark-{verdict}"><circle cx="{across(cost):.1f}" cy="{up(gain):.1f}" r="5"/>'
        + (
            f'<text class="k-tick" x="{across(cost) + 8:.1f}" y="{up(gain) + 4:.1f}">'
            f"{safe(_short(name, 14))}</text>"
            if len(points) <= 30
            else ""
        )
        + "</g>"
        for name, cost, gain, verdict in points
    )
    return _svg(label, height, _axes(across, up, height, left, x, y) + marks)


def lines(curves: Sequence[Line], label: str, x: str, y: str) -> str:
    """Curves over the same axes, each named at its end."""
    height, left = 300, 60
    every = [point for curve in curves for point in curve.points]
    across = _Scale(0.0, max(point[0] for point in every), left, WIDTH - 120)
    values = [point[1] for point in every]
    up = _Scale(min(0.0, *values), max(values), height - 44, 24)
    drawn = "".join(_curve(curve, at, across, up) for at, curve in enumerate(curves))
    return _svg(label, height, _axes(across, up, height, left, x, y) + drawn)


def _curve(curve: Line, at: int, across: _Scale, up: _Scale) -> str:
    path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in curve.points)
    x, y = curve.points[-1]
    return (
        f'<polyline class="k-curve k-curve-{at}" points="{path}"/>'
        f'<text class="k-curve-{at}" x="{across(x) + 8:.1f}" y="{up(y) + (-8 if at else 14):.1f}">'
        f"{safe(curve.name)}</text>"
    )


def bars(rows: Sequence[tuple[str, float, str]], label: str) -> str:
    """Bars of (name, share from 0 to 1, words): a list, so that it reads without eyes too."""
    items = "".join(
        f"<li><span>{safe(name)}</span>"
        f'<i aria-hidden="true"><b style="width:{100 * min(max(share, 0), 1):.1f}%"></b></i>'
        f"<small>{safe(words)}</small></li>"
        for name, share, words in rows
    )
    return f'<ul class="k-bars" aria-label="{safe(label)}">{items}</ul>'


def _axes(across: _Scale, up: _Scale, height: float, left: float, x: str, y: str) -> str:
    grid = "".join(
        f'<line class="k-grid{" k-zero" if tick == 0 else ""}" x1="{left}" x2="{across.end:.0f}" '
        f'y1="{up(tick):.1f}" y2="{up(tick):.1f}"/><text class="k-tick" text-anchor="end" '
        f'x="{left - 8}" y="{up(tick) + 4:.1f}">{_number(tick)}</text>'
        for tick in ticks(up.low, up.high)
    )
    below = "".join(
        f'<text class="k-tick" text-anchor="middle" x="{across(tick):.1f}" y="{height - 24}">'
        f"{_number(tick)}</text>"
        for tick in ticks(across.low, across.high)
    )
    names = (
        f'<text class="k-tick" x="{left}" y="14">{safe(y)}</text>'
        f'<text class="k-tick" text-anchor="end" x="{across.end:.0f}" y="{height - 6}">{safe(x)}'
        "</text>"
    )
    return grid + below + names


@dataclass(frozen=True)
class _Scale:
    """From a value to a place between start and end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float) -> list[float]:
    """A handful of round numbers from low to high."""
    span = (high - low) or 1.0
    size = 10.0 ** len(f"{int(span)}") / 10 if span >= 1 else 0.1
    step = next(size * part for part in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if span / (size * part) <= 8)
    first = math.ceil(low / step)
    return [round(at * step, 6) for at in range(first, int(high // step) + 1)]


def _number(value: float, sign: bool = False) -> str:
    text = f"{value:+g}" if sign and value else f"{value:g}"
    return text.replace("-", "−")


def _short(name: str, longest: int = 26) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
