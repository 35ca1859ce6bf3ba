"""Whether the teacher's endpoint should cost money now, derived from all requests each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.domain import steps
from bot.domain.actions import GRACE, Action, EnsureEndpoint
from bot.domain.observation import Observation
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, TeacherRecord
from bot.planner.scheduling import Capacity

# One that failed is tried again a few times; one that never heard the order, for half an hour.
TRIES, UNHEARD = 3, 30
STARTING = ("pending", "initializing", "updating")
FAILED = ("failed", "updateFailed")
# An endpoint that is scaled to zero is no rest: any request wakes it, and it keeps its quota.
ASLEEP = ("absent", "paused", *FAILED)


def is_hopeless(record: TeacherRecord, observation: Observation) -> bool:
    most = TRIES if observation.teacher.state in FAILED else UNHEARD
    return record.running and record.failed_starts > most


def is_ready(record: TeacherRecord, observation: Observation) -> bool:
    """Whether a job may count on the teacher.

    An endpoint that was told to pause a moment ago may still look awake, and fall asleep in the
    middle of a job that was not known when it was told.
    """
    settled = observation.now - record.paused_at > GRACE
    return observation.teacher.is_running and record.running and settled


def plan_teacher(
    record: TeacherRecord,
    requests: Iterable[Request],
    capacity: Capacity,
    observation: Observation,
    policy: Policy,
) -> tuple[TeacherRecord, tuple[Action, ...]]:
    """Have the endpoint running while a request needs it or could go on with it, else paused."""
    if any(needs(request, capacity) for request in requests):
        return _awake(record, observation, policy)
    return _asleep(record, observation, policy)


def _awake(
    record: TeacherRecord, observation: Observation, policy: Policy
) -> tuple[TeacherRecord, tuple[Action, ...]]:
    action = EnsureEndpoint(policy.recipe.teacher.name, True)
    if not record.running:
        return replace(record, running=True, ordered_at=observation.now, failed_starts=1), (action,)
    if observation.teacher.is_running:
        return (replace(record, failed_starts=0) if record.failed_starts else record), ()
    waits = observation.teacher.state in STARTING or observation.now - record.ordered_at <= GRACE
    if waits or is_hopeless(record, observation):
        return record, ()
    return replace(record, ordered_at=observation.now, failed_starts=record.failed_starts + 1), (
        action,
    )


def _asleep(
    record: TeacherRecord, observation: Observation, policy: Policy
) -> tuple[TeacherRecord, tuple[Action, ...]]:
    if observation.teacher.state in ASLEEP:
        return (replace(record, running=False, failed_starts=0) if record.running else record), ()
    if not record.running and observation.now - record.paused_at <= GRACE:
        return record, ()
    action = EnsureEndpoint(policy.recipe.teacher.name, False)
    return replace(record, running=False, failed_starts=0, paused_at=observation.now), (action,)


def needs(request: Request, capacity: Capacity) -> bool:
    """Whether a request is being taught, or waits for nothing but the teacher."""
    step = steps.current(request)
    if request.status is not Status.OPEN or step is None or not steps.row(step).needs_teacher:
        return False
    return request.step(step).is_active or capacity.allows(request, step)
