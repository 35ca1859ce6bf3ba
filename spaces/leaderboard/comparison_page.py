"""The HTML of the page that shows a few entries side by side. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from benchmarks import BenchmarkTable
from common.hub_urls import HubUrls
from entries import Entry
from entry_facts import entry_facts
from html_templates import render
from table_html import OUTCOMES


def comparison_page(entries: Sequence[Entry], benchmarks: BenchmarkTable, urls: HubUrls) -> str:
    """Return the entries as columns: what is known about them, and their scores."""
    facts = [entry_facts(entry) for entry in entries]
    return render(
        "comparison_page.html",
        entries=entries,
        facts=facts,
        names=dict.fromkeys(name for each in facts for name, text in each.items() if text),
        benchmarks=[
            benchmark
            for benchmark in benchmarks.benchmarks
            if any(benchmark.key in entry.scores for entry in entries)
        ],
        outcomes=OUTCOMES,
        view=urlencode({"compared": ",".join(entry.key for entry in entries)}),
        urls=urls,
    )
