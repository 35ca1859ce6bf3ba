"""What to do about a discussion that cannot be handled, and how to notice one.

Running jobs are cancelled at their cap all the same.
"""

from __future__ import annotations

from bot import replies
from bot.domain import names
from bot.domain.actions import (
    Action,
    EnsureCancelled,
    EnsureClosed,
    EnsureJob,
    EnsureReply,
    Plan,
)
from bot.domain.fault import Fault, FaultKind
from bot.domain.request import CLOSING, Request
from bot.planner.situation import Situation


def cancel_above_cap(request: Request, situation: Situation) -> tuple[EnsureCancelled, ...]:
    """Cancel the running jobs of a request at its cap, when nothing else can be planned."""
    if not request.unsettled or situation.remaining_usd(request) >= 0:
        return ()
    return tuple(
        EnsureCancelled(job.id)
        for job in situation.observation.jobs
        if job.request == request.id and not job.stage.is_final
    )


def repeated_order(before: Request, planned: Plan) -> FaultKind | None:
    """Return what the plan orders again because the last order had no visible effect."""
    for action in planned.actions:
        match action:
            case EnsureJob() if action.attempt == before.step(action.step).attempt:
                return FaultKind.JOB
            case EnsureReply(comment_id="") if action.kind in before.replied_at:
                return FaultKind.REPLY
            case EnsureClosed() if CLOSING in before.replied_at:
                return FaultKind.REPLY
    return None


def fault_reply(discussion: int, fault: Fault) -> tuple[Action, ...]:
    """Tell the discussion once about a fault that does not end."""
    if not fault.is_reported:
        return ()
    text = replies.fault(fault.kind)
    marker = names.marker("fault", text)
    return (EnsureReply(discussion, "fault", f"{text}\n\n{marker}", marker),)
