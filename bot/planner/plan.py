"""What to do next for one request, decided from what was agreed and what was seen. Pure and total.

Rules (docs/RATIONALE.md): an effect needs a changed record, so every plan with orders bumps the
turn; `now` is the moment of the observation; a job COMPLETED without a manifest is, after the
grace, a failed attempt; an ordered job that never showed up is ordered again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bot.domain import costs, names, steps
from bot.domain.actions import GRACE, Action, EnsureCancelled, EnsureJob, Plan
from bot.domain.observation import Discussion, Observation
from bot.domain.policy import Policy
from bot.domain.request import (
    LIVE,
    Reason,
    Request,
    Status,
    Step,
    StepRecord,
    StepState,
    TeacherRecord,
    Verdict,
)
from bot.planner import admission, progress
from bot.planner.due_replies import NOT_OURS, PATIENCE, due_replies
from bot.planner.endpoint import is_hopeless, is_ready
from bot.planner.incoming_comments import hear
from bot.planner.scheduling import Capacity


def admit(
    discussion: Discussion, requests: Collection[Request], observation: Observation, policy: Policy
) -> Plan:
    """Take a new discussion as a request, ask about it, or decline it with the reason."""
    request = admission.new(discussion, requests, observation, policy)
    request = hear(request, discussion, requests, observation, policy)
    return _finish(replace(request, revision=0), request, (), observation, policy, "new")


def plan(
    request: Request,
    requests: Collection[Request],
    observation: Observation,
    policy: Policy,
    teacher: TeacherRecord,
    capacity: Capacity,
) -> Plan:
    """The next record of one request and what to do for it; `requests` are all there are."""
    if is_at_rest(request, observation.now):
        return Plan(request)
    discussion = observation.discussions.get(request.discussion)
    after = progress.look(request, observation, policy)
    if discussion is not None:
        after = hear(after, discussion, requests, observation, policy)
        after = _left(after, discussion, observation)
    after, actions = _advance(after, observation, policy, teacher, capacity)
    return _finish(request, after, actions, observation, policy)


def is_at_rest(request: Request, now: float) -> bool:
    """Nobody listens any more, and whatever a slow bot may still have done has been seen."""
    return request.archived and now - request.last_reply_at > GRACE


def _left(request: Request, discussion: Discussion, observation: Observation) -> Request:
    """Whoever closes the discussion stops the request; a question is not open for ever."""
    if request.status in LIVE and not discussion.open:
        return replace(request, status=Status.CANCELLED, verdict=Verdict.CLOSED)
    waits = request.status in (Status.ASKED, Status.HELD)
    since = max(request.last_reply_at, request.last_comment_at)
    if waits and request.replied_at and observation.now - since > PATIENCE:
        choices = () if request.verdict in NOT_OURS else request.choices
        return replace(request, status=Status.DECLINED, verdict=Verdict.UNANSWERED, choices=choices)
    return request


def _advance(
    request: Request,
    observation: Observation,
    policy: Policy,
    teacher: TeacherRecord,
    capacity: Capacity,
) -> tuple[Request, tuple[Action, ...]]:
    """Launch what comes next, or end the request."""
    if request.status is not Status.OPEN:
        return request, ()
    step = steps.current(request)
    if step is None:
        return replace(request, status=Status.DONE), ()
    if request.step(Step.CHECK).reason is Reason.HOPELESS:
        return _failed(request, Verdict.HOPELESS), ()
    record = request.step(step)
    if record.is_active:
        return _within_cap(request, step, observation, policy), ()
    if record.reason is Reason.NO_CREDIT and record.attempts_since_retry:
        return _failed(request, Verdict.NO_CREDIT), ()
    if (
        record.state is StepState.FAILED
        and record.attempts_since_retry >= policy.recipe.steps[step].attempts
    ):
        return _failed(request, Verdict.ATTEMPTS), ()
    taught = steps.row(step).needs_teacher
    if taught and not observation.teacher.is_running and is_hopeless(teacher, observation):
        return _failed(request, Verdict.TEACHER), ()
    if not capacity.allows(request, step) or (taught and not is_ready(teacher, observation)):
        return request, ()
    return _launch(request, step, record, observation, policy)


def _within_cap(request: Request, step: Step, observation: Observation, policy: Policy) -> Request:
    """A job that has passed what its request may cost is stopped."""
    running = progress.cost(request, step, observation, policy)
    if request.spent_usd + running <= request.agreed_spec.cap_usd or not running:
        return request
    record = request.step(step)
    over = replace(record, state=StepState.FAILED, cost_usd=record.cost_usd + running)
    return _failed(request.with_step(step, over), Verdict.BUDGET)


def _failed(request: Request, why: Verdict) -> Request:
    return replace(request, status=Status.FAILED, verdict=why)


def _launch(
    request: Request, step: Step, record: StepRecord, observation: Observation, policy: Policy
) -> tuple[Request, tuple[Action, ...]]:
    """A failed attempt is followed by the next; a lost one is ordered again under its number."""
    row = policy.recipe.steps[step]
    rate = costs.hourly(policy.recipe, step, observation.prices)
    seconds = costs.seconds_left(request, step, rate, row.timeout_minutes * 60)
    if seconds < min(row.expected_minutes, row.timeout_minutes) * 60:
        return _failed(request, Verdict.BUDGET), ()
    fresh = record.state is StepState.FAILED or record.attempt == 0
    attempt, tries = record.attempt + fresh, record.attempts_since_retry + fresh
    wheel = names.wheel_url(
        policy.endpoint, policy.org, request.agreed_spec.wheel_revision, policy.wheel
    )
    action = EnsureJob(
        request=request.id,
        step=step,
        attempt=attempt,
        command=steps.command(
            policy.recipe,
            request,
            step,
            attempt,
            wheel,
            observation.teacher.url,
            costs.teacher_cap(policy.recipe, request, step, observation.prices),
        ),
        image=policy.recipe.image,
        flavor=row.flavor,
        timeout_seconds=seconds,
    )
    ordered = replace(
        record,
        state=StepState.ORDERED,
        attempt=attempt,
        attempts_since_retry=tries,
        ordered_at=observation.now,
        job_id="",
        progress_tenths=0,
    )
    reserved = request.reserved_at or observation.now
    return replace(request.with_step(step, ordered), reserved_at=reserved), (action,)


def _finish(
    before: Request,
    after: Request,
    actions: tuple[Action, ...],
    observation: Observation,
    policy: Policy,
    why: str = "",
) -> Plan:
    """Add what is still to be said, stopped or closed; when nothing is, the request is told."""
    words = due_replies(after, observation, policy)
    actions = (*actions, *_unstopped(after, observation), *words.actions)
    told = words.complete and after.status not in LIVE and _all_sayable(after, observation)
    at_work = any(record.is_active for record in after.steps.values())
    over = told and not at_work and _is_closed(after, observation)
    after = replace(after, replied_at=words.replied_at, reported=told, archived=over)
    if after == before and not actions:
        return Plan(before)
    return Plan(replace(after, revision=before.revision + 1), actions, _why(before, after, why))


def _is_closed(request: Request, observation: Observation) -> bool:
    """Nothing can be heard any more, or only talk between people."""
    discussion = observation.discussions.get(request.discussion)
    from_talk = request.status is Status.DECLINED and request.verdict is Verdict.UNANSWERED
    return discussion is None or not discussion.open or from_talk


def _unstopped(request: Request, observation: Observation) -> tuple[Action, ...]:
    """Jobs that run without standing for what the record waits for, and doubles of those."""
    mine = [job for job in observation.jobs if job.request == request.id and not job.stage.is_final]
    wanted = {
        job.id
        for step, record in request.steps.items()
        if request.status is Status.OPEN and record.is_active
        and (job := observation.job(request.id, step, record.attempt)) is not None
    }  # fmt: skip
    finishing = {step for step, record in request.steps.items() if record.state is StepState.MADE}
    if request.status not in (Status.OPEN, Status.DONE):
        finishing = set()
    return tuple(
        EnsureCancelled(job.id)
        for job in mine
        if job.id not in wanted and job.step not in finishing
    )


def _all_sayable(request: Request, observation: Observation) -> bool:
    """A finished request waits for a look at its results, without which it cannot report them."""
    result = request.id, steps.last(request.spec)
    return request.status is not Status.DONE or result in observation.manifests


def _why(before: Request, after: Request, why: str) -> str:
    """One line for the ledger's history."""
    if after.status is not before.status or why:
        return f"{after.id}: {after.status.value} {after.verdict.value}".rstrip()
    moved = [
        f"{step.value} {now.state.value}"
        + (f" {10 * now.progress_tenths} %" if now.progress_tenths else "")
        for step in Step
        if (now := after.step(step)).state is not before.step(step).state
        or now.progress_tenths > before.step(step).progress_tenths
    ]
    answers = [answer.command.value for answer in after.answers[len(before.answers) :]]
    return f"{after.id}: {', '.join([*moved, *answers]) or 'say it again'}"
