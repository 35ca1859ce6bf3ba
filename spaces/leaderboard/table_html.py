"""The HTML of the table. Pure. Numbers are rounded here, never computed."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks import ABOUT, ABOUT_TITLE, Benchmark, BenchmarkTable
from common.hub_urls import HubUrls
from entries import Entry, Leaderboard, Score
from html_templates import render
from number_format import counted
from query import Page, to_query

OUTCOMES = {
    "gain": ("▲", "clear gain"),
    "loss": ("▼", "clear loss"),
    "unclear": ("≈", "no clear change"),
    "untested": ("·", "not tested"),
}


def table(page: Page, benchmarks: BenchmarkTable, urls: HubUrls) -> str:
    """Return one page of the leaderboard."""
    columns = page.view.columns
    return render(
        "table.html",
        page=page,
        table=benchmarks,
        shown=[each for each in benchmarks.benchmarks if not columns or each.key in columns],
        has_about=not columns or ABOUT in columns,
        about_title=ABOUT_TITLE,
        outcomes=OUTCOMES,
        positions=_positions,
        urls=urls,
    )


def _positions(benchmark: Benchmark, score: Score) -> list[str]:
    """Return base, adapter and chance on a line, and start and width of what is between the first.

    All are percentages from 0 to 100; chance is empty if it is unknown. Without base or adapter the
    list is empty.
    """
    if score.base is None or score.adapter is None:
        return []
    base, adapter, chance = (
        min(max(benchmark.points(value or 0.0), 0.0), 100.0)
        for value in (score.base, score.adapter, score.chance)
    )
    places = [
        f"{at:.1f}%" for at in (base, adapter, chance, min(base, adapter), abs(adapter - base))
    ]
    return places if score.chance is not None else [*places[:2], "", *places[3:]]


def empty_table(leaderboard: Leaderboard, urls: HubUrls) -> str:
    """Return what is shown instead of a table without rows."""
    return render("empty_table.html", leaderboard=leaderboard, urls=urls)


def status_bar(page: Page, leaderboard: Leaderboard, problem: str) -> str:
    """Return how many models are shown, what is wrong, and links to this view."""
    total = len(leaderboard.entries)
    models = counted(total, "model")
    parts = [models if page.total == total else f"{page.total:,} of {models}"]
    if leaderboard.unreadable_rows:
        rows = counted(leaderboard.unreadable_rows, "unreadable result row")
        parts.append(f"{rows} left out")
    if leaderboard.unreadable_files:
        files = counted(len(leaderboard.unreadable_files), "unreadable file")
        parts.append(f"{files} left out ({', '.join(leaderboard.unreadable_files[:3])})")
    if problem:
        parts.append(problem)
    return render("status_bar.html", parts=parts, query=to_query(page.view))


def practice_note(entries: Iterable[Entry]) -> str:
    """Return what "practice" means, if any of the entries is a practice run."""
    return render("practice_note.html", entries=entries).strip()
