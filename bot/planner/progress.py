"""How far each step is: records against jobs and manifests, and what the jobs have cost."""

from __future__ import annotations

import re
from dataclasses import replace

from bot import replies
from bot.domain import costs, steps
from bot.domain.actions import GRACE
from bot.domain.observation import Job, JobStage, Manifest, Observation
from bot.domain.policy import Policy
from bot.domain.request import Reason, Request, Step, StepRecord, StepState

# A queue for hardware may be long; beyond this nobody believes in it any more.
LONGEST_QUEUE = 6 * 3600.0
# Why the Hub cancels a job by itself: nothing can run in this namespace until somebody pays.
_UNPAID = ("NO_CREDITS", "NO_SUBSCRIPTION", "SPEND_LIMIT", "RESOURCE_GROUP_LIMIT")
_PROGRESS = re.compile(r"progress: (\d+)/(\d+) ")

_REASONS = {
    JobStage.COMPLETED: Reason.NOTHING_MADE,
    JobStage.ERROR: Reason.ERROR,
    JobStage.CANCELED: Reason.CANCELED,
    JobStage.DELETED: Reason.VANISHED,
}


def look(request: Request, observation: Observation, policy: Policy) -> Request:
    """The request with every step's state as it is seen now."""
    if request.spec is None:
        return request
    for step in (row.step for row in steps.rows(request.spec)):
        record = request.step(step)
        if record.state is StepState.MADE:
            continue
        manifest = observation.manifests.get((request.id, step))
        digest = steps.digest(policy.recipe, request.agreed_spec, step)
        if manifest is not None and manifest.digest == digest:
            made = _made(record, step, manifest, observation, policy)
            request = request.with_step(step, made)
            continue
        if record.is_active:
            request = request.with_step(
                step, _attempted(request, step, record, observation, policy)
            )
        break
    return request


def cost(request: Request, step: Step, observation: Observation, policy: Policy) -> float:
    """US dollars that the jobs of the present attempt have cost so far."""
    record = request.step(step)
    key = (request.id, step, record.attempt)
    jobs = [job for job in observation.jobs if (job.request, job.step, job.attempt) == key]
    hours = sum(job.seconds(observation.now) for job in jobs) / 3600
    return round(hours * costs.hourly(policy.recipe, step, observation.prices), 6)


def _made(
    record: StepRecord, step: Step, manifest: Manifest, observation: Observation, policy: Policy
) -> StepRecord:
    """What was found without an attempt of ours has been paid for before.

    A manifest tells what its own run paid the teacher: by the token, or by the hour as we do.
    """
    paid = 0.0
    if record.attempt:
        hours = manifest.seconds / 3600
        both = costs.hourly(policy.recipe, step, observation.prices)
        machine = observation.prices.get(policy.recipe.steps[step].flavor, 0.0)
        paid = hours * machine + max(hours * (both - machine), manifest.cost_usd)
    return replace(
        record,
        state=StepState.MADE,
        note=replies.step_note(step, manifest),
        seconds=round(manifest.seconds, 1),
        cost_usd=round(record.cost_usd + paid, 6),
        reason=_against(manifest),
        log_tail=(),
        progress_tenths=0,
    )


def _against(manifest: Manifest) -> Reason:
    hopeless = manifest.advice is not None and manifest.advice.level == "hopeless"
    return Reason.HOPELESS if hopeless else Reason.NONE


def _attempted(
    request: Request, step: Step, record: StepRecord, observation: Observation, policy: Policy
) -> StepRecord:
    job = observation.job(request.id, step, record.attempt)
    if job is None:
        if observation.now - record.ordered_at <= GRACE:
            return record
        if record.job_id:
            return replace(record, state=StepState.FAILED, reason=Reason.VANISHED, log_tail=())
        return replace(record, state=StepState.WAITING)
    reason = _reason(job, step, observation, policy)
    if reason is Reason.NONE:
        done = max(record.progress_tenths, _tenths(job))
        return replace(record, state=StepState.RUNNING, job_id=job.id, progress_tenths=done)
    return replace(
        record,
        state=StepState.FAILED,
        job_id=job.id,
        reason=reason,
        log_tail=job.log_tail,
        cost_usd=round(record.cost_usd + cost(request, step, observation, policy), 6),
        progress_tenths=0,
    )


def _reason(job: Job, step: Step, observation: Observation, policy: Policy) -> Reason:
    """Why this attempt is given up; NONE while there is hope."""
    if job.stage is JobStage.SCHEDULING:
        return Reason.STUCK if observation.now - job.created_at > LONGEST_QUEUE else Reason.NONE
    if job.stage is JobStage.RUNNING:
        longest = policy.recipe.steps[step].timeout_minutes * 60 + GRACE
        return Reason.OVERDUE if job.seconds(observation.now) > longest else Reason.NONE
    if job.stage is JobStage.CANCELED and job.cancel_reason in _UNPAID:
        return Reason.NO_CREDIT
    ended = job.finished_at or job.created_at
    if job.stage is JobStage.COMPLETED and observation.now - ended <= GRACE:
        return Reason.NONE
    return _REASONS[job.stage]


def _tenths(job: Job) -> int:
    """How much is done, from the last line of progress in what was seen of the log."""
    found = [m for line in job.log_tail if (m := _PROGRESS.match(line))]
    if not found or not int(found[-1][2]):
        return 0
    return min(9, 10 * int(found[-1][1]) // int(found[-1][2]))
