"""The answer of the request form while somebody types the name of a language.

Pure. Names are looked up in the same table as the bot's. The request itself is a discussion that
the person opens on the Hub, so this Space never holds anybody's token.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from common.hub_urls import HubUrls
from common.languages import MAX_NAME_LENGTH, Language, completions, named
from entries import Leaderboard
from html_templates import render
from language_groups import family, region
from number_format import about_money, money
from queue_html import VERDICTS
from request_queue import Request

MAX_FINISHED = 20
MIN_HOURS = 0.05


def answer(text: str, leaderboard: Leaderboard, urls: HubUrls) -> str:
    """Return which language a name means, whether it is there already, and what it would cost."""
    text = text[:MAX_NAME_LENGTH].strip()
    languages = named(text) if text else []
    return render(
        "request_answer.html",
        text=text,
        languages=languages,
        suggestions=() if languages else completions(text),
        urls=urls,
        **(_about(languages[0], leaderboard) if len(languages) == 1 else {}),
    )


def _about(language: Language, leaderboard: Leaderboard) -> dict[str, Any]:
    """Return what the form says about one language."""
    groups = (family(language.code), region(language.code))
    requests = [request for request in leaderboard.requests if request.code == language.code]
    discussions = (request.discussion for request in requests if request.is_unfinished)
    newest = next(iter(requests), None)  # unfinished ones come first
    entries = leaderboard.entries
    is_here = any(entry.code == language.code for entry in entries)
    return {
        "facts": (language.code, f"{language.script_name} script", *groups),
        "is_here": is_here,
        "only_practice": bool(entries) and all(entry.practice for entry in entries),
        "declined": newest if newest and newest.status == "declined" and not is_here else None,
        "verdicts": VERDICTS,
        "queued": next((number for number in discussions if number is not None), None),
        "estimate": estimate(leaderboard.requests),
    }


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
        sentences.append(f"{subject} cost {about_money(cost)}{duration}.")
    if estimated is not None:
        cap = f", and never more than {money(estimated.cap_usd)}" if estimated.cap_usd else ""
        sentences.append(f"The bot now expects {about_money(estimated.estimate_usd)}{cap}.")
    return " ".join(sentences) or "The bot tells you the price before it starts."
