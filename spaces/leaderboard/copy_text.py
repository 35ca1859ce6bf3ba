"""The plain words around the tables: what this is, how to read it, how to ask for a language."""

from __future__ import annotations

from benchmarks import BENCHMARKS
from entries import Board
from markup import Links, link

TITLE = "Kakugo leaderboard"


def hero(board: Board) -> str:
    """The head of the page, with what there is in one line."""
    languages = len({entry.code for entry in board.entries})
    waiting = sum(request.waiting for request in board.requests)
    figures = (
        (languages, "language" if languages == 1 else "languages"),
        (len(board.entries), "model" if len(board.entries) == 1 else "models"),
        (waiting, "request in progress" if waiting == 1 else "requests in progress"),
    )
    facts = "".join(f"<div><dt>{name}</dt><dd>{count}</dd></div>" for count, name in figures)
    return (
        '<header class="k-hero"><div><p class="k-mark">Kakugo</p>'
        "<h1>Small models that learn a language</h1>"
        "<p>Somebody names a language. A large teacher writes examples in it, a small model "
        "studies them, and here stands what it learned.</p></div>"
        f'<dl class="k-facts">{facts}</dl></header>'
    )


def guide() -> str:
    """How to read the table, for people who have never seen one."""
    tests = "".join(
        f"<div><dt>{c.label} <small>{c.source}, {c.metric}</small></dt><dd>{c.tells}</dd></div>"
        for c in BENCHMARKS
    )
    return (
        '<article class="k-prose"><h2>How to read this</h2>'
        "<p>Each row is one small model that was taught one language. Every test shows two "
        "figures: first the <strong>base model</strong> as it was, then the <strong>same model "
        "with its adapter</strong>, which is what it learned.</p>"
        '<p class="k-legend"><span class="k-track k-gain" aria-hidden="true">'
        '<i class="k-guess" style="left:25%"></i><i class="k-span" style="left:30%;width:45%"></i>'
        '<i class="k-from" style="left:30%"></i><i class="k-to" style="left:75%"></i></span>'
        "The ring is the base model, the full dot the adapter, on a line from 0 to 100. "
        "The small tick is what guessing would score.</p><ul>"
        '<li><span class="k-verdict k-gain">▲ clear gain</span> The adapter is better, and a '
        "difference this large would come by luck less than once in twenty times.</li>"
        '<li><span class="k-verdict k-unclear">≈ no clear change</span> The difference may be '
        "luck. Read it as: about the same.</li>"
        '<li><span class="k-verdict k-loss">▼ clear loss</span> The adapter is worse, and that is '
        "no luck.</li>"
        "<li><b>not covered</b> The test does not exist in this language, so nobody measured it."
        "</li></ul><h3>The tests</h3>"
        f'<dl class="k-tests">{tests}</dl>'
        "<h3>What no figure says</h3><p>A high score is no promise that the model is pleasant, "
        "correct or safe in your language. Only people who speak it can judge that: try the chat, "
        "and say in the discussion what you found. Open “Intervals, cost, date” under a row for "
        "the 95% interval of each difference, from resampling the same test items for both "
        "models. <b>Broken answers</b> are those that are empty, cut off, in a loop or in another "
        "language: a translation score alone can hide them.</p>"
        "<h3>Look further</h3><p>A language’s name opens its page: every model and version that "
        "was tested, what both models said, how it was trained and from what. “Link to this view” "
        "keeps your search, filters, order and columns; CSV and JSON hold every row that your "
        "filters leave, not only this page.</p>"
        "</article>"
    )


def asking() -> str:
    """How to ask for a language, above the form."""
    return (
        '<article class="k-prose"><h2>Request a language</h2>'
        "<p>Write the name of a language. You see here whether it is known and whether it has been "
        "made already. The request itself is a discussion on the Hub, in your own name: the bot "
        "answers with what it understood, a plan and the price, and tells of every step there."
        "</p></article>"
    )


def instead(links: Links) -> str:
    """The other way to ask, below the form."""
    go = link(links.community, "Open the Community tab")
    return (
        '<p class="k-hint k-instead">You can also start a discussion with any title that names a '
        f"language. {go}</p>"
    )
