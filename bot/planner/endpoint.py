"""When the teacher runs and when it pauses, derived from all requests in each tick.

It only runs for requests that have reserved money, and they pay for it. A teacher at a URL always
runs; one in a job is started and cancelled as an endpoint is started and paused.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.domain import costs, steps
from bot.domain.actions import GRACE_SECONDS, Action, EnsureEndpoint
from bot.domain.observation import FAILED_STATES, PAUSED_STATES
from bot.domain.recipe import TeacherUrl
from bot.domain.request import Request, Status, TeacherRecord
from bot.planner import billing
from bot.planner.capacity import Capacity
from bot.planner.situation import Situation

# How often to start an endpoint that failed, and one that does not react (about half an hour).
MAX_FAILED_STARTS, MAX_IGNORED_STARTS = 3, 30
STARTING = ("pending", "initializing", "updating")
# An endpoint that is scaled to zero is not one of these: any call starts it, and it uses the quota.
NEEDS_NO_PAUSE = (*PAUSED_STATES, *FAILED_STATES)

Decision = tuple[TeacherRecord, tuple[Action, ...]]


@dataclass(frozen=True)
class TeacherPlan:
    """The next record of the teacher, the orders, and the requests that were charged for it."""

    record: TeacherRecord
    actions: tuple[Action, ...] = ()
    charged: tuple[Request, ...] = ()


def plan_teacher(situation: Situation, idle: Collection[str] = ()) -> TeacherPlan:
    """Run the teacher while a request uses it or waits only for it, otherwise pause it.

    Requests whose ids are in `idle` do not use it.
    """
    if isinstance(situation.recipe.teacher, TeacherUrl):
        return TeacherPlan(replace(situation.teacher, running=False, failed_starts=0))
    requests, before = situation.requests, situation.teacher
    users = tuple(
        sorted(
            request.id
            for request in requests.values()
            if request.id not in idle and needs_teacher(request, situation.capacity)
        )
    )
    if not before.running:
        may_start = situation.capacity.may_start_teacher
        users = tuple(id_ for id_ in users if _has_job(requests[id_]) or may_start(requests[id_]))
    after, actions = _run(situation) if users else _pause(situation)
    usd_per_hour = costs.awake_usd_per_hour(situation.recipe.teacher)
    record, charged = billing.charge_teacher(
        before, after, users, requests, situation.meter, situation.observation, usd_per_hour
    )
    return TeacherPlan(record, actions, charged)


def needs_teacher(request: Request, capacity: Capacity) -> bool:
    """Whether a job of the request uses the teacher, or could start if the teacher ran."""
    step = steps.current(request)
    if request.status is not Status.OPEN or step is None or not steps.info(step).needs_teacher:
        return False
    return _has_job(request) or (bool(request.reserved_at) and capacity.allows(request, step))


def _has_job(request: Request) -> bool:
    return any(record.is_active for record in request.steps.values())


def has_given_up(situation: Situation) -> bool:
    """Whether the endpoint was started so often that no request should wait for it."""
    record, teacher = situation.teacher, situation.observation.teacher
    if not record.running or not record.failed_starts or teacher.is_running:
        return False
    limit = MAX_FAILED_STARTS if teacher.state in FAILED_STATES else MAX_IGNORED_STARTS
    is_slow = (
        teacher.state in STARTING and situation.now - record.ordered_at > billing.MAX_START_SECONDS
    )
    return record.failed_starts > limit or is_slow


def is_ready(situation: Situation) -> bool:
    """Whether a job may rely on the teacher.

    Shortly after an order to pause, an endpoint may still look as if it were running. It would
    then stop while a job uses it that started after the order.
    """
    if isinstance(situation.recipe.teacher, TeacherUrl):
        return True
    record = situation.teacher
    is_past_grace = situation.now - record.paused_at > GRACE_SECONDS
    return situation.observation.teacher.is_running and record.running and is_past_grace


def _run(situation: Situation) -> Decision:
    record, teacher, now = situation.teacher, situation.observation.teacher, situation.now
    action = EnsureEndpoint(situation.recipe.teacher.name, True)
    if not record.running:
        return replace(record, running=True, ordered_at=now, failed_starts=1), (action,)
    if teacher.is_running:
        return replace(record, failed_starts=0), ()
    if (
        teacher.state in STARTING
        or now - record.ordered_at <= GRACE_SECONDS
        or has_given_up(situation)
    ):
        return record, ()
    return replace(record, ordered_at=now, failed_starts=record.failed_starts + 1), (action,)


def _pause(situation: Situation) -> Decision:
    record, now = situation.teacher, situation.now
    if situation.observation.teacher.state in NEEDS_NO_PAUSE:
        return (replace(record, running=False, failed_starts=0) if record.running else record), ()
    if not record.running and now - record.paused_at <= GRACE_SECONDS:
        return record, ()
    action = EnsureEndpoint(situation.recipe.teacher.name, False)
    return replace(record, running=False, failed_starts=0, paused_at=now), (action,)
