"""The HTML of the table. Pure.

Every value passes `safe` on its way into HTML. Numbers are rounded here, never computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from benchmarks import ABOUT, ABOUT_TITLE, Benchmark, BenchmarkTable
from common.hub_urls import HubUrls
from common.languages import Language
from common.markup import link, safe
from entries import Entry, Leaderboard, Score
from number_format import MISSING, count, counted, difference, money, parameters, score
from query import Page, to_query

_OUTCOMES = {
    "gain": ("▲", "clear gain"),
    "loss": ("▼", "clear loss"),
    "unclear": ("≈", "no clear change"),
    "untested": ("·", "not tested"),
}


def badge(entry: Entry) -> str:
    """Return a badge for a practice run, whose scores are not from real benchmarks."""
    return '<span class="k-badge">practice</span>' if entry.practice else ""


def version_badge(entry: Entry) -> str:
    """Return a badge with the version of an adapter that has several."""
    if entry.version_count == 1:
        return ""
    text = f"version {entry.version} of {entry.version_count}"
    return f'<span class="k-badge k-version">{text}</span>'


def language_link(code: str, text: str) -> str:
    """Return a link to the page of one language; a script opens it without loading a new page."""
    target = safe("?" + urlencode({"language": code}))
    return f'<a href="{target}" data-language="{safe(code)}"><bdi>{safe(text)}</bdi></a>'


def autonym(language: Entry | Language) -> str:
    """Return a language's own name, unless it is equal to its English name."""
    name = language.autonym
    if name in ("", language.title):
        return ""
    return f' <bdi lang="{safe(language.bcp47)}">{safe(name)}</bdi>'


def table(page: Page, benchmarks: BenchmarkTable, urls: HubUrls) -> str:
    """Return one page of the leaderboard."""
    columns = page.view.columns
    shown = [each for each in benchmarks.benchmarks if not columns or each.key in columns]
    has_about = not columns or ABOUT in columns
    headings = "".join(_heading(benchmark, page.view.sort) for benchmark in shown)
    if has_about:
        headings += _plain_heading(ABOUT_TITLE)
    rows = "".join(_row(entry, benchmarks, shown, has_about, urls) for entry in page.entries)
    return (
        '<table class="k-table" role="table"><caption class="k-hidden">Languages with the scores '
        "of the base model and of the adapter</caption>"
        f'<thead role="rowgroup"><tr role="row">{_name_heading(page.view.sort)}{headings}'
        f"{_plain_heading('Links')}</tr></thead>"
        f'<tbody role="rowgroup">{rows}</tbody></table>{_pager(page)}'
    )


def _plain_heading(text: str) -> str:
    return f'<th role="columnheader" scope="col" class="k-plain-heading">{text}</th>'


def _name_heading(sort: str) -> str:
    order = {"name": "ascending", "-name": "descending"}.get(sort, "none")
    return (
        f'<th role="columnheader" scope="col" aria-sort="{order}">'
        '<button type="button" data-sort="name">Language</button></th>'
    )


def _heading(benchmark: Benchmark, sort: str) -> str:
    order = {benchmark.key: "descending", f"-{benchmark.key}": "ascending"}.get(sort, "none")
    return (
        f'<th role="columnheader" scope="col" aria-sort="{order}" '
        f'title="{safe(benchmark.description)}">'
        f'<button type="button" data-sort="{benchmark.key}">{safe(benchmark.label)}</button>'
        f"<small>{safe(benchmark.source)} · {safe(benchmark.metric)}</small></th>"
    )


def _row(
    entry: Entry, table: BenchmarkTable, shown: list[Benchmark], has_about: bool, urls: HubUrls
) -> str:
    cells = "".join(_cell(benchmark, entry.scores.get(benchmark.key)) for benchmark in shown)
    return (
        '<tr role="row"><th role="rowheader" scope="row" class="k-name">'
        f"<strong>{language_link(entry.code, entry.title)}</strong>"
        f"{badge(entry)}{version_badge(entry)}"
        f'<span>{autonym(entry)} <bdi class="k-code">{safe(entry.code)}</bdi></span></th>'
        f"{cells}{_about(entry) if has_about else ''}"
        f'<td role="cell" class="k-links">{_links(entry, urls)}</td></tr>'
        '<tr role="row" class="k-details-row">'
        f'<td role="cell" colspan="{len(shown) + has_about + 2}">{_details(entry, table)}</td></tr>'
    )


def _about(entry: Entry) -> str:
    size = "" if entry.parameters is None else f"{parameters(entry.parameters)} parameters"
    lines = "".join(
        f"<span>{safe(text)}</span>" for text in (size, money(entry.cost_usd), entry.date) if text
    )
    return f'<td role="cell" data-label="{ABOUT_TITLE}" class="k-facts-cell">{lines}</td>'


def _cell(benchmark: Benchmark, result: Score | None) -> str:
    names = f'data-label="{safe(benchmark.label)}" data-source="{safe(benchmark.source)}"'
    label = f'role="cell" {names}'
    if result is None:
        return f'<td {label} class="k-not-covered">not covered</td>'
    symbol, outcome = _OUTCOMES[result.outcome]
    return (
        f'<td {label} class="k-score"><span class="k-values"><span class="k-base">'
        f'<span class="k-hidden">base </span>{score(benchmark, result.base)}</span>'
        '<span aria-hidden="true" class="k-arrow">→</span>'
        f'<span class="k-hidden">adapter </span><b>{score(benchmark, result.adapter)}</b></span>'
        f"{_track(benchmark, result)}"
        f'<span class="k-outcome k-{result.outcome}"><span aria-hidden="true">{symbol}</span> '
        f"{difference(benchmark, result.difference)} <small>{outcome}</small></span></td>"
    )


def _track(benchmark: Benchmark, result: Score) -> str:
    """Return base and adapter on a line from 0 to 100, with a tick at the score of guessing."""
    if result.base is None or result.adapter is None:
        return ""
    base, adapter = _position(benchmark, result.base), _position(benchmark, result.adapter)
    low, high = min(base, adapter), max(base, adapter)
    chance = (
        f'<i class="k-chance" style="left:{_position(benchmark, result.chance):.1f}%"></i>'
        if result.chance is not None
        else ""
    )
    return (
        f'<span class="k-track k-{result.outcome}" aria-hidden="true">{chance}'
        f'<i class="k-range" style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
        f'<i class="k-base-dot" style="left:{base:.1f}%"></i>'
        f'<i class="k-adapter-dot" style="left:{adapter:.1f}%"></i></span>'
    )


def _position(benchmark: Benchmark, value: float) -> float:
    """Return the place of a value on the line in percent, never outside of it."""
    return min(max(benchmark.points(value), 0), 100)


def _links(entry: Entry, urls: HubUrls) -> str:
    title = entry.title
    links = [
        link(urls.chat(entry.code), "Chat", f"Chat with the {title} model"),
        link(urls.model(entry.model), "Model", f"The {title} model"),
        link(urls.dataset(entry.code), "Data", f"The {title} dataset"),
    ]
    if entry.discussion is not None:
        url = urls.discussion(entry.discussion)
        links.append(link(url, f"#{entry.discussion}", f"The discussion that requested {title}"))
    return "".join(links)


def _details(entry: Entry, table: BenchmarkTable) -> str:
    rows = "".join(
        _detail_row(benchmark, result)
        for benchmark in table.benchmarks
        if (result := entry.scores.get(benchmark.key))
    )
    facts = (
        f"Adapter {safe(entry.model)}",
        f"base model {safe(entry.base or 'unknown')}",
        f"cost {safe(money(entry.cost_usd))}",
        f"tested on {safe(entry.date or 'an unknown day')}",
    )
    names = ("Benchmark", "Base", "Adapter", "Difference", "95% interval", "p", "Items",
             "Guessing", "Broken answers")  # fmt: skip
    headings = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        f'<details><summary>Intervals, cost, date<span class="k-hidden"> of {safe(entry.title)}'
        f"</span></summary><p>{' · '.join(facts)}</p>"
        '<div class="k-scroll" role="region" tabindex="0" '
        f'aria-label="Numbers of {safe(entry.title)}">'
        f'<table class="k-numbers"><thead><tr>{headings}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _detail_row(benchmark: Benchmark, result: Score) -> str:
    interval = MISSING
    if result.interval:
        interval = " to ".join(difference(benchmark, end) for end in result.interval)
    cells = (
        score(benchmark, result.base),
        score(benchmark, result.adapter),
        difference(benchmark, result.difference),
        interval,
        _p_value(result.p),
        count(result.n),
        score(benchmark, result.chance),
        count(result.degenerate),
    )
    name = f"{benchmark.label} <small>{benchmark.source}, {benchmark.metric}</small>"
    return (
        f'<tr title="{safe(result.signature)}"><th scope="row">{name}</th>'
        + "".join(f"<td>{safe(cell)}</td>" for cell in cells)
        + "</tr>"
    )


def _p_value(p: float | None) -> str:
    if p is None:
        return MISSING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _pager(page: Page) -> str:
    if page.pages < 2:
        return ""
    previous = "" if page.number > 1 else " disabled"
    following = "" if page.number < page.pages else " disabled"
    return (
        '<nav class="k-pager" aria-label="Pages">'
        f'<button type="button" data-page="{page.number - 1}"{previous}>Previous</button>'
        f"<span>Page {page.number} of {page.pages}</span>"
        f'<button type="button" data-page="{page.number + 1}"{following}>Next</button></nav>'
    )


def empty_table(leaderboard: Leaderboard, urls: HubUrls) -> str:
    """Return what is shown instead of a table without rows."""
    if leaderboard.entries:
        text = "No language matches. Try another spelling, or fewer filters."
        return f'<p class="k-empty">{text}</p>'
    request = link(urls.discussions, "Request the first one in the Community tab.")
    return f'<p class="k-empty">No language has been evaluated yet. {request}</p>'


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
    query = safe(to_query(page.view))
    mark = "?" if query else ""
    return (
        f'<div class="k-status-bar" data-query="{query}">'
        f'<p class="k-status" role="status">{safe(" · ".join(parts))}</p>'
        '<p class="k-downloads">'
        f'<a href="?{query}" target="_blank" rel="noopener">Link to this view</a>'
        f'<a href="api/rows.csv{mark}{query}" download>CSV</a>'
        f'<a href="api/rows.json{mark}{query}" download>JSON</a></p></div>'
    )


def practice_note(entries: Iterable[Entry]) -> str:
    """Return what "practice" means, if any of the entries is a practice run."""
    if not any(entry.practice for entry in entries):
        return ""
    return (
        '<p class="k-note"><span class="k-badge">practice</span> These rows come from a practice '
        "run with a tiny model and tests that were made up for it. They show that everything "
        "works; they say nothing about the real FLORES, SIB-200, Belebele or Global-MMLU.</p>"
    )
