"""The state of each step, from jobs and manifests, and what its jobs have cost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot import replies
from bot.domain import costs, steps
from bot.domain.actions import GRACE_SECONDS
from bot.domain.observation import Job, JobStage, Manifest
from bot.domain.recipe import TeacherUrl
from bot.domain.request import Reason, Request, Step, StepRecord, StepState
from bot.planner.situation import Situation

# The queue for hardware may be long; after this time a job is given up.
MAX_QUEUE_SECONDS = 6 * 3600.0
# The Hub cancels jobs for these reasons: nothing runs in this namespace until somebody pays.
_UNPAID = ("NO_CREDITS", "NO_SUBSCRIPTION", "SPEND_LIMIT", "RESOURCE_GROUP_LIMIT")
_SPENT = re.compile(r"progress: .* spent=\$(\d+\.\d+)")
_PROGRESS = re.compile(r"progress: (\d+)/(\d+) ")

_REASONS = {
    JobStage.COMPLETED: Reason.NOTHING_MADE,
    JobStage.ERROR: Reason.ERROR,
    JobStage.CANCELED: Reason.CANCELED,
    JobStage.DELETED: Reason.VANISHED,
}


def update_progress(request: Request, situation: Situation) -> Request:
    """Return the request with the observed state of every step."""
    if request.spec is None:
        return request
    for step in (info.step for info in steps.of(request.spec)):
        record = request.step(step)
        if record.state is StepState.MADE:
            continue
        manifest = situation.manifest(request, step)
        digest = steps.digest(situation.recipe, request.agreed_spec, step)
        if manifest is not None and manifest.digest == digest:
            request = request.with_step(step, _finished(record, step, manifest, situation))
            continue
        if record.is_active:
            request = request.with_step(step, _running_or_failed(request, step, situation))
        break
    return request


def attempt_usd(request: Request, step: Step, situation: Situation) -> float:
    """Return what the jobs of the current attempt have cost so far, in US dollars."""
    return round(_hours(request, step, situation) * situation.usd_per_hour(step), 6)


def _hours(request: Request, step: Step, situation: Situation) -> float:
    """Return how long the jobs of the current attempt have been running."""
    key = (request.id, step, request.step(step).attempt)
    jobs = situation.observation.jobs
    attempt = [job for job in jobs if (job.request, job.step, job.attempt) == key]
    return sum(job.seconds(situation.now) for job in attempt) / 3600


def is_above_cap(request: Request, step: Step, situation: Situation) -> bool:
    """Whether the jobs of the current attempt have brought the request above its cap."""
    usd = attempt_usd(request, step, situation)
    return usd > 0 and request.spent_usd + usd > request.agreed_spec.cap_usd


def _finished(
    record: StepRecord, step: Step, manifest: Manifest, situation: Situation
) -> StepRecord:
    cost_usd = _finished_usd(step, manifest, situation) if record.attempt else 0.0
    is_hopeless = manifest.advice is not None and manifest.advice.level == "hopeless"
    return replace(
        record,
        state=StepState.MADE,
        note=replies.step_note(step, manifest),
        seconds=round(manifest.seconds, 1),
        cost_usd=round(record.cost_usd + cost_usd, 6),
        reason=Reason.HOPELESS if is_hopeless else Reason.NONE,
        log_tail=(),
        progress_tenths=0,
    )


def _finished_usd(step: Step, manifest: Manifest, situation: Situation) -> float:
    """Return the cost of the hardware and the teacher in a finished run.

    The manifest says what the run paid the teacher by the token; ours is paid by the hour.
    """
    hours = manifest.seconds / 3600
    hardware = situation.observation.prices.get(situation.recipe.steps[step].flavor, 0.0)
    teacher = situation.usd_per_hour(step) - hardware
    return hours * hardware + max(hours * teacher, manifest.cost_usd)


def _running_or_failed(request: Request, step: Step, situation: Situation) -> StepRecord:
    record, job = request.step(step), situation.job(request, step)
    if job is None:
        if situation.now - record.ordered_at <= GRACE_SECONDS:
            return record
        if record.job_id:
            return replace(
                record,
                state=StepState.FAILED,
                reason=Reason.VANISHED,
                log_tail=(),
                cost_usd=round(record.cost_usd + _failed_usd(request, step, (), situation), 6),
            )
        return replace(record, state=StepState.WAITING)
    reason = _failure(job, step, situation)
    if reason is Reason.NONE:
        tenths = max(record.progress_tenths, _progress_tenths(job))
        return replace(record, state=StepState.RUNNING, job_id=job.id, progress_tenths=tenths)
    return replace(
        record,
        state=StepState.FAILED,
        job_id=job.id,
        reason=reason,
        log_tail=job.log_tail,
        cost_usd=round(record.cost_usd + _failed_usd(request, step, job.log_tail, situation), 6),
        progress_tenths=0,
    )


def _failed_usd(
    request: Request, step: Step, log_tail: Sequence[str], situation: Situation
) -> float:
    """Return what a failed attempt has cost.

    Nobody but the job knows what it paid for tokens: that is in its log, or it counts as all that
    the job was allowed to spend.
    """
    usd, recipe = attempt_usd(request, step, situation), situation.recipe
    if not isinstance(recipe.teacher, TeacherUrl) or not steps.info(step).needs_teacher:
        return usd
    reported = [float(match[1]) for line in log_tail if (match := _SPENT.match(line))]
    cap_usd = costs.teacher_cap_usd(recipe, request, step, situation.observation.prices)
    if not reported:
        return max(usd, cap_usd)
    hardware = situation.observation.prices.get(recipe.steps[step].flavor, 0.0)
    return _hours(request, step, situation) * hardware + reported[-1]


def _failure(job: Job, step: Step, situation: Situation) -> Reason:
    """Return why this attempt is given up; NONE while it may still succeed."""
    now = situation.now
    if job.stage is JobStage.SCHEDULING:
        return Reason.STUCK if now - job.created_at > MAX_QUEUE_SECONDS else Reason.NONE
    if job.stage is JobStage.RUNNING:
        timeout = situation.recipe.steps[step].timeout_minutes * 60 + GRACE_SECONDS
        return Reason.OVERDUE if job.seconds(now) > timeout else Reason.NONE
    if job.stage is JobStage.CANCELED and job.cancel_reason in _UNPAID:
        return Reason.NO_CREDIT
    ended_at = job.finished_at or job.created_at
    if job.stage is JobStage.COMPLETED and now - ended_at <= GRACE_SECONDS:
        return Reason.NONE
    return _REASONS[job.stage]


def _progress_tenths(job: Job) -> int:
    """Read the last line of progress in the log; 10 tenths are reached only by the manifest."""
    matches = [match for line in job.log_tail if (match := _PROGRESS.match(line))]
    if not matches or not int(matches[-1][2]):
        return 0
    return min(9, 10 * int(matches[-1][1]) // int(matches[-1][2]))
