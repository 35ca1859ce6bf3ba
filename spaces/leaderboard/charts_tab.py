"""The charts of the whole leaderboard: improvement, coverage, cost against gain.

Pure. They show the entries that match the filters, and say so if there are too many for one chart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_high

from benchmarks import Benchmark, BenchmarkTable
from entries import Entry, Score
from html_templates import render
from language_groups import family
from number_format import counted, money, number
from svg_charts import Dot, DotPlot, ScatterPlot, scatter_plot

MAX_ROWS, MAX_POINTS, MAX_FAMILIES = 60, 400, 12
Bars = list[tuple[str, float, str]]


@dataclass(frozen=True)
class Figure:
    """A chart with a title and a caption; without a plot the caption says why."""

    title: str
    caption: str
    plot: DotPlot | ScatterPlot | None = None


@dataclass(frozen=True)
class Coverage:
    """How many languages each test covers, and how many there are of each family."""

    caption: str
    by_benchmark: Bars
    by_family: Bars


def charts(entries: Sequence[Entry], benchmark: Benchmark, benchmarks: BenchmarkTable) -> str:
    """Return all charts; the first one shows the improvement on one benchmark."""
    if not entries:
        return render("charts_tab.html", entries=entries)
    return render(
        "charts_tab.html",
        entries=entries,
        improvement=_improvement(entries, benchmark),
        coverage=_coverage(entries, benchmarks),
        scatters=(_size(entries), _cost(entries)),
    )


def difference_dot(name: str, benchmark: Benchmark, score: Score | None) -> Dot | None:
    """Return the difference from the base model, in points; None if there is none."""
    if score is None or score.difference is None:
        return None
    interval = score.interval and (
        benchmark.points(score.interval[0]),
        benchmark.points(score.interval[1]),
    )
    return Dot(name, benchmark.points(score.difference), interval, score.outcome)


def describe_dots(rows: Sequence[Dot]) -> str:
    """Return the names and values of a dot plot for screen readers."""
    return "; ".join(f"{row.name} {number(row.value, sign=True)}" for row in rows)


def _improvement(entries: Sequence[Entry], benchmark: Benchmark) -> Figure:
    rows = []
    for entry in entries:
        name = entry.title + (f" v{entry.version}" if entry.version_count > 1 else "")
        if dot := difference_dot(name, benchmark, entry.scores.get(benchmark.key)):
            rows.append(dot)
    title = f"Improvement: {benchmark.title}"
    if not rows:
        return Figure(title, "None of these models has taken this test.")
    rows.sort(key=lambda row: -row.value)
    shown = rows[:MAX_ROWS]
    outcomes = Counter(row.outcome for row in rows)
    caption = (
        f"{benchmark.metric} points compared with the base model, with 95% intervals: "
        f"{counted(outcomes['gain'], 'clear gain')}, "
        f"{counted(outcomes['loss'], 'clear loss', 'clear losses')}, "
        f"{counted(outcomes['unclear'], 'difference')} that may be due to chance."
    )
    if len(shown) < len(rows):
        caption += f" The chart shows the {len(shown)} largest of {len(rows)}."
    return Figure(title, caption, DotPlot(shown, f"{title}. {describe_dots(shown)}"))


def _coverage(entries: Sequence[Entry], benchmarks: BenchmarkTable) -> Coverage:
    codes = dict.fromkeys(entry.code for entry in entries)
    covered = [
        (benchmark, len({entry.code for entry in entries if benchmark.key in entry.scores}))
        for benchmark in benchmarks.benchmarks
    ]
    families = Counter(family(code) or "other" for code in codes).most_common(MAX_FAMILIES)
    largest = families[0][1]
    return Coverage(
        f"{counted(len(codes), 'language')}. A test covers only the languages that its "
        "authors made it for.",
        [
            (benchmark.title, count / len(codes), f"{count} of {len(codes)}")
            for benchmark, count in covered
        ],
        [(name, count / largest, str(count)) for name, count in families],
    )


def _size(entries: Sequence[Entry]) -> Figure:
    points = [
        (
            entry.title,
            entry.parameters / 1e9,
            entry.mean,
            "gain" if (entry.gain or 0) > 0 else "loss",
        )
        for entry in entries
        if entry.parameters is not None and entry.mean is not None
    ][:MAX_POINTS]
    title = "Size against score"
    if len(points) < 2:
        return Figure(title, "This chart appears when the size of at least two models is known.")
    caption = (
        "Mean score of the adapter over the families of tests (0 to 100) and billions of "
        f"parameters of {len(points)} models. "
        "Full dots are better than their base model, rings are not."
    )
    plot = scatter_plot(points, f"{title}. {caption}", "billion parameters", "mean score")
    return Figure(title, caption, plot)


def _cost(entries: Sequence[Entry]) -> Figure:
    points = [
        (entry.title, entry.cost_usd, entry.gain, "gain" if entry.gain > 0 else "loss")
        for entry in entries
        if entry.cost_usd is not None and entry.gain is not None
    ][:MAX_POINTS]
    title = "Cost against gain"
    if len(points) < 2:
        return Figure(title, "This chart appears when the cost of at least two models is known.")
    median_cost = median_high(cost for _, cost, _, _ in points)
    median_gain = median_high(gain for _, _, gain, _ in points)
    caption = (
        f"Mean gain over the families of tests (points) and cost (US dollars) of {len(points)} "
        f"models. Half of them cost {money(median_cost)} or less; half of them gained "
        f"{number(median_gain, sign=True)} points or more."
    )
    plot = scatter_plot(points, f"{title}. {caption}", "US dollars", "mean gain, points")
    return Figure(title, caption, plot)
