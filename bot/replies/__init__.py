"""Every sentence the bot says, one pure function a situation.

Only closed vocabulary goes in: languages, names, numbers. No word of a stranger is echoed; the
lines of a log are scrubbed before they come here.

    phrases          Languages, money and times as people read them
    course           What is said of a request that was taken: its plan, its state, its result or i
    questions        What is asked back before anything starts, and what is declined with its reaso
    command_replies  Replies to commands; each is kept in the ledger as it was said
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.observation import Manifest
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Verdict
from bot.replies import course, questions
from bot.replies.command_replies import (
    goes_on,
    needs_approval,
    not_yours,
    nothing_to,
    told_estimate,
    told_help,
    told_status,
    was_withdrawn,
)
from bot.replies.course import improved, note

__all__ = [
    "due",
    "goes_on",
    "improved",
    "needs_approval",
    "not_yours",
    "note",
    "nothing_to",
    "told_estimate",
    "told_help",
    "told_status",
    "was_withdrawn",
]


def due(request: Request, result: Manifest | None, policy: Policy) -> Iterator[tuple[str, str]]:
    """Kind and text of every comment that should stand in the discussion by now."""
    if request.status is Status.ASKED:
        yield "question", questions.question(request)
    if request.status is Status.DECLINED and request.verdict is not Verdict.UNANSWERED:
        yield "declined", questions.declined(request, policy)
    if request.spec is not None and request.status is not Status.DECLINED:
        yield "plan", course.plan(request, policy)
        yield "status", course.status(request, policy)
    for number, answer in enumerate(request.answers, 1):
        yield f"answer{number}", answer.note
    yield from _end(request, result, policy)


def _end(request: Request, result: Manifest | None, policy: Policy) -> Iterator[tuple[str, str]]:
    if request.status is Status.DONE and result is not None:
        yield "result", course.result(request, result, policy)
    if request.status is Status.FAILED:
        yield f"failed{request.retries or ''}", course.failed(request)
    if request.status is Status.CANCELLED:
        yield "cancelled", course.cancelled(request)
    if request.verdict is Verdict.UNANSWERED:
        yield "unanswered", questions.unanswered(request)
