"""The replies to a failed and to a cancelled request."""

from __future__ import annotations

from bot.domain import steps
from bot.domain.request import Reason, Request, Step, StepRecord, Verdict
from bot.replies.phrases import check_result, money, plural

# Why an attempt failed.
REASONS = {
    Reason.ERROR: "the job ended with an error",
    Reason.CANCELED: "the job was cancelled on the Hub",
    Reason.NOTHING_MADE: "the job ended without a result",
    Reason.STUCK: "no hardware became available for the job",
    Reason.OVERDUE: "the job exceeded its time limit",
    Reason.VANISHED: "the job disappeared from the Hub",
    Reason.NO_CREDIT: "the Hub cancelled the job because the account has no credit left",
    Reason.UNWORKABLE: "the job could not work with what it was given",
}


def failed(request: Request) -> str:
    """Say which step failed, why, what its log ends with, and what the reader can do."""
    step = steps.current(request) or steps.last(request.spec)
    record = request.step(step)
    return "\n".join(
        [
            f"Sorry, {_what_failed(request, step, record)}",
            *_log_tail(record),
            "",
            f"{_next(request)} If nobody does, I will close this discussion in two weeks. The "
            "results of finished steps are kept, so they will not cost anything again.",
        ]
    )


def _what_failed(request: Request, step: Step, record: StepRecord) -> str:
    if request.verdict is Verdict.HOPELESS:
        return (
            "the teacher is not good enough in this language, so I stopped before spending more. "
            f"Result of the check: {check_result(request.step(Step.CHECK).note)}."
        )
    if request.verdict is Verdict.TEACHER:
        return (
            "the teacher (the large model that writes the data) did not start, although I tried "
            "several times."
        )
    if request.verdict is Verdict.NO_CREDIT:
        return (
            f"the Hub cancelled the step *{step.value}*, because this account has no credit left "
            "or has reached its spending limit."
        )
    if request.verdict is Verdict.UNWORKABLE:
        return (
            f"the step *{step.value}* cannot work with what it was given, so another attempt would "
            "end the same way."
        )
    if request.verdict is Verdict.BUDGET:
        return (
            f"the budget is too small for the step *{step.value}*: this request may cost "
            f"{money(request.agreed_spec.cap_usd)}, and {money(request.spent_usd)} is already "
            "spent."
        )
    reason = REASONS.get(record.reason, "")
    last = f" The last time, {reason}." if reason else ""
    attempts = plural(record.attempts_since_retry, "time")
    return f"the step *{step.value}* failed {attempts}.{last} I will not try again on my own."


def _log_tail(record: StepRecord) -> list[str]:
    if not record.log_tail:
        return []
    return ["", "The last lines of its log:", "", "```text", *record.log_tail, "```"]


def _next(request: Request) -> str:
    if request.verdict is Verdict.HOPELESS:
        return "A maintainer can let me continue anyway with `/approve`."
    if request.verdict is Verdict.NO_CREDIT:
        return "When a maintainer has added credit or raised the limit, write `/retry`."
    if request.verdict is Verdict.UNWORKABLE:
        return "When a maintainer has corrected that, write `/retry`."
    if request.verdict is Verdict.BUDGET:
        return "A maintainer can raise the budget with `/approve`."
    return "To try again, write `/retry`."


def cancelled(request: Request) -> str:
    """Say why nothing more is done, and what remains."""
    if request.verdict is Verdict.WITHDRAWN:
        return (
            f"I stopped, because the speakers of {request.agreed_spec.language.name} have decided "
            "against models of their language here. Thank you for asking."
        )
    why = (
        "as requested"
        if request.verdict is Verdict.STOPPED
        else "because this discussion was closed"
    )
    if request.spec is None:
        return f"I stopped, {why}. Nothing was started."
    return (
        f"I stopped, {why}. The results of finished steps are kept. To continue from there, open "
        f"a new discussion with the title `{request.agreed_spec.language.name}`."
    )
