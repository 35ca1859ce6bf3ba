"""Lines for the terminal: what a tick would do, the queue, one request in detail.

Only the operator reads these lines, so they may contain the account names of other people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from bot.controller.decision import Decision
from bot.controller.ledger import LedgerSnapshot
from bot.domain import names, steps
from bot.domain.actions import (
    Action,
    EnsureCancelled,
    EnsureClosed,
    EnsureEndpoint,
    EnsureJob,
    EnsureReply,
)
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, StepRecord

QUEUE_LINE = "{:7} {:9} {:10} {:18} {:>10}  {}"


def plan_lines(decision: Decision, snapshot: LedgerSnapshot) -> Iterator[str]:
    """Yield what a tick would record and do."""
    if not decision.plans and not decision.actions:
        yield "nothing to do"
    for planned in decision.plans:
        yield planned.summary
    for num, fault in decision.faults.faults.items():
        yield f"r{num} cannot be handled ({fault.kind.value}, {fault.count} times in a row)"
    for action in decision.actions:
        yield f"  would {_description(action)}"
    if decision.more:
        yield "  … and more in the next tick"


def _description(action: Action) -> str:
    match action:
        case EnsureJob():
            minutes = action.timeout_seconds / 60
            return (
                f"start {action.step} of {action.request}, attempt {action.attempt}, on "
                f"{action.flavor} for at most {minutes:.0f} minutes"
            )
        case EnsureReply():
            verb = "edit" if action.comment_id else "write"
            return f"{verb} the {action.kind} comment in discussion {action.discussion}"
        case EnsureClosed(num):
            return f"close discussion {num}"
        case EnsureCancelled(job):
            return f"cancel job {job}"
        case EnsureEndpoint(name, running):
            return f"{'start' if running else 'pause'} the endpoint {name}"


def request_lines(requests: Iterable[Request], everything: bool) -> Iterator[str]:
    """Yield the headings and the queue, newest last."""
    shown = [request for request in requests if everything or not request.archived]
    if not shown:
        yield "no requests"
        return
    yield QUEUE_LINE.format("request", "status", "language", "step", "spent", "author")
    for request in sorted(shown, key=lambda request: request.discussion):
        language = request.spec.language.code if request.spec else "-"
        has_steps = request.spec and request.status is not Status.DECLINED
        step = steps.current(request) if has_steps else None
        progress = f"{step.value} {request.step(step).state.value}" if step else "-"
        spent = f"${request.spent_usd:.4f}"
        yield QUEUE_LINE.format(
            request.id, request.status.value, language, progress, spent, request.author
        )


def details(
    request: Request, history: Iterable[tuple[float, str]], policy: Policy
) -> Iterator[str]:
    """Yield everything that is known of one request, then its history."""
    yield f"{request.id}: {request.status.value} {request.verdict.value}".rstrip()
    yield f"  {names.discussion_url(policy.endpoint, policy.org, request.discussion)}"
    yield f"  opened by {request.author} at {_time(request.opened_at)}"
    if request.choices:
        yield f"  possible languages: {', '.join(request.choices)}"
    if spec := request.spec:
        yield f"  {spec.language.name} ({spec.language.code}), base {spec.base}"
        revisions = f"digest {spec.digest[:12]}, wheel at {spec.wheel_revision[:12]}"
        yield f"  recipe {spec.recipe_name}, {revisions}"
        reserved = (
            f"reserved at {_time(request.reserved_at)}" if request.reserved_at else "not reserved"
        )
        yield (
            f"  estimate ${spec.estimate_usd:.4f}, cap ${spec.cap_usd:.4f} ({reserved}), "
            f"spent ${request.spent_usd:.4f}"
        )
        for info in steps.of(spec):
            yield f"  {info.step.value}: {_record(request.step(info.step))}"
    for answer in request.answers:
        yield f"  /{answer.command.value}: {'done' if answer.allowed else 'not allowed'}"
    for moment, reason in history:
        yield f"  {_time(moment)}  {reason}"


def _record(record: StepRecord) -> str:
    parts = [
        record.state.value,
        f"attempt {record.attempt}" if record.attempt else "",
        f"job {record.job_id}" if record.job_id else "",
        f"${record.cost_usd:.4f}" if record.cost_usd else "",
        f"failed: {record.reason.value}" if record.reason else "",
        record.note,
    ]
    return ", ".join(filter(None, parts))


def _time(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
