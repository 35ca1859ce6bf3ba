"""The charts of the whole leaderboard: improvement, coverage, cost against gain.

Pure. They show the entries that match the filters, and say so if there are too many for one chart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median_high

import svg_charts
from benchmarks import Benchmark, BenchmarkTable
from entries import Entry, Score
from language_groups import family
from number_format import counted, money, number

MAX_ROWS, MAX_POINTS, MAX_FAMILIES = 60, 400, 12


def charts(entries: Sequence[Entry], benchmark: Benchmark, benchmarks: BenchmarkTable) -> str:
    """Return all charts; the first one shows the improvement on one benchmark."""
    if not entries:
        return '<p class="k-empty">There is nothing to draw: no model matches these filters.</p>'
    coverage = _coverage(entries, benchmarks)
    return f"{_improvement(entries, benchmark)}{coverage}{_cost(entries)}"


def difference_dot(name: str, benchmark: Benchmark, score: Score | None) -> svg_charts.Dot | None:
    """Return the difference from the base model, in points; None if there is none."""
    if score is None or score.difference is None:
        return None
    interval = score.interval and (
        benchmark.points(score.interval[0]),
        benchmark.points(score.interval[1]),
    )
    return svg_charts.Dot(name, benchmark.points(score.difference), interval, score.outcome)


def describe_dots(rows: Sequence[svg_charts.Dot]) -> str:
    """Return the names and values of a dot plot for screen readers."""
    return "; ".join(f"{row.name} {number(row.value, sign=True)}" for row in rows)


def _improvement(entries: Sequence[Entry], benchmark: Benchmark) -> str:
    rows = []
    for entry in entries:
        name = entry.title + (f" v{entry.version}" if entry.version_count > 1 else "")
        if dot := difference_dot(name, benchmark, entry.scores.get(benchmark.key)):
            rows.append(dot)
    title = f"Improvement: {benchmark.title}"
    if not rows:
        return svg_charts.figure(title, "None of these models has taken this test.", "")
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
    svg = svg_charts.dot_plot(shown, f"{title}. {describe_dots(shown)}")
    return svg_charts.figure(title, caption, svg)


def _coverage(entries: Sequence[Entry], benchmarks: BenchmarkTable) -> str:
    codes = dict.fromkeys(entry.code for entry in entries)
    covered = [
        (benchmark, len({entry.code for entry in entries if benchmark.key in entry.scores}))
        for benchmark in benchmarks.benchmarks
    ]
    by_benchmark = svg_charts.bar_list(
        [
            (benchmark.title, count / len(codes), f"{count} of {len(codes)}")
            for benchmark, count in covered
        ],
        "Languages that each test covers",
    )
    families = Counter(family(code) or "other" for code in codes).most_common(MAX_FAMILIES)
    largest = families[0][1]
    by_family = svg_charts.bar_list(
        [(name, count / largest, str(count)) for name, count in families], "Languages by family"
    )
    columns = (
        f'<div class="k-two-columns"><div><h4>By test</h4>{by_benchmark}</div>'
        f"<div><h4>By family</h4>{by_family}</div></div>"
    )
    caption = (
        f"{counted(len(codes), 'language')}. A test covers only the languages that its "
        "authors made it for."
    )
    return svg_charts.figure("Coverage", caption, columns)


def _cost(entries: Sequence[Entry]) -> str:
    points = [
        (entry.title, entry.cost_usd, entry.gain, "gain" if entry.gain > 0 else "loss")
        for entry in entries
        if entry.cost_usd is not None and entry.gain is not None
    ][:MAX_POINTS]
    title = "Cost against gain"
    if len(points) < 2:
        caption = "This chart appears when the cost of at least two models is known."
        return svg_charts.figure(title, caption, "")
    median_cost = median_high(cost for _, cost, _, _ in points)
    median_gain = median_high(gain for _, _, gain, _ in points)
    caption = (
        f"Mean gain over all tests (points) and cost (US dollars) of {len(points)} models. "
        f"Half of them cost {money(median_cost)} or less; half of them gained "
        f"{number(median_gain, sign=True)} points or more."
    )
    svg = svg_charts.scatter_plot(points, f"{title}. {caption}", "US dollars", "mean gain, points")
    return svg_charts.figure(title, caption, svg)
