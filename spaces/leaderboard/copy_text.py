"""The texts around the table: what it is, how to read it, how to request a language. Pure."""

from __future__ import annotations

from benchmarks import BenchmarkTable
from common.hub_urls import HubUrls
from common.markup import link, safe
from entries import Leaderboard
from number_format import noun

TITLE = "Kakugo leaderboard"


def hero(leaderboard: Leaderboard) -> str:
    """Return the heading of the page with the counts of languages, models and requests."""
    languages = len({entry.code for entry in leaderboard.entries})
    unfinished = sum(request.is_unfinished for request in leaderboard.requests)
    models = len(leaderboard.entries)
    counts = (
        (languages, noun(languages, "language")),
        (models, noun(models, "model")),
        (unfinished, noun(unfinished, "request in progress", "requests in progress")),
    )
    facts = "".join(f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for count, name in counts)
    return (
        '<header class="k-hero"><div><p class="k-brand">Kakugo</p>'
        "<h1>Small models that learn a language</h1>"
        "<p>Someone names a language. A large teacher model writes examples in it, a small model "
        "learns from them, and this page shows how well it did.</p></div>"
        f'<dl class="k-facts">{facts}</dl></header>'
    )


def guide(table: BenchmarkTable) -> str:
    """Return how to read the table, for people who have never seen one like it."""
    benchmarks = "".join(
        f"<div><dt>{safe(benchmark.label)} "
        f"<small>{safe(benchmark.source)}, {safe(benchmark.metric)}</small></dt>"
        f"<dd>{safe(benchmark.description)}</dd></div>"
        for benchmark in table.benchmarks
    )
    return (
        '<article class="k-prose"><h2>How to read this</h2>'
        "<p>Each row is a small model that was taught a language. Every test shows two scores: "
        "first that of the <strong>base model</strong> before it was taught, then that of the "
        "<strong>same model with its adapter</strong>, which holds what it has learned.</p>"
        '<p class="k-legend"><span class="k-track k-gain" aria-hidden="true">'
        '<i class="k-chance" style="left:25%"></i>'
        '<i class="k-range" style="left:30%;width:45%"></i>'
        '<i class="k-base-dot" style="left:30%"></i><i class="k-adapter-dot" style="left:75%"></i>'
        "</span>The ring is the base model and the full dot is the adapter, on a line from 0 to "
        "100. The small tick marks the score of pure guessing.</p><ul>"
        '<li><span class="k-outcome k-gain">▲ clear gain</span> The adapter is better. A '
        "difference this large would occur by chance less than once in twenty times.</li>"
        '<li><span class="k-outcome k-unclear">≈ no clear change</span> The difference may be '
        "due to chance. Read it as “about the same”.</li>"
        '<li><span class="k-outcome k-loss">▼ clear loss</span> The adapter is worse, and that is '
        "unlikely to be chance.</li>"
        "<li><b>not covered</b> This test does not exist in the language.</li>"
        "</ul><h3>The tests</h3>"
        f'<dl class="k-tests">{benchmarks}</dl>'
        "<h3>What the scores do not say</h3><p>A high score does not promise that the model is "
        "pleasant, correct or safe in your language. Only people who speak it can judge that: try "
        "the chat, and write in the discussion what you found. “Intervals, cost, date” under a row "
        "shows the 95% interval of each difference, which comes from resampling the same test "
        "items for both models. <b>Broken answers</b> are empty, cut off, repetitive or in "
        "another language; a translation score alone can hide them.</p>"
        "<h3>More details</h3><p>Click the name of a language to open its page: all models and "
        "versions that were tested, example answers, how the model was trained and on what. “Link "
        "to this view” keeps your search, filters, order and columns. CSV and JSON contain all "
        "rows that match your filters, not only this page.</p>"
        "</article>"
    )


def request_intro() -> str:
    """Return how to request a language, for above the form."""
    return (
        '<article class="k-prose"><h2>Request a language</h2>'
        "<p>Type the name of a language to see whether we know it and whether it is here "
        "already. The request itself is a discussion on the Hub, in your own name. The bot answers "
        "there: what it understood, its plan and the price, and then how each step went.</p>"
        "</article>"
    )


def request_alternative(urls: HubUrls) -> str:
    """Return the other way to request a language, for below the form."""
    community = link(urls.discussions, "Open the Community tab")
    return (
        '<p class="k-hint k-alternative">You can also start a discussion with any title that names '
        f"a language. {community}</p>"
    )
