"""A community withdraws its language: one command, each step of which may be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.domain import names
from bot.domain.request import LIVE, Request
from bot.hub import withdrawal
from bot.hub.client import Connection
from bot.language import Language


def withdraw(hub: Connection, language: Language, requests: Iterable[Request]) -> Iterator[str]:
    """Do all of it, yielding a sentence after each step. Raises Refused and TryLater."""
    code = language.code
    withdrawal.ensure_refused(hub, code)
    yield f"the profile says that nothing new is made of {language.name}"
    for request in requests:
        if request.status in LIVE and request.spec and request.spec.language.code == code:
            withdrawal.ensure_closed(hub, request.discussion)
            yield f"discussion {request.discussion} is closed: its jobs stop at the next tick"
    for repo in withdrawal.ensure_private(hub, code):
        yield f"{repo} is private"
    if withdrawal.ensure_no_folder(hub, names.results(hub.org), code, f"Withdraw {code}"):
        yield "its results are off the leaderboard"
    if withdrawal.ensure_no_folder(hub, names.feedback(hub.org), f"data/{code}", "Withdraw"):
        yield "what people sent in about it is deleted"
    if withdrawal.ensure_no_folder(hub, names.journal(hub.org), code, f"Withdraw {code}"):
        yield "what the teacher answered in it is deleted"
