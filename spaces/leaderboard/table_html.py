"""How the table looks: frozen values in, HTML out.

Pure. Every value passes `safe` on its way into HTML; figures are rounded here, never computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from benchmarks import ABOUT, BENCHMARKS, Benchmark, points
from entries import Board, Entry, Score
from markup import Links, link, safe
from query import Page, to_query

_VERDICTS = {
    "gain": ("▲", "clear gain"),
    "loss": ("▼", "clear loss"),
    "unclear": ("≈", "no clear change"),
    "untested": ("·", "not tested"),
}


def badge(entry: Entry) -> str:
    """Mark a row of the practice world, whose figures are about no real benchmark."""
    return '<span class="k-badge">practice</span>' if entry.practice else ""


def show(column: Benchmark, value: float | None) -> str:
    """Round a figure for people: chrF++ and percent with one decimal."""
    if value is None:
        return "–"
    return f"{points(column, value):.1f}" + ("%" if column.metric == "accuracy" else "")


def signed(column: Benchmark, value: float | None) -> str:
    """Round a difference and always show its sign."""
    return "–" if value is None else f"{points(column, value):+.1f}".replace("-", "−")


def money(value: float | None) -> str:
    """US dollars, to the cent."""
    return "–" if value is None else f"US${value:,.2f}"


def count(value: int | None) -> str:
    """A number of parameters as people say it: 3.2B, 350M."""
    if value is None:
        return "–"
    for unit, many in (("B", 10**9), ("M", 10**6), ("K", 10**3)):
        if value >= many:
            return f"{value / many:.3g}{unit}"
    return str(value)


def table(page: Page, links: Links) -> str:
    """The leaderboard itself, one page of it."""
    shown = [column for column in BENCHMARKS if column.key in page.view.columns]
    about = ABOUT in page.view.columns
    head = "".join(_heading(column, page.view.sort) for column in shown)
    if about:
        head += '<th role="columnheader" scope="col" class="k-links-head">Size, cost, date</th>'
    rows = "".join(_row(entry, shown, about, links) for entry in page.entries)
    return (
        '<table class="k-table" role="table"><caption class="k-hidden">Languages with the scores '
        "of the base model and of the adapter</caption>"
        f'<thead role="rowgroup"><tr role="row">{_name_heading(page.view.sort)}{head}'
        '<th role="columnheader" scope="col" class="k-links-head">Look closer</th></tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>{_pager(page)}'
    )


def _name_heading(sort: str) -> str:
    order = {"name": "ascending", "-name": "descending"}.get(sort, "none")
    return (
        f'<th role="columnheader" scope="col" aria-sort="{order}">'
        '<button type="button" data-sort="name">Language</button></th>'
    )


def _heading(column: Benchmark, sort: str) -> str:
    order = {column.key: "descending", f"-{column.key}": "ascending"}.get(sort, "none")
    return (
        f'<th role="columnheader" scope="col" aria-sort="{order}" title="{safe(column.tells)}">'
        f'<button type="button" data-sort="{column.key}">{column.label}</button>'
        f"<small>{column.source} · {column.metric}</small></th>"
    )


def opens(code: str, text: str) -> str:
    """A link to the page of one language; a script opens it without leaving the board."""
    target = safe("?" + urlencode({"language": code}))
    return f'<a href="{target}" data-language="{safe(code)}"><bdi>{safe(text)}</bdi></a>'


def _row(entry: Entry, shown: list[Benchmark], about: bool, links: Links) -> str:
    names = [f'<bdi class="k-code">{safe(entry.code)}</bdi>']
    if entry.autonym and entry.autonym != entry.name:
        names.insert(0, f'<bdi lang="{safe(entry.bcp47)}">{safe(entry.autonym)}</bdi>')
    cells = "".join(_cell(column, entry.scores.get(column.key)) for column in shown)
    return (
        '<tr role="row"><th role="rowheader" scope="row" class="k-name">'
        f"<strong>{opens(entry.code, entry.title)}</strong>{badge(entry)}{version(entry)}"
        f"<span>{' '.join(names)}</span></th>"
        f"{cells}{_about(entry) if about else ''}"
        f'<td role="cell" class="k-links">{_links(entry, links)}</td></tr>'
        f'<tr role="row" class="k-more"><td role="cell" colspan="{len(shown) + about + 2}">'
        f"{_details(entry)}</td></tr>"
    )


def version(entry: Entry) -> str:
    """Tell the versions of one adapter apart, where there are several."""
    which, many = entry.version
    return f'<span class="k-badge k-version">version {which} of {many}</span>' if many > 1 else ""


def _about(entry: Entry) -> str:
    size = "" if entry.size is None else f"{count(entry.size)} parameters"
    told = "".join(
        f"<span>{safe(text)}</span>" for text in (size, money(entry.cost), entry.date) if text
    )
    return f'<td role="cell" data-label="Size, cost, date" class="k-about">{told}</td>'


def _cell(column: Benchmark, score: Score | None) -> str:
    label = f'role="cell" data-label="{column.label}" data-source="{column.source}"'
    if score is None:
        return f'<td {label} class="k-none">not covered</td>'
    sign, words = _VERDICTS[score.verdict]
    return (
        f'<td {label} class="k-score"><span class="k-values"><span class="k-base">'
        f'<span class="k-hidden">base </span>{show(column, score.base)}</span>'
        '<span aria-hidden="true" class="k-arrow">→</span>'
        f'<span class="k-hidden">adapter </span><b>{show(column, score.adapter)}</b></span>'
        f"{_track(column, score)}"
        f'<span class="k-verdict k-{score.verdict}"><span aria-hidden="true">{sign}</span> '
        f"{signed(column, score.difference)} <small>{words}</small></span></td>"
    )


def _track(column: Benchmark, score: Score) -> str:
    """Draw base and adapter on a line from 0 to 100, with a tick where guessing would be."""
    if score.base is None or score.adapter is None:
        return ""
    start, end = _place(column, score.base), _place(column, score.adapter)
    low, high = min(start, end), max(start, end)
    guess = (
        f'<i class="k-guess" style="left:{_place(column, score.chance):.1f}%"></i>'
        if score.chance is not None
        else ""
    )
    return (
        f'<span class="k-track k-{score.verdict}" aria-hidden="true">{guess}'
        f'<i class="k-span" style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
        f'<i class="k-from" style="left:{start:.1f}%"></i>'
        f'<i class="k-to" style="left:{end:.1f}%"></i></span>'
    )


def _place(column: Benchmark, value: float) -> float:
    """Where a value stands on the line, kept inside it."""
    return min(max(points(column, value), 0), 100)


def _links(entry: Entry, links: Links) -> str:
    of = entry.title
    shown = [
        link(links.chat(entry.code), "Chat", f"Chat with the {of} model"),
        link(links.model(entry.model), "Model", f"The {of} model"),
        link(links.dataset(entry.code), "Data", f"The {of} dataset"),
    ]
    if entry.discussion is not None:
        url = links.discussion(entry.discussion)
        shown.append(link(url, f"#{entry.discussion}", f"The discussion that asked for {of}"))
    return "".join(shown)


def _details(entry: Entry) -> str:
    rows = "".join(
        _detail(column, score) for column in BENCHMARKS if (score := entry.scores.get(column.key))
    )
    facts = " · ".join(
        (
            f"Adapter {safe(entry.model)}",
            f"base {safe(entry.base or 'unknown')}",
            f"cost {safe(money(entry.cost))}",
            f"tested {safe(entry.date or 'on an unknown day')}",
        )
    )
    heads = "".join(
        f'<th scope="col">{head}</th>'
        for head in (
            "Test",
            "Base",
            "Adapter",
            "Difference",
            "95% interval",
            "p",
            "Items",
            "Guessing",
            "Broken answers",
        )
    )
    return (
        f'<details><summary>Intervals, cost, date<span class="k-hidden"> of {safe(entry.title)}'
        f"</span></summary><p>{facts}</p>"
        '<div class="k-scroll" role="region" tabindex="0" '
        f'aria-label="Numbers of {safe(entry.title)}">'
        f'<table class="k-numbers"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _detail(column: Benchmark, score: Score) -> str:
    interval = (
        f"{signed(column, score.interval[0])} to {signed(column, score.interval[1])}"
        if score.interval
        else "–"
    )
    chance = show(column, score.chance) if score.chance is not None else "–"
    p = "–" if score.p is None else ("< 0.001" if score.p < 0.001 else f"{score.p:.3f}")
    cells = (
        show(column, score.base),
        show(column, score.adapter),
        signed(column, score.difference),
        interval,
        p,
        "–" if score.n is None else f"{score.n:,}",
        chance,
        "–" if score.broken is None else f"{score.broken:,}",
    )
    name = f"{column.label} <small>{column.source}, {column.metric}</small>"
    return (
        f'<tr title="{safe(score.signature)}"><th scope="row">{name}</th>'
        + "".join(f"<td>{safe(cell)}</td>" for cell in cells)
        + "</tr>"
    )


def _pager(page: Page) -> str:
    if page.pages < 2:
        return ""
    back = "" if page.number > 1 else " disabled"
    on = "" if page.number < page.pages else " disabled"
    return (
        '<nav class="k-pager" aria-label="Pages">'
        f'<button type="button" data-page="{page.number - 1}"{back}>Earlier</button>'
        f"<span>Page {page.number} of {page.pages}</span>"
        f'<button type="button" data-page="{page.number + 1}"{on}>Later</button></nav>'
    )


def nothing(board: Board, links: Links) -> str:
    """What stands in the table's place when it has no row."""
    if board.entries:
        text = "No language matches. Try another spelling, or fewer filters."
        return f'<p class="k-empty">{text}</p>'
    ask = link(links.community, "Ask for the first one in the Community tab.")
    return f'<p class="k-empty">No language has been evaluated yet. {ask}</p>'


def status(page: Page, board: Board, problem: str) -> str:
    """One line for eyes and screen readers: how much is shown, what is wrong, where to take it."""
    total = len(board.entries)
    count_ = f"{page.found} of {total}" if page.found != total else f"{total}"
    parts = [f"{count_} model{'' if total == 1 else 's'}"]
    if board.broken:
        rows = "row" if board.broken == 1 else "rows"
        parts.append(f"{board.broken} result {rows} could not be read and left out")
    if problem:
        parts.append(problem)
    query = safe(to_query(page.view))
    mark = "?" if query else ""
    return (
        f'<div class="k-bar" data-query="{query}">'
        f'<p class="k-status" role="status">{safe(" · ".join(parts))}</p>'
        f'<p class="k-take"><a href="?{query}" target="_blank" rel="noopener">Link to this view</a>'
        f'<a href="api/rows.csv{mark}{query}" download>CSV</a>'
        f'<a href="api/rows.json{mark}{query}" download>JSON</a></p></div>'
    )


def practice_note(entries: Iterable[Entry]) -> str:
    """Say what practice means, wherever a practice row is on the board."""
    if not any(entry.practice for entry in entries):
        return ""
    return (
        '<p class="k-note"><span class="k-badge">practice</span> These rows come from a '
        "rehearsal: a tiny model and tests made for this machine. They show that the machinery "
        "works; they say nothing about the real FLORES, SIB-200, Belebele or Global-MMLU.</p>"
    )
