"""The texts around the table: what it is, how to read it, how to request a language. Pure."""

from __future__ import annotations

import export
from benchmarks import BenchmarkTable
from common.hub_urls import HubUrls
from entries import Leaderboard
from html_templates import render
from number_format import noun

TITLE = "Kakugo leaderboard"


def hero(leaderboard: Leaderboard) -> str:
    """Return the heading of the page with the counts of languages, models and requests."""
    languages = len({entry.code for entry in leaderboard.entries})
    unfinished = sum(request.is_in_progress for request in leaderboard.requests)
    models = len(leaderboard.entries)
    facts = (
        (noun(languages, "language"), languages),
        (noun(models, "model"), models),
        (noun(unfinished, "request in progress", "requests in progress"), unfinished),
    )
    return render("hero.html", facts=facts)


def guide(table: BenchmarkTable) -> str:
    """Return how to read the table, for people who have never seen one like it."""
    families: dict[str, dict[str, None]] = {}
    for benchmark in table.benchmarks:
        families.setdefault(benchmark.family or benchmark.name, {})[benchmark.source] = None
    names = [(family, ", ".join(sources)) for family, sources in families.items()]
    first = table.benchmarks[0].key
    scores = {f"{first}_{name}": meaning for name, meaning in export.SCORE_COLUMNS.items()}
    columns = (
        ("Of the model", export.COLUMNS | export.ABOUT_COLUMNS),
        ("Asked in a chat", export.CHAT_COLUMNS),
        (f"Of each test, here {table.benchmarks[0].title}", scores),
    )
    return render("guide.html", table=table, families=names, columns=columns)


def request_intro() -> str:
    """Return how to request a language, for above the form."""
    return render("request_intro.html")


def request_alternative(urls: HubUrls) -> str:
    """Return the other way to request a language, for below the form."""
    return render("request_alternative.html", urls=urls)
