"""The answer of the request form while somebody types the name of a language.

Pure. Names are looked up in the same table as the bot's. The request itself is a discussion that
the person opens on the Hub, so this Space never holds anybody's token.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from common.hub_urls import HubUrls
from common.languages import MAX_NAME_LENGTH, Language, completions, named
from common.markup import link, safe
from entries import Leaderboard
from language_groups import family, region
from number_format import money
from request_queue import Request
from table_html import autonym, language_link

HINT = "Type a name in any language, or a code such as gla or gd."
MAX_FINISHED = 20
MIN_HOURS = 0.05


def answer(text: str, leaderboard: Leaderboard, urls: HubUrls) -> str:
    """Return which language a name means, whether it is there already, and what it would cost."""
    text = text[:MAX_NAME_LENGTH].strip()
    languages = named(text) if text else []
    if not text:
        content = f'<p class="k-hint">{HINT}</p>'
    elif len(languages) == 1:
        content = _one_language(languages[0], leaderboard, urls)
    elif languages:
        question = f"<p>“{safe(text)}” is the name of several languages. Which one?</p>"
        content = question + _choices(languages)
    else:
        content = _unknown(text, urls)
    return f'<div class="k-answer" role="status">{content}</div>'


def _one_language(language: Language, leaderboard: Leaderboard, urls: HubUrls) -> str:
    groups = (family(language.code), region(language.code))
    facts = (language.code, f"{language.script_name} script", *groups)
    existing = _existing(language, leaderboard, urls)
    return (
        f"<p><strong><bdi>{safe(language.title)}</bdi></strong>{autonym(language)}</p>"
        f'<p class="k-hint">{safe(" · ".join(fact for fact in facts if fact))}</p>'
        f"{existing or _new_request(language, leaderboard.requests, urls)}"
    )


def _existing(language: Language, leaderboard: Leaderboard, urls: HubUrls) -> str:
    """Return that a language is there or in the queue already; empty if it is not."""
    text = ""
    if any(entry.code == language.code for entry in leaderboard.entries):
        page = language_link(language.code, "see what it has learned")
        text += f"<p>This language is here already: {page}.</p>"
    for request in leaderboard.requests:
        is_queued = request.code == language.code and request.is_unfinished
        if is_queued and request.discussion is not None:
            url = urls.discussion(request.discussion)
            discussion = link(url, f"discussion #{request.discussion}")
            return f"{text}<p>It is in the queue: follow {discussion}, and comment there.</p>"
    return text


def _new_request(language: Language, requests: Sequence[Request], urls: HubUrls) -> str:
    title = language.name if len(named(language.name)) == 1 else language.code
    request = link(urls.new_request(title), f"Request {language.title} on the Hub")
    return (
        f"<p>No model has learned it yet. {safe(estimate(requests))}</p>"
        f'<p class="k-action">{request}</p>'
        '<p class="k-hint">The discussion opens under your own name; the Hub may ask you to sign '
        "in. The bot answers there.</p>"
    )


def estimate(requests: Sequence[Request]) -> str:
    """Return what a request is likely to cost, and the most that it can cost."""
    finished = [
        request for request in requests if request.status == "done" and request.cost_usd is not None
    ][:MAX_FINISHED]
    estimated = next((r for r in requests if r.estimate_usd is not None), None)
    sentences = []
    if finished:
        cost = median(request.cost_usd or 0.0 for request in finished)
        hours = median(request.seconds for request in finished) / 3600
        duration = f" and took {hours:.1f} hours of computing" if hours >= MIN_HOURS else ""
        several = f"Each of the last {len(finished)} requests"
        subject = several if len(finished) > 1 else "The last request"
        sentences.append(f"{subject} cost about {money(cost)}{duration}.")
    if estimated is not None:
        cap = f", and at most {money(estimated.cap_usd)}" if estimated.cap_usd else ""
        sentences.append(f"The bot now expects {money(estimated.estimate_usd)}{cap}.")
    return " ".join(sentences) or "The bot tells you the price before it starts."


def _unknown(text: str, urls: HubUrls) -> str:
    suggestions = completions(text)
    if suggestions:
        return f"<p>Do you mean one of these?</p>{_choices(suggestions)}"
    request = link(urls.new_request(text), "Request it anyway")
    return (
        f"<p>We do not know a language called “{safe(text)}”. Try another name or a code. "
        f"{request}: the bot will ask which language you mean.</p>"
    )


def _choices(languages: Sequence[Language]) -> str:
    return f'<ul class="k-choices">{"".join(_choice(language) for language in languages)}</ul>'


def _choice(language: Language) -> str:
    names = dict.fromkeys((language.title, language.autonym, language.code))
    label = " · ".join(name for name in names if name)
    return (
        f'<li><button type="button" data-pick="{safe(language.code)}"><bdi>{safe(label)}</bdi>'
        "</button></li>"
    )
