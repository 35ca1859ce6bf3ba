"""What the form answers while somebody types the name of a language. Values in, HTML out.

Pure. Names are looked up in the same table as the bot's; the discussion itself is opened on the
Hub, by whoever is signed in there, so this Space never holds anybody's token.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from entries import Board
from language_groups import LONGEST_NAME, Language, meant, near
from markup import Links, link, safe
from request_queue import Request
from table_html import money, opens

HINT = "Type a name in any language, or a code such as gla or gd."
LAST = 20


def answer(text: str, board: Board, links: Links) -> str:
    """What is known about a name: which language it means, whether it is here, what it costs."""
    text = text[:LONGEST_NAME].strip()
    found = meant(text) if text else []
    if not text:
        told = f'<p class="k-hint">{HINT}</p>'
    elif len(found) == 1:
        told = _one(found[0], board, links)
    elif found:
        told = _several(text, found)
    else:
        told = _none(text, links)
    return f'<div class="k-answer" role="status">{told}</div>'


def _one(language: Language, board: Board, links: Links) -> str:
    autonym = (
        f' <bdi lang="{safe(language.bcp47)}">{safe(language.autonym)}</bdi>'
        if language.autonym not in ("", language.name)
        else ""
    )
    facts = (language.code, f"{language.script} script", language.family, language.region)
    return (
        f"<p><strong><bdi>{safe(language.title)}</bdi></strong>{autonym}</p>"
        f'<p class="k-hint">{safe(" · ".join(fact for fact in facts if fact))}</p>'
        f"{_here(language, board, links) or _new(language, board.requests, links)}"
    )


def _here(language: Language, board: Board, links: Links) -> str:
    """Say that it was made or asked for already; nothing when it was not."""
    told = ""
    if any(entry.code == language.code for entry in board.entries):
        told += f"<p>It is here already: {opens(language.code, 'see what it learned')}.</p>"
    for request in board.requests:
        if request.code == language.code and request.waiting and request.discussion is not None:
            url = links.discussion(request.discussion)
            where = link(url, f"discussion #{request.discussion}")
            return f"{told}<p>It is in the queue: follow {where} and say there what you need.</p>"
    return told


def _new(language: Language, requests: Sequence[Request], links: Links) -> str:
    title = language.name if len(meant(language.name)) == 1 else language.code
    go = link(links.ask(title), f"Ask for {language.title} on the Hub")
    return (
        f"<p>Nobody has taught it yet. {safe(estimate(requests))}</p>"
        f'<p class="k-go">{go}</p><p class="k-hint">The discussion opens in your own name: sign in '
        "on the Hub if you are asked to. The bot answers there.</p>"
    )


def estimate(requests: Sequence[Request]) -> str:
    """What a request is likely to cost, from the last ones, and what it can cost at most."""
    done = [one for one in requests if one.status == "done" and one.spent is not None][:LAST]
    priced = next((one for one in requests if one.estimate is not None), None)
    told = []
    if done:
        spent = median(one.spent or 0.0 for one in done)
        hours = median(one.seconds for one in done) / 3600
        took = f" and {hours:.1f} hours" if hours >= 0.05 else ""
        count = "last request" if len(done) == 1 else f"last {len(done)} requests"
        told.append(f"The {count} took about {money(spent)}{took} of computing each.")
    if priced is not None:
        cap = f", and never goes above {money(priced.cap)}" if priced.cap else ""
        told.append(f"The bot now reckons with {money(priced.estimate)}{cap}.")
    return " ".join(told) or "The bot tells the price before it begins."


def _several(text: str, found: Sequence[Language]) -> str:
    choices = "".join(_choice(language) for language in found)
    return f"<p>“{safe(text)}” is the name of several languages. Which one?</p>{_list(choices)}"


def _none(text: str, links: Links) -> str:
    guesses = near(text)
    if guesses:
        choices = "".join(_choice(language) for language in guesses)
        return f"<p>Do you mean one of these?</p>{_list(choices)}"
    go = link(links.ask(text), "Ask all the same")
    return (
        f"<p>No language is known here by the name “{safe(text)}”. Try another name or a code. "
        f"{go}: the bot will ask what is meant.</p>"
    )


def _list(choices: str) -> str:
    return f'<ul class="k-choices">{choices}</ul>'


def _choice(language: Language) -> str:
    names = dict.fromkeys((language.title, language.autonym, language.code))
    label = " · ".join(name for name in names if name)
    return (
        f'<li><button type="button" data-pick="{safe(language.code)}"><bdi>{safe(label)}</bdi>'
        "</button></li>"
    )
