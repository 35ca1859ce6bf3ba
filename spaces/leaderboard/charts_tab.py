"""The pictures of the whole board: what improved, what is covered, what a gain cost.

Pure. They show what the filters leave, and say so when that is too much for one picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import svg_charts
from benchmarks import BENCHMARKS, Benchmark, points
from entries import Entry
from table_html import money

MOST_ROWS, MOST_POINTS = 60, 400
BY_KEY = {column.key: column for column in BENCHMARKS}


def pictures(entries: Sequence[Entry], key: str) -> str:
    """All of them, improvement on one benchmark first."""
    if not entries:
        return '<p class="k-empty">Nothing to draw: no model is left by these filters.</p>'
    column = BY_KEY.get(key, BENCHMARKS[0])
    return f"{_improvement(entries, column)}{_coverage(entries)}{_cost(entries)}"


def _improvement(entries: Sequence[Entry], column: Benchmark) -> str:
    rows = [
        svg_charts.Dot(
            entry.title + (f" v{entry.version[0]}" if entry.version[1] > 1 else ""),
            points(column, score.difference),
            score.interval
            and (points(column, score.interval[0]), points(column, score.interval[1])),
            score.verdict,
        )
        for entry in entries
        if (score := entry.scores.get(column.key)) and score.difference is not None
    ]
    title = f"Improvement: {column.label} ({column.source})"
    if not rows:
        return svg_charts.figure(title, "No model that is shown was tested on this.", "")
    rows.sort(key=lambda row: -row.value)
    shown = rows[:MOST_ROWS]
    sure = Counter(row.verdict for row in rows)
    words = (
        f"{column.metric} points against the base model with 95% intervals: {sure['gain']} clear "
        f"gains, {sure['loss']} clear losses, {sure['unclear']} that may be luck."
    )
    if len(shown) < len(rows):
        words += f" The {len(shown)} largest of {len(rows)} are drawn."
    told = "; ".join(f"{row.name} {row.value:+.1f}".replace("-", "−") for row in shown)
    return svg_charts.figure(title, words, svg_charts.dots(shown, f"{title}. {told}"))


def _coverage(entries: Sequence[Entry]) -> str:
    languages = {entry.code for entry in entries}
    tested = [
        (column, len({entry.code for entry in entries if column.key in entry.scores}))
        for column in BENCHMARKS
    ]
    rows = [
        (f"{column.label} ({column.source})", many / len(languages), f"{many} of {len(languages)}")
        for column, many in tested
    ]
    drawn = svg_charts.bars(rows, "Languages that each test covers")
    families = Counter(
        language.family or "other"
        for language in {entry.code: entry.language for entry in entries}.values()
    ).most_common(12)
    most = families[0][1]
    kin = svg_charts.bars(
        [(name, many / most, str(many)) for name, many in families], "Languages by family"
    )
    halves = (
        f'<div class="k-halves"><div><h4>By test</h4>{drawn}</div>'
        f"<div><h4>By family</h4>{kin}</div></div>"
    )
    words = f"{len(languages)} languages; a test covers those that its authors wrote it for."
    return svg_charts.figure("Coverage", words, halves)


def _cost(entries: Sequence[Entry]) -> str:
    found = [
        (entry.title, entry.cost, entry.gain, "gain" if entry.gain > 0 else "loss")
        for entry in entries
        if entry.cost is not None and entry.gain is not None
    ][:MOST_POINTS]
    title = "Cost against gain"
    if len(found) < 2:
        return svg_charts.figure(title, "Drawn once two models have a known cost.", "")
    costs, gains = sorted(one[1] for one in found), sorted(one[2] for one in found)
    words = (
        f"Mean gain over all tests (points) for US dollars spent, {len(found)} models. Half cost "
        f"{money(costs[len(costs) // 2])} or less; half gained "
        f"{gains[len(gains) // 2]:+.1f} points or more.".replace("-", "−")
    )
    svg = svg_charts.scatter(found, f"{title}. {words}", "US dollars", "mean gain, points")
    return svg_charts.figure(title, words, svg)
