"""The reply to a discussion that the bot cannot handle at the moment."""

from __future__ import annotations

from bot.domain.fault import FaultKind

_REASONS = {
    FaultKind.RECORD: "I cannot read my own record of this request",
    FaultKind.READ: "the Hub does not show me this discussion, or the jobs or results it is about",
    FaultKind.PLAN: "there is a mistake in my program, which this discussion brings to light",
    FaultKind.JOB: "the Hub does not start the job that I ordered",
    FaultKind.REPLY: "the Hub does not take what I write here, or does not show it to me",
}


def fault(kind: FaultKind) -> str:
    """Say what is wrong, and what happens next. The details are only in the log."""
    return (
        f"Sorry, I cannot go on here, because {_REASONS[kind]}. Other requests are not affected. "
        "I try again on my own, less and less often, at least once a day. A running job ends by "
        "itself when its time or its budget is used up. Maintainers find more in my log."
    )
