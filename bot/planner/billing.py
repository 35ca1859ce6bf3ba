"""What jobs and the teacher have cost: charged to requests once, and held until then. Pure.

A job is held at its greatest cost from the order until it has ended, whatever happens to its
request; then it is charged what the Hub bills. Where a time is missing or impossible, that is the
greatest cost. The teacher costs money from the order to start it until it is seen stopped, also
while it starts; the requests that it serves share this equally.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bot.domain import costs, steps
from bot.domain.actions import GRACE_SECONDS
from bot.domain.observation import (
    PAUSED_STATES,
    STOPPED_STATES,
    Job,
    JobStage,
    Manifest,
    Observation,
)
from bot.domain.recipe import IDLE_MINUTES
from bot.domain.request import Request, Step, StepState, TeacherRecord, UnsettledJob

MAX_START_SECONDS = 3600.0  # of the endpoint; after this time the bot gives it up

# How long a job may have waited for hardware that has vanished while no bot ran.
MAX_UNSEEN_QUEUE_SECONDS = 3600.0

_SPENT = re.compile(r"progress: .* spent=\$(\d+\.\d+)")


def settle_jobs(
    request: Request, observation: Observation, prices: Mapping[Step, float]
) -> Request:
    """Charge the request for its jobs that have ended; the others stay held.

    `prices` are today's for an hour, for jobs of records that do not have theirs.
    """
    unsettled = []
    for held in request.unsettled:
        held = replace(held, usd_per_hour=held.usd_per_hour or prices.get(held.step, 0.0))
        jobs = observation.jobs_of(request.id, held.step, held.attempt)
        manifest = observation.manifests.get((request.id, held.step))
        if manifest is not None and manifest.attempt != held.attempt:
            manifest = None
        usd = _final_usd(held, jobs, manifest, observation.now)
        if usd is None:
            unsettled.append(
                replace(
                    held,
                    appeared=held.appeared or bool(jobs),
                    started=held.started or any(job.stage is JobStage.RUNNING for job in jobs),
                )
            )
        elif usd:
            request = costs.charge(request, held.step, usd, observation.now)
    return replace(request, unsettled=tuple(unsettled))


def _final_usd(
    held: UnsettledJob, jobs: Collection[Job], manifest: Manifest | None, now: float
) -> float | None:
    """Return what an attempt has cost; None while that is not known.

    An order that had no effect costs nothing, and a job that has vanished its greatest cost.
    """
    if not jobs:
        if now - held.ordered_at <= GRACE_SECONDS:
            return None
        return held.hold_usd if held.appeared else 0.0
    if not all(job.stage.is_final for job in jobs):
        return None
    if held.tokens_usd and manifest is None and any(_may_leave_manifest(job, now) for job in jobs):
        return None
    return sum(_job_usd(held, job) + _tokens_usd(held, job, manifest) for job in jobs)


def _may_leave_manifest(job: Job, now: float) -> bool:
    """Whether the manifest of a completed job may not be visible yet."""
    return job.stage is JobStage.COMPLETED and now - job.finished_at <= GRACE_SECONDS


def _tokens_usd(held: UnsettledJob, job: Job, manifest: Manifest | None) -> float:
    """Return what a job paid for tokens, which nobody but the job knows.

    That is the largest figure in its log or manifest, or all that it was allowed to spend if there
    is none, or if it is larger: neither was written by somebody who pays.
    """
    if not held.tokens_usd or _never_ran(held, job):
        return 0.0
    reported = [float(match[1]) for line in job.log_tail if (match := _SPENT.match(line))]
    if manifest is not None:
        reported.append(manifest.cost_usd)
    return min(held.tokens_usd, max(reported, default=held.tokens_usd))


def _never_ran(held: UnsettledJob, job: Job) -> bool:
    """Whether a job was stopped while it waited for hardware."""
    was_stopped = job.stage in (JobStage.CANCELED, JobStage.DELETED)
    return was_stopped and not job.started_at and not held.started


def _job_usd(held: UnsettledJob, job: Job) -> float:
    """Return what the Hub bills for a job that has ended."""
    if _never_ran(held, job):
        return 0.0
    most_usd = held.hold_usd - held.tokens_usd
    seconds = job.finished_at - (job.started_at or job.created_at)
    if not job.finished_at or not held.usd_per_hour or not seconds >= 0:
        return most_usd
    return min(most_usd, seconds / 3600 * held.usd_per_hour)


def unsettled_usd(request: Request, observation: Observation) -> float:
    """Return what the request's unsettled jobs have cost so far."""
    usd = 0.0
    for held in request.unsettled:
        for job in observation.jobs_of(request.id, held.step, held.attempt):
            if job.stage is JobStage.RUNNING:
                seconds = max(0.0, observation.now - (job.started_at or job.created_at))
                usd += min(held.hold_usd, seconds / 3600 * held.usd_per_hour)
    return usd


@dataclass(frozen=True)
class Meter:
    """What the teacher has cost since the record's `charged_until`, and the next value of that."""

    seconds: float
    charged_until: float


def read_meter(
    record: TeacherRecord, observation: Observation, requests: Iterable[Request] = ()
) -> Meter:
    """Return for how long the teacher has cost money that nobody was charged for."""
    since, state, now = record.charged_until, observation.teacher.state, observation.now
    is_recent = now - max(record.ordered_at, record.paused_at) <= GRACE_SECONDS
    if state in PAUSED_STATES and since == record.ordered_at and (record.running or is_recent):
        return Meter(0.0, since)  # the order to start it has had no effect yet
    if state in PAUSED_STATES and not record.running:
        return Meter(0.0, 0.0)  # by our order
    if state not in PAUSED_STATES and not record.running and is_recent:
        return Meter(0.0, since)  # the order to pause it may have had an effect already
    until = now
    if state in STOPPED_STATES:
        until = min(now, _latest_stop(record, observation, requests))
    seconds = max(0.0, until - since) if since else 0.0
    return Meter(seconds, 0.0 if state in STOPPED_STATES else now)


def _latest_stop(
    record: TeacherRecord, observation: Observation, requests: Iterable[Request]
) -> float:
    """Return when an endpoint that has stopped did so at the latest.

    After the last call, the Hub scales it to zero. No bot may have been running since.
    """
    has_started = not record.failed_starts
    last_call_at = record.charged_until + (0.0 if has_started else MAX_START_SECONDS)
    for job in observation.jobs:
        if steps.info(job.step).needs_teacher:
            ended_at = job.finished_at if job.stage.is_final else 0.0
            last_call_at = max(last_call_at, ended_at or observation.now)
    for request in requests:
        for held in request.unsettled:
            is_shown = observation.jobs_of(request.id, held.step, held.attempt)
            if steps.info(held.step).needs_teacher and not is_shown:
                last_call_at = max(last_call_at, held.ordered_at + _longest_seconds(held))
    return last_call_at + 60.0 * IDLE_MINUTES


def _longest_seconds(held: UnsettledJob) -> float:
    """Return how long after its order a job may have ended that was not seen to end."""
    if not held.usd_per_hour:
        return float("inf")
    hours = (held.hold_usd - held.tokens_usd) / held.usd_per_hour
    return MAX_UNSEEN_QUEUE_SECONDS + 3600 * hours


def charge_teacher(
    before: TeacherRecord,
    after: TeacherRecord,
    users: tuple[str, ...],
    requests: Mapping[str, Request],
    meter: Meter,
    observation: Observation,
    usd_per_hour: float,
) -> tuple[TeacherRecord, tuple[Request, ...]]:
    """Charge the payers when somebody starts or stops using the teacher, or when it changes.

    `after` is the record with this tick's orders, and `users` are the ids of the requests that use
    the teacher from now on. Return the record and the requests that have changed.
    """
    now = observation.now
    is_ordered = after.running and after.ordered_at == now
    is_on = observation.teacher.state not in STOPPED_STATES
    until = meter.charged_until
    if is_ordered and not (is_on and until):
        until = now
    is_first_sight = before.charged_until == before.ordered_at and until == now
    is_stopped = before.charged_until > 0 and not until
    if (after, users) == (before, before.payers) and not is_first_sight and not is_stopped:
        return before, ()
    payers = [requests[id_] for id_ in before.payers if id_ in requests]
    usd = meter.seconds / 3600 * usd_per_hour / max(1, len(payers))
    charged = {each.id: costs.charge(each, _teacher_step(each), usd, now) for each in payers if usd}
    if is_ordered and not before.running:
        one_of_each_person = {requests[id_].author: id_ for id_ in reversed(users)}
        for id_ in one_of_each_person.values():
            charged[id_] = costs.count_start(charged.get(id_, requests[id_]), now)
    next_payers = (users or before.payers) if until else ()
    return replace(after, charged_until=until, payers=next_payers), tuple(charged.values())


def _teacher_step(request: Request) -> Step:
    """Return the step for which the request uses or last used the teacher."""
    order = [info.step for info in steps.NEW_MODEL if info.needs_teacher]
    return next(
        (step for step in order if request.step(step).state is not StepState.MADE), order[-1]
    )
