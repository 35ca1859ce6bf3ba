"""Whether the teacher's endpoint should cost money now, derived from all requests each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.domain import steps
from bot.domain.actions import GRACE, EnsureEndpoint, Order
from bot.domain.observation import World
from bot.domain.policy import Terms
from bot.domain.request import Request, Status, TeacherRecord
from bot.planner.scheduling import Room

# One that failed is tried again a few times; one that never heard the order, for half an hour.
TRIES, UNHEARD = 3, 30
STARTING = ("pending", "initializing", "updating")
FAILED = ("failed", "updateFailed")
ASLEEP = ("absent", "paused", "scaledToZero", *FAILED)


def is_hopeless(record: TeacherRecord, world: World) -> bool:
    most = TRIES if world.teacher.state in FAILED else UNHEARD
    return record.running and record.tries > most


def is_ready(record: TeacherRecord, world: World) -> bool:
    """Whether a job may count on the teacher.

    An endpoint that was told to pause a moment ago may still look awake, and fall asleep in the
    middle of a job that was not known when it was told.
    """
    settled = world.now - record.rested > GRACE
    return world.teacher.running and record.running and settled


def plan_teacher(
    record: TeacherRecord, requests: Iterable[Request], room: Room, world: World, terms: Terms
) -> tuple[TeacherRecord, tuple[Order, ...]]:
    """Have the endpoint running while a request needs it or could go on with it, else paused."""
    if any(needs(request, room) for request in requests):
        return _awake(record, world, terms)
    return _asleep(record, world, terms)


def _awake(
    record: TeacherRecord, world: World, terms: Terms
) -> tuple[TeacherRecord, tuple[Order, ...]]:
    order = EnsureEndpoint(terms.programme.teacher.name, True)
    if not record.running:
        return replace(record, running=True, ordered=world.now, tries=1), (order,)
    if world.teacher.running:
        return (replace(record, tries=0) if record.tries else record), ()
    waits = world.teacher.state in STARTING or world.now - record.ordered <= GRACE
    if waits or is_hopeless(record, world):
        return record, ()
    return replace(record, ordered=world.now, tries=record.tries + 1), (order,)


def _asleep(
    record: TeacherRecord, world: World, terms: Terms
) -> tuple[TeacherRecord, tuple[Order, ...]]:
    if world.teacher.state in ASLEEP:
        return (replace(record, running=False, tries=0) if record.running else record), ()
    if not record.running and world.now - record.rested <= GRACE:
        return record, ()
    order = EnsureEndpoint(terms.programme.teacher.name, False)
    return replace(record, running=False, tries=0, rested=world.now), (order,)


def needs(request: Request, room: Room) -> bool:
    """Whether a request is being taught, or waits for nothing but the teacher."""
    step = steps.current(request)
    if request.status is not Status.OPEN or step is None or not steps.row(step).needs_teacher:
        return False
    return request.step(step).at_work or room.admits(request, step)
