"""The state of each step, from jobs and manifests."""

from __future__ import annotations

import re
from dataclasses import replace

from bot import replies
from bot.domain import costs, steps
from bot.domain.actions import GRACE_SECONDS
from bot.domain.observation import Job, JobStage, Manifest
from bot.domain.request import Reason, Request, Step, StepRecord, StepState
from bot.planner.situation import Situation
from recipes.validation.errors import SAME_AGAIN

# The queue for hardware may be long; after this time a job is given up.
MAX_QUEUE_SECONDS = 6 * 3600.0
# The teacher costs money while a job that needs it waits in this queue.
MAX_QUEUE_SECONDS_WITH_TEACHER = 900.0
# The Hub cancels jobs for these reasons: nothing runs in this namespace until somebody pays.
_UNPAID = ("NO_CREDITS", "NO_SUBSCRIPTION", "SPEND_LIMIT", "RESOURCE_GROUP_LIMIT")
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
            request = request.with_step(step, _finished(record, step, manifest))
            request = _with_measured_estimate(request, manifest, situation)
            continue
        if record.is_active:
            request = request.with_step(step, _running_or_failed(request, step, situation))
        break
    return request


def _with_measured_estimate(request: Request, manifest: Manifest, situation: Situation) -> Request:
    """Correct the estimate by how many tokens the teacher needs, once a check has counted them."""
    spec = request.agreed_spec
    if manifest.advice is None or not manifest.advice.teacher_fertility:
        return request
    spec = replace(spec, fertility=manifest.advice.teacher_fertility)
    if costs.has_prices(situation.recipe, spec, situation.observation.prices):
        spec = replace(spec, estimate_usd=round(situation.estimate(spec).total_usd, 6))
    return replace(request, spec=spec)


def _finished(record: StepRecord, step: Step, manifest: Manifest) -> StepRecord:
    is_hopeless = manifest.advice is not None and manifest.advice.level == "hopeless"
    return replace(
        record,
        state=StepState.MADE,
        note=replies.step_note(step, manifest),
        seconds=round(manifest.seconds, 1),
        reason=Reason.HOPELESS if is_hopeless else Reason.NONE,
        log_tail=(),
        progress_tenths=0,
    )


def _running_or_failed(request: Request, step: Step, situation: Situation) -> StepRecord:
    record, job = request.step(step), situation.job(request, step)
    if job is None:
        if situation.now - record.ordered_at <= GRACE_SECONDS:
            return record
        if record.job_id:
            return replace(record, state=StepState.FAILED, reason=Reason.VANISHED, log_tail=())
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
        progress_tenths=0,
    )


def _failure(job: Job, step: Step, situation: Situation) -> Reason:
    """Return why this attempt is given up; NONE while it may still succeed."""
    now = situation.now
    if job.stage is JobStage.SCHEDULING:
        needs_teacher = steps.info(step).needs_teacher
        longest = MAX_QUEUE_SECONDS_WITH_TEACHER if needs_teacher else MAX_QUEUE_SECONDS
        return Reason.STUCK if now - job.created_at > longest else Reason.NONE
    if job.stage is JobStage.RUNNING:
        timeout = situation.recipe.steps[step].timeout_minutes * 60 + GRACE_SECONDS
        return Reason.OVERDUE if job.seconds(now) > timeout else Reason.NONE
    if job.stage is JobStage.CANCELED and job.cancel_reason in _UNPAID:
        return Reason.NO_CREDIT
    if job.stage is JobStage.ERROR and f"kakugo-recipe {step.value}: {SAME_AGAIN}" in job.log_tail:
        return Reason.UNWORKABLE
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
