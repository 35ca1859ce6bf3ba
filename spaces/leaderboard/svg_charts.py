"""The geometry of the charts, which `html/charts.html` draws as SVG.

Pure. Each chart says in words what it shows, for screen readers. No script, no library.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

WIDTH = 400  # on a phone a unit is a little less than a pixel
LEFT = 48  # of the axes, with their numbers before it
MAX_NAMED_POINTS = 30
MIN_NAME_GAP, NAME_WIDTH = 16.0, 90.0


@dataclass(frozen=True)
class Scale:
    """Maps values from low to high to coordinates from start to end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True)
class Dot:
    """A row of a dot plot: a name, a value with its interval, and an outcome."""

    name: str
    value: float
    interval: tuple[float, float] | None
    outcome: str


@dataclass(frozen=True)
class DotPlot:
    """A list, one item a row: the value as a dot, its interval as a bar, with a line at zero."""

    rows: Sequence[Dot]
    label: str

    @property
    def x(self) -> Scale:
        """Maps values to percentages of the width."""
        ends = [end for row in self.rows for end in (row.interval or (row.value, row.value))]
        return Scale(min(0.0, *ends), max(0.0, *ends), 0, 100)

    @property
    def ticks(self) -> list[float]:
        return ticks(self.x.low, self.x.high)


@dataclass(frozen=True)
class Curve:
    """A curve through points (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class _Axes:
    """Two scales with titles; zero is always on both."""

    label: str
    x: Scale
    y: Scale
    x_title: str
    y_title: str
    height: int
    width: ClassVar[int] = WIDTH
    left: ClassVar[int] = LEFT

    @property
    def x_ticks(self) -> list[float]:
        return ticks(self.x.low, self.x.high)

    @property
    def y_ticks(self) -> list[float]:
        return ticks(self.y.low, self.y.high)


@dataclass(frozen=True)
class ScatterPlot(_Axes):
    """Points of (name, x, y, outcome)."""

    points: Sequence[tuple[str, float, float, str]] = ()

    def anchor(self, x: float) -> str:
        """Return which end of a name is at its point, so that it stays inside of the chart."""
        return "end" if self.x(x) > WIDTH * 0.6 else "start"

    @property
    def is_named(self) -> list[bool]:
        """Whether each point's name is shown: it has space, and there are not too many."""
        named: list[tuple[float, float]] = []
        shown = []
        for _, x, y, _ in self.points:
            left_of_point = NAME_WIDTH if self.anchor(x) == "end" else 0.0
            at = self.x(x) - left_of_point, self.y(y)
            is_free = all(
                abs(at[0] - left) > NAME_WIDTH or abs(at[1] - top) > MIN_NAME_GAP
                for left, top in named
            )
            shown.append(is_free and len(named) < MAX_NAMED_POINTS)
            if shown[-1]:
                named.append(at)
        return shown


@dataclass(frozen=True)
class LineChart(_Axes):
    """Curves over the same axes, each with its name at its end."""

    curves: Sequence[Curve] = ()

    @property
    def name_ys(self) -> list[float]:
        """The coordinate of each curve's name, far enough apart to be read."""
        ends = [self.y(curve.points[-1][1]) for curve in self.curves]
        placed: dict[int, float] = {}
        above = -math.inf
        for number in sorted(range(len(ends)), key=ends.__getitem__):
            above = placed[number] = max(ends[number] + 4, above + MIN_NAME_GAP)
        return [placed[number] for number in range(len(ends))]


def scatter_plot(
    points: Sequence[tuple[str, float, float, str]], label: str, x_title: str, y_title: str
) -> ScatterPlot:
    """Return points of (name, x, y, outcome) on axes that fit them."""
    height = 300
    x = Scale(0.0, max(x for _, x, _, _ in points), LEFT, WIDTH - 12)
    values = [y for _, _, y, _ in points]
    y = Scale(min(0.0, *values), max(0.0, *values), height - 44, 24)
    return ScatterPlot(label, x, y, x_title, y_title, height, points=points)


def line_chart(curves: Sequence[Curve], label: str, x_title: str, y_title: str) -> LineChart:
    """Return curves on axes that fit them."""
    height = 260
    points = [point for curve in curves for point in curve.points]
    x = Scale(0.0, max(x for x, _ in points), LEFT, WIDTH - 100)
    values = [y for _, y in points]
    y = Scale(min(0.0, *values), max(values), height - 44, 24)
    return LineChart(label, x, y, x_title, y_title, height, curves=curves)


def ticks(low: float, high: float) -> list[float]:
    """Return a handful of round numbers from low to high."""
    span = (high - low) or 1.0
    size = 10.0 ** len(f"{int(span)}") / 10 if span >= 1 else 0.1
    step = next(size * part for part in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if span / (size * part) <= 8)
    first = math.ceil(low / step)
    return [round(number * step, 6) for number in range(first, int(high // step) + 1)]


def tick_label(value: float, sign: bool = False) -> str:
    """Return the number at a tick."""
    text = f"{value:+g}" if sign and value else f"{value:g}"
    return text.replace("-", "−")


def px(value: float) -> str:
    """Return a coordinate or a share in percent."""
    return f"{value:.1f}"


def shortened(name: str, max_length: int = 26) -> str:
    """Return a name that fits beside a chart."""
    return name if len(name) <= max_length else f"{name[: max_length - 1]}…"
