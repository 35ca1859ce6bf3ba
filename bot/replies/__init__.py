"""Everything that the bot writes in discussions, one pure function for each situation.

The functions take languages, names and numbers, but no text of strangers; lines of a log are
redacted before they get here.

    phrases    Languages, money, durations, numbers and lists as people write them
    questions  Questions before a request is accepted, and reasons to decline one
    plan       The first reply to an accepted request: steps, cost, approval, options
    failure    The replies to a failed and to a cancelled request
    fault      The reply to a discussion that the bot cannot handle at the moment
    status     The status comment, which is kept up to date, and notes on finished steps
    result     The reply to a finished request
    commands   The replies to commands in comments
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.observation import Manifest
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Verdict
from bot.replies import questions
from bot.replies.commands import (
    closed,
    continues,
    continues_tomorrow,
    current_status,
    estimate,
    help_text,
    needs_approval,
    not_allowed,
    not_applicable,
    reopened,
    unknown_command,
    withdrawn,
)
from bot.replies.failure import cancelled, failed
from bot.replies.fault import fault
from bot.replies.plan import plan
from bot.replies.questions import not_understood
from bot.replies.result import difference, result, score_name
from bot.replies.status import status, step_note

__all__ = [
    "closed",
    "continues",
    "continues_tomorrow",
    "current_status",
    "difference",
    "due",
    "estimate",
    "fault",
    "help_text",
    "needs_approval",
    "not_allowed",
    "not_applicable",
    "not_understood",
    "reopened",
    "score_name",
    "step_note",
    "unknown_command",
    "withdrawn",
]


def due(request: Request, manifest: Manifest | None, policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield kind and text of every comment that the discussion should have now.

    `manifest` is that of the request's last step, None if it is not made.
    """
    if request.status is Status.ASKED:
        yield "question", questions.question(request)
    if request.status is Status.DECLINED and request.verdict is not Verdict.UNANSWERED:
        yield "declined", questions.declined(request, policy)
    if request.spec is not None and request.status is not Status.DECLINED:
        yield "plan", plan(request, policy)
        yield "status", status(request, policy)
    for number, answer in enumerate(request.answers, 1):
        yield f"answer{number}", answer.note
    if request.status is Status.DONE and manifest is not None:
        yield "result", result(request, manifest, policy)
    if request.status is Status.FAILED:
        yield f"failed{request.retries or ''}", failed(request)
    if request.status is Status.CANCELLED:
        yield "cancelled", cancelled(request)
    if request.verdict is Verdict.UNANSWERED:
        yield "unanswered", questions.unanswered(request)
