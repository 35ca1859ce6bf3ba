"""How far each step is: records against jobs and manifests, and what the jobs have cost."""

from __future__ import annotations

import re
from dataclasses import replace

from bot import replies
from bot.domain import costs, steps
from bot.domain.actions import GRACE
from bot.domain.observation import Job, Manifest, Stage, World
from bot.domain.policy import Terms
from bot.domain.request import Reason, Request, State, Step, StepRecord

# A queue for hardware may be long; beyond this nobody believes in it any more.
LONGEST_QUEUE = 6 * 3600.0
_PROGRESS = re.compile(r"progress: (\d+)/(\d+) ")

_REASONS = {
    Stage.COMPLETED: Reason.NOTHING_MADE,
    Stage.ERROR: Reason.ERROR,
    Stage.CANCELED: Reason.CANCELED,
    Stage.DELETED: Reason.VANISHED,
}


def look(request: Request, world: World, terms: Terms) -> Request:
    """The request with every step's state as it is seen now."""
    if request.spec is None:
        return request
    for step in (row.step for row in steps.rows(request.spec)):
        record = request.step(step)
        if record.state is State.MADE:
            continue
        manifest = world.manifests.get((request.id, step))
        digest = steps.digest(terms.programme, request.agreed, step)
        if manifest is not None and manifest.digest == digest:
            made = _made(record, step, manifest, world, terms)
            request = request.with_step(step, made)
            continue
        if record.at_work:
            request = request.with_step(step, _attempted(request, step, record, world, terms))
        break
    return request


def cost(request: Request, step: Step, world: World, terms: Terms) -> float:
    """US dollars that the jobs of the present attempt have cost so far."""
    record = request.step(step)
    key = (request.id, step, record.attempt)
    jobs = [job for job in world.jobs if (job.request, job.step, job.attempt) == key]
    hours = sum(job.seconds(world.now) for job in jobs) / 3600
    return round(hours * costs.hourly(terms.programme, step, world.prices), 6)


def _made(
    record: StepRecord, step: Step, manifest: Manifest, world: World, terms: Terms
) -> StepRecord:
    """What was found without an attempt of ours has been paid for before.

    A manifest tells what its own run paid the teacher: by the token, or by the hour as we do.
    """
    paid = 0.0
    if record.attempt:
        hours = manifest.seconds / 3600
        both = costs.hourly(terms.programme, step, world.prices)
        machine = world.prices.get(terms.programme.steps[step].flavor, 0.0)
        paid = hours * machine + max(hours * (both - machine), manifest.cost_usd)
    return replace(
        record,
        state=State.MADE,
        note=replies.note(step, manifest),
        seconds=round(manifest.seconds, 1),
        cost_usd=round(record.cost_usd + paid, 6),
        reason=_against(manifest),
        tail=(),
        progress=0,
    )


def _against(manifest: Manifest) -> Reason:
    hopeless = manifest.advice is not None and manifest.advice.word == "hopeless"
    return Reason.HOPELESS if hopeless else Reason.NONE


def _attempted(
    request: Request, step: Step, record: StepRecord, world: World, terms: Terms
) -> StepRecord:
    job = world.job(request.id, step, record.attempt)
    if job is None:
        if world.now - record.ordered <= GRACE:
            return record
        if record.job:
            return replace(record, state=State.FAILED, reason=Reason.VANISHED, tail=())
        return replace(record, state=State.WAITING)
    reason = _reason(job, step, world, terms)
    if reason is Reason.NONE:
        done = max(record.progress, _tenths(job))
        return replace(record, state=State.RUNNING, job=job.id, progress=done)
    return replace(
        record,
        state=State.FAILED,
        job=job.id,
        reason=reason,
        tail=job.tail,
        cost_usd=round(record.cost_usd + cost(request, step, world, terms), 6),
        progress=0,
    )


def _reason(job: Job, step: Step, world: World, terms: Terms) -> Reason:
    """Why this attempt is given up; NONE while there is hope."""
    if job.stage is Stage.SCHEDULING:
        return Reason.STUCK if world.now - job.created > LONGEST_QUEUE else Reason.NONE
    if job.stage is Stage.RUNNING:
        longest = terms.programme.steps[step].timeout_minutes * 60 + GRACE
        return Reason.OVERDUE if job.seconds(world.now) > longest else Reason.NONE
    ended = job.finished or job.created
    if job.stage is Stage.COMPLETED and world.now - ended <= GRACE:
        return Reason.NONE
    return _REASONS[job.stage]


def _tenths(job: Job) -> int:
    """How much is done, from the last line of progress in what was seen of the log."""
    found = [m for line in job.tail if (m := _PROGRESS.match(line))]
    if not found or not int(found[-1][2]):
        return 0
    return min(9, 10 * int(found[-1][1]) // int(found[-1][2]))
