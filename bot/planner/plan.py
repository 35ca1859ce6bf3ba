"""The next record of a request, and the actions for it. Pure, and defined for every state.

Rules (docs/RATIONALE.md): an action needs a changed record, so every plan with actions has a new
revision; a job that completed without a manifest is a failed attempt after the grace; an ordered
job that never appeared is ordered again under its number.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain import costs, names, steps
from bot.domain.actions import GRACE_SECONDS, Action, EnsureCancelled, EnsureJob, Plan
from bot.domain.observation import Discussion
from bot.domain.recipe import TeacherUrl
from bot.domain.request import (
    LIVE,
    Reason,
    Request,
    Status,
    Step,
    StepState,
    UnsettledJob,
    Verdict,
)
from bot.planner import billing, new_requests, progress
from bot.planner.due_replies import (
    ANSWER_TIMEOUT,
    NOT_A_REQUEST,
    due_replies,
    is_left_to_people,
)
from bot.planner.endpoint import has_given_up, is_ready
from bot.planner.incoming_comments import answer_reopening, apply_comments
from bot.planner.situation import Situation

REOPENING_SECONDS = 10 * GRACE_SECONDS
# After an attempt that failed for one of these reasons, another would be paid for in vain.
_NOT_REPEATED = {
    Reason.NO_CREDIT: Verdict.NO_CREDIT,
    Reason.UNWORKABLE: Verdict.UNWORKABLE,
}

Decision = tuple[Request, tuple[Action, ...]]


def admit(discussion: Discussion, situation: Situation) -> Plan:
    """Plan for a new discussion: accept it as a request, ask about it, or decline it."""
    request = new_requests.new_request(discussion, situation)
    request = apply_comments(request, discussion, situation)
    request = _reserve_for_teacher(request, situation)
    return _complete(replace(request, revision=0), request, (), situation)


def plan(request: Request, situation: Situation) -> Plan:
    """Plan for a request in the ledger; without actions and with an equal record: do nothing."""
    discussion = situation.discussion(request)
    reopened = _is_reopened(request, discussion, situation.now)
    if is_at_rest(request, situation.now) and not reopened:
        if discussion is None or not _has_new_comment(request, discussion):
            return Plan(request)
    after = billing.settle_jobs(request, situation.observation, situation.job_prices)
    after = progress.update_progress(after, situation)
    if discussion is not None:
        after = apply_comments(after, discussion, situation)
        if reopened and after.status not in LIVE:
            after = answer_reopening(after)
        after = _end_if_closed_or_unanswered(after, discussion, situation)
    if after.status in LIVE and situation.is_withdrawn(after):
        after = replace(after, status=Status.CANCELLED, verdict=Verdict.WITHDRAWN)
    after, actions = _start_next_step(after, situation)
    return _complete(request, after, actions, situation)


def is_at_rest(request: Request, now: float) -> bool:
    """Whether the request is archived, and the last action of any bot has been observed."""
    return request.archived and now - request.last_reply_at > GRACE_SECONDS


def _is_reopened(request: Request, discussion: Discussion | None, now: float) -> bool:
    """Whether somebody has reopened the closed discussion of an archived request.

    One that was closed a short while ago may only look open, as the Hub shows what it was before.
    """
    if discussion is None or not request.archived or is_left_to_people(request):
        return False
    return discussion.open and now - request.last_reply_at > REOPENING_SECONDS


def _has_new_comment(request: Request, discussion: Discussion) -> bool:
    return any(comment.created_at > request.last_comment_at for comment in discussion.comments)


def _end_if_closed_or_unanswered(
    request: Request, discussion: Discussion, situation: Situation
) -> Request:
    if request.status in LIVE and not discussion.open:
        return replace(request, status=Status.CANCELLED, verdict=Verdict.CLOSED)
    waits = request.status in (Status.ASKED, Status.HELD) and request.replied_at
    waits_since = max(request.last_reply_at, request.last_comment_at)
    if waits and situation.now - waits_since > ANSWER_TIMEOUT:
        choices = () if request.verdict in NOT_A_REQUEST else request.choices
        return replace(request, status=Status.DECLINED, verdict=Verdict.UNANSWERED, choices=choices)
    return request


def _start_next_step(request: Request, situation: Situation) -> Decision:
    """Order the next job if it may start now, or end the request if it is done or has failed."""
    if request.status is not Status.OPEN:
        return request, ()
    step = steps.current(request)
    if step is None:
        return replace(request, status=Status.DONE), ()
    if request.step(Step.CHECK).reason is Reason.HOPELESS:
        return _fail(request, Verdict.HOPELESS), ()
    record = request.step(step)
    if situation.remaining_usd(request) < 0:
        failed = replace(record, state=StepState.FAILED) if record.is_active else record
        return _fail(request.with_step(step, failed), Verdict.BUDGET), ()
    # Until the cost of the last job is known, the next one could not be paid for.
    if record.is_active or request.unsettled or situation.observation.communities is None:
        return request, ()
    if situation.needs_consent(request):
        return replace(request, status=Status.HELD, verdict=Verdict.COMMUNITY), ()
    if record.reason in _NOT_REPEATED and record.attempts_since_retry:
        return _fail(request, _NOT_REPEATED[record.reason]), ()
    max_attempts = situation.recipe.steps[step].attempts
    if record.state is StepState.FAILED and record.attempts_since_retry >= max_attempts:
        return _fail(request, Verdict.ATTEMPTS), ()
    spec, prices = request.agreed_spec, situation.observation.prices
    if not costs.has_prices(situation.recipe, spec, prices):
        return request, ()
    timeout_seconds = _timeout_seconds(request, step, situation)
    settings = situation.recipe.steps[step].with_fertility(spec.fertility)
    if timeout_seconds < min(settings.expected_minutes, settings.timeout_minutes) * 60:
        return _fail(request, Verdict.BUDGET), ()
    if steps.info(step).needs_teacher and not is_ready(situation):
        if has_given_up(situation):
            return _fail(request, Verdict.TEACHER), ()
        return _reserve_for_teacher(request, situation), ()
    if not situation.capacity.allows(request, step):
        return request, ()
    return _order_job(request, step, timeout_seconds, situation)


def _reserve_for_teacher(request: Request, situation: Situation) -> Request:
    """Reserve money for a teacher that does not run yet: it costs something while it starts."""
    step = steps.current(request)
    if request.status is not Status.OPEN or step is None or not steps.info(step).needs_teacher:
        return request
    capacity, is_running = situation.capacity, situation.teacher.running
    if not capacity.allows(request, step):
        return request
    if is_ready(situation) or not (is_running or capacity.may_start_teacher(request)):
        return request
    return replace(request, reserved_at=request.reserved_at or situation.now)


def _timeout_seconds(request: Request, step: Step, situation: Situation) -> int:
    """Return how long a job of this step may run."""
    return costs.affordable_seconds(
        situation.remaining_usd(request),
        situation.usd_per_hour(step),
        situation.recipe.steps[step].timeout_minutes * 60,
    )


def _fail(request: Request, verdict: Verdict) -> Request:
    return replace(request, status=Status.FAILED, verdict=verdict)


def _order_job(
    request: Request, step: Step, timeout_seconds: int, situation: Situation
) -> Decision:
    """Order the next attempt after a failed one, or a lost attempt again under its number."""
    settings, record = situation.recipe.steps[step], request.step(step)
    is_new = record.state is StepState.FAILED or record.attempt == 0
    ordered = replace(
        record,
        state=StepState.ORDERED,
        attempt=record.attempt + is_new,
        attempts_since_retry=record.attempts_since_retry + is_new,
        ordered_at=situation.now,
        job_id="",
        progress_tenths=0,
    )
    teacher_cap_usd = costs.teacher_cap_usd(
        situation.recipe,
        request,
        step,
        situation.observation.prices,
        situation.remaining_usd(request),
    )
    is_paid_by_token = steps.info(step).needs_teacher and isinstance(
        situation.recipe.teacher, TeacherUrl
    )
    tokens_usd = teacher_cap_usd if is_paid_by_token else 0.0
    action = EnsureJob(
        request=request.id,
        step=step,
        attempt=ordered.attempt,
        command=_command(request, step, ordered.attempt, teacher_cap_usd, situation),
        image=situation.recipe.image,
        flavor=settings.flavor,
        timeout_seconds=timeout_seconds,
    )
    usd_per_hour = situation.observation.prices[settings.flavor]
    held = UnsettledJob(
        step=step,
        attempt=ordered.attempt,
        ordered_at=situation.now,
        usd_per_hour=usd_per_hour,
        hold_usd=timeout_seconds / 3600 * usd_per_hour + tokens_usd,
        tokens_usd=tokens_usd,
    )
    request = replace(
        request.with_step(step, ordered),
        reserved_at=request.reserved_at or situation.now,
        unsettled=(*request.unsettled, held),
    )
    return request, (action,)


def _command(
    request: Request, step: Step, attempt: int, cap_usd: float, situation: Situation
) -> tuple[str, ...]:
    policy, observation = situation.policy, situation.observation
    revision = request.agreed_spec.wheel_revision
    wheel = names.wheel_url(policy.endpoint, policy.org, revision, policy.wheel)
    teacher = observation.teacher.url
    return steps.command(policy.recipe, request, step, attempt, wheel, teacher, cap_usd)


def _complete(
    before: Request, after: Request, actions: tuple[Action, ...], situation: Situation
) -> Plan:
    """Add due replies and cancellations, and mark the request reported and archived."""
    due = due_replies(after, situation)
    actions = (*actions, *_cancellations(after, situation), *due.actions)
    # A request that is done cannot report its result before the manifest was read.
    last_step = steps.last(after.spec)
    can_report = after.status is not Status.DONE or situation.manifest(after, last_step) is not None
    reported = due.complete and after.status not in LIVE and can_report
    archived = reported and not after.unsettled and not _is_listening(after, situation)
    after = replace(after, replied_at=due.replied_at, reported=reported, archived=archived)
    if after == before and not actions:
        return Plan(before)
    after = replace(after, revision=before.revision + 1)
    return Plan(after, actions, _summary(before, after))


def _is_listening(request: Request, situation: Situation) -> bool:
    """Whether a comment could still be for the bot."""
    discussion = situation.discussion(request)
    unanswered = request.status is Status.DECLINED and request.verdict is Verdict.UNANSWERED
    return discussion is not None and discussion.open and not unanswered


def _cancellations(request: Request, situation: Situation) -> tuple[Action, ...]:
    """Cancel running jobs that the record does not wait for, and all but one of double launches.

    A job that still runs after its manifest was pushed may finish.
    """
    needed = set()
    if request.status is Status.OPEN:
        active = (step for step, record in request.steps.items() if record.is_active)
        needed = {job.id for step in active if (job := situation.job(request, step)) is not None}
    finishing = set()
    if request.status in (Status.OPEN, Status.DONE):
        records = request.steps.items()
        finishing = {step for step, record in records if record.state is StepState.MADE}
    return tuple(
        EnsureCancelled(job.id)
        for job in situation.observation.jobs
        if job.request == request.id
        and not job.stage.is_final
        and job.id not in needed
        and job.step not in finishing
    )


def _summary(before: Request, after: Request) -> str:
    """Return one line for the history of the ledger."""
    if after.status is not before.status or before.revision == 0:
        return f"{after.id}: {after.status.value} {after.verdict.value}".rstrip()
    changes = []
    for step in Step:
        old, new = before.step(step), after.step(step)
        if new.state is not old.state or new.progress_tenths > old.progress_tenths:
            percent = f" {10 * new.progress_tenths} %" if new.progress_tenths else ""
            changes.append(f"{step.value} {new.state.value}{percent}")
    changes += [answer.command.value for answer in after.answers[len(before.answers) :]]
    return f"{after.id}: {', '.join(changes) or 'update replies'}"
