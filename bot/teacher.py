"""Whether the teacher's endpoint should cost money now, derived from all requests each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot import steps
from bot.orders import GRACE, EnsureEndpoint, Order
from bot.request import Request, Status, TeacherRecord
from bot.room import Room
from bot.terms import Terms
from bot.world import World

TRIES = 3
STARTING = ("pending", "initializing", "updating")
ASLEEP = ("absent", "paused", "scaledToZero", "failed")


def is_hopeless(record: TeacherRecord) -> bool:
    return record.running and record.tries > TRIES


def plan_teacher(
    record: TeacherRecord, requests: Iterable[Request], room: Room, world: World, terms: Terms
) -> tuple[TeacherRecord, tuple[Order, ...]]:
    """Have the endpoint running while a request needs it or could go on with it, else paused."""
    needed = any(needs(request, room) for request in requests)
    up = world.teacher.running or world.teacher.state in STARTING
    if not needed and world.teacher.state in ASLEEP:
        return (TeacherRecord(False, record.ordered) if record.running else record), ()
    if needed == up:
        return (replace(record, tries=0) if record.tries and world.teacher.running else record), ()
    if record.running == needed and world.now - record.ordered <= GRACE:
        return record, ()
    if needed and is_hopeless(record):
        return record, ()
    tries = record.tries + 1 if needed and record.running else int(needed)
    order = EnsureEndpoint(terms.programme.teacher.name, needed)
    return TeacherRecord(needed, world.now, tries), (order,)


def needs(request: Request, room: Room) -> bool:
    """Whether a request is being taught, or waits for nothing but the teacher."""
    step = steps.current(request)
    if request.status is not Status.OPEN or step is None or not steps.row(step).needs_teacher:
        return False
    return request.step(step).at_work or room.admits(request, step)
