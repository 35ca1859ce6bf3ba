"""Take a language down at the request of its speakers. Every step may be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.domain import names
from bot.domain.request import LIVE, Request
from bot.hub import withdrawal
from bot.hub.client import Connection
from bot.hub.execute import close_discussion
from bot.hub.jobs import stop_jobs
from bot.language import Language


def withdraw(hub: Connection, language: Language, requests: Iterable[Request]) -> Iterator[str]:
    """Take all steps and yield a line after each. Raises Refused and TryLater."""
    code = language.code
    withdrawal.ensure_no_consent(hub, code)
    yield f"the profile now declines new requests for {language.name}"
    own = {each.id: each for each in requests if each.spec and each.spec.language.code == code}
    for request in own.values():
        if request.status in LIVE:
            close_discussion(hub, request.discussion)
            yield f"closed discussion {request.discussion}"
    for job in stop_jobs(hub, own):  # before they write what is hidden or removed next
        yield f"stopped job {job}"
    for repo in withdrawal.ensure_private(hub, code):
        yield f"made {repo} private"
    if withdrawal.ensure_no_folder(hub, names.results(hub.org), code, f"Withdraw {code}"):
        yield "removed its results from the leaderboard"
    if withdrawal.ensure_no_folder(hub, names.feedback(hub.org), f"data/{code}", "Withdraw"):
        yield "deleted the feedback on its models"
    if withdrawal.ensure_no_folder(hub, names.journal(hub.org), code, f"Withdraw {code}"):
        yield "deleted the teacher's stored answers"
