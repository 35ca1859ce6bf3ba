"""Lines for the terminal: what a tick would do, the queue, one request in detail.

Only the operator reads these lines, so they may contain the account names of other people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from bot.controller.ledger import Page
from bot.controller.tick import Decision
from bot.domain import names, steps
from bot.domain.actions import (
    EnsureCancelled,
    EnsureClosed,
    EnsureEndpoint,
    EnsureJob,
    EnsureReply,
    Order,
)
from bot.domain.policy import Terms
from bot.domain.request import Request, StepRecord


def plan_lines(decision: Decision, page: Page) -> Iterator[str]:
    """Yield what a tick would record and do."""
    if not decision.plans and decision.teacher == page.teacher:
        yield "nothing to do"
    for planned in decision.plans:
        yield planned.why
    for order in decision.orders:
        yield f"  would {_description(order)}"
    if decision.more:
        yield "  … and more in the next tick"


def _description(order: Order) -> str:
    match order:
        case EnsureJob():
            minutes = order.timeout_seconds / 60
            return (
                f"start {order.step} of {order.request}, attempt {order.attempt}, on "
                f"{order.flavor} for at most {minutes:.0f} minutes"
            )
        case EnsureReply():
            verb = "edit" if order.comment else "write"
            return f"{verb} the {order.kind} comment in discussion {order.discussion}"
        case EnsureClosed(num):
            return f"close discussion {num}"
        case EnsureCancelled(job):
            return f"cancel job {job}"
        case EnsureEndpoint(name, running):
            return f"{'wake' if running else 'pause'} the endpoint {name}"


def request_lines(requests: Iterable[Request], everything: bool) -> Iterator[str]:
    """Yield the queue, newest last: id, status, language, step, money, author."""
    shown = [request for request in requests if everything or not request.over]
    for request in sorted(shown, key=lambda request: request.discussion):
        language = request.spec.language.code if request.spec else "-"
        step = steps.current(request) if request.spec else None
        progress = f"{step.value} {request.step(step).state.value}" if step else "-"
        yield (
            f"{request.id:6} {request.status.value:9} {language:10} {progress:18} "
            f"${request.spent_usd:9.4f}  {request.author}"
        )
    if not shown:
        yield "no requests"


def details(request: Request, history: Iterable[tuple[float, str]], terms: Terms) -> Iterator[str]:
    """Yield everything that is known of one request, then its history."""
    yield f"{request.id}: {request.status.value} {request.verdict.value}".rstrip()
    yield f"  {names.discussion_url(terms.endpoint, terms.org, request.discussion)}"
    yield f"  opened by {request.author} at {_time(request.opened)}"
    if request.choices:
        yield f"  possible languages: {', '.join(request.choices)}"
    if spec := request.spec:
        yield f"  {spec.language.name} ({spec.language.code}), base {spec.base}"
        yield f"  recipe {spec.recipe}, digest {spec.digest[:12]}, wheel at {spec.code[:12]}"
        reserved = f"reserved at {_time(request.reserved)}" if request.reserved else "not reserved"
        yield (
            f"  estimate ${spec.estimate_usd:.4f}, cap ${spec.cap_usd:.4f} ({reserved}), "
            f"spent ${request.spent_usd:.4f}"
        )
        for row in steps.rows(spec):
            yield f"  {row.step.value}: {_record(request.step(row.step))}"
    for answer in request.answers:
        yield f"  /{answer.word.value}: {'done' if answer.allowed else 'not allowed'}"
    for moment, reason in history:
        yield f"  {_time(moment)}  {reason}"


def _record(record: StepRecord) -> str:
    parts = [
        record.state.value,
        f"attempt {record.attempt}" if record.attempt else "",
        f"job {record.job}" if record.job else "",
        f"${record.cost_usd:.4f}" if record.cost_usd else "",
        f"failed: {record.reason.value}" if record.reason else "",
        record.note,
    ]
    return ", ".join(filter(None, parts))


def _time(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
