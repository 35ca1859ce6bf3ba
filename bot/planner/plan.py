"""What to do next for one request, decided from what was agreed and what was seen. Pure and total.

Rules (docs/RATIONALE.md): an effect needs a changed record, so every plan with orders bumps the
turn; `now` is the moment of the observation; a job COMPLETED without a manifest is, after the
grace, a failed attempt; an ordered job that never showed up is ordered again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bot.domain import costs, names, steps
from bot.domain.actions import GRACE, EnsureCancelled, EnsureJob, Order, Plan
from bot.domain.observation import Discussion, World
from bot.domain.policy import Terms
from bot.domain.request import (
    LIVE,
    Reason,
    Request,
    State,
    Status,
    Step,
    StepRecord,
    TeacherRecord,
    Verdict,
)
from bot.planner import admission, progress
from bot.planner.due_replies import NOT_OURS, PATIENCE, speech
from bot.planner.endpoint import is_hopeless, is_ready
from bot.planner.incoming_comments import hear
from bot.planner.scheduling import Room


def admit(
    discussion: Discussion, requests: Collection[Request], world: World, terms: Terms
) -> Plan:
    """Take a new discussion as a request, ask about it, or decline it with the reason."""
    request = admission.new(discussion, requests, world, terms)
    request = hear(request, discussion, requests, world, terms)
    return _finish(replace(request, turn=0), request, (), world, terms, "new")


def plan(
    request: Request,
    requests: Collection[Request],
    world: World,
    terms: Terms,
    teacher: TeacherRecord,
    room: Room,
) -> Plan:
    """The next record of one request and what to do for it; `requests` are all there are."""
    if is_at_rest(request, world.now):
        return Plan(request)
    discussion = world.discussions.get(request.discussion)
    after = progress.look(request, world, terms)
    if discussion is not None:
        after = hear(after, discussion, requests, world, terms)
        after = _left(after, discussion, world)
    after, orders = _advance(after, world, terms, teacher, room)
    return _finish(request, after, orders, world, terms)


def is_at_rest(request: Request, now: float) -> bool:
    """Nobody listens any more, and whatever a slow bot may still have done has been seen."""
    return request.over and now - request.last_said > GRACE


def _left(request: Request, discussion: Discussion, world: World) -> Request:
    """Whoever closes the discussion stops the request; a question is not open for ever."""
    if request.status in LIVE and not discussion.open:
        return replace(request, status=Status.CANCELLED, verdict=Verdict.CLOSED)
    waits = request.status in (Status.ASKED, Status.HELD)
    since = max(request.last_said, request.heard)
    if waits and request.said and world.now - since > PATIENCE:
        choices = () if request.verdict in NOT_OURS else request.choices
        return replace(request, status=Status.DECLINED, verdict=Verdict.UNANSWERED, choices=choices)
    return request


def _advance(
    request: Request, world: World, terms: Terms, teacher: TeacherRecord, room: Room
) -> tuple[Request, tuple[Order, ...]]:
    """Launch what comes next, or end the request."""
    if request.status is not Status.OPEN:
        return request, ()
    step = steps.current(request)
    if step is None:
        return replace(request, status=Status.DONE), ()
    if request.step(Step.CHECK).reason is Reason.HOPELESS:
        return _failed(request, Verdict.HOPELESS), ()
    record = request.step(step)
    if record.at_work:
        return _within_cap(request, step, world, terms), ()
    if record.state is State.FAILED and record.tries >= terms.programme.steps[step].attempts:
        return _failed(request, Verdict.ATTEMPTS), ()
    taught = steps.row(step).needs_teacher
    if taught and not world.teacher.running and is_hopeless(teacher, world):
        return _failed(request, Verdict.TEACHER), ()
    if not room.admits(request, step) or (taught and not is_ready(teacher, world)):
        return request, ()
    return _launch(request, step, record, world, terms)


def _within_cap(request: Request, step: Step, world: World, terms: Terms) -> Request:
    """A job that has passed what its request may cost is stopped."""
    running = progress.cost(request, step, world, terms)
    if request.spent_usd + running <= request.agreed.cap_usd or not running:
        return request
    record = request.step(step)
    over = replace(record, state=State.FAILED, cost_usd=record.cost_usd + running)
    return _failed(request.with_step(step, over), Verdict.BUDGET)


def _failed(request: Request, why: Verdict) -> Request:
    return replace(request, status=Status.FAILED, verdict=why)


def _launch(
    request: Request, step: Step, record: StepRecord, world: World, terms: Terms
) -> tuple[Request, tuple[Order, ...]]:
    """A failed attempt is followed by the next; a lost one is ordered again under its number."""
    row = terms.programme.steps[step]
    rate = costs.hourly(terms.programme, step, world.prices)
    seconds = costs.seconds_left(request, step, rate, row.timeout_minutes * 60)
    if seconds < min(row.expected_minutes, row.timeout_minutes) * 60:
        return _failed(request, Verdict.BUDGET), ()
    fresh = record.state is State.FAILED or record.attempt == 0
    attempt, tries = record.attempt + fresh, record.tries + fresh
    wheel = names.wheel_url(terms.endpoint, terms.org, request.agreed.code, terms.wheel)
    order = EnsureJob(
        request=request.id,
        step=step,
        attempt=attempt,
        command=steps.command(
            terms.programme,
            request,
            step,
            attempt,
            wheel,
            world.teacher.url,
            costs.teacher_cap(terms.programme, request, step, world.prices),
        ),
        image=terms.programme.image,
        flavor=row.flavor,
        timeout_seconds=seconds,
    )
    ordered = replace(
        record,
        state=State.ORDERED,
        attempt=attempt,
        tries=tries,
        ordered=world.now,
        job="",
        progress=0,
    )
    reserved = request.reserved or world.now
    return replace(request.with_step(step, ordered), reserved=reserved), (order,)


def _finish(
    before: Request,
    after: Request,
    orders: tuple[Order, ...],
    world: World,
    terms: Terms,
    why: str = "",
) -> Plan:
    """Add what is still to be said, stopped or closed; when nothing is, the request is told."""
    words = speech(after, world, terms)
    orders = (*orders, *_unstopped(after, world), *words.orders)
    told = words.silent and after.status not in LIVE and _all_sayable(after, world)
    at_work = any(record.at_work for record in after.steps.values())
    over = told and not at_work and _is_closed(after, world)
    after = replace(after, said=words.said, told=told, over=over)
    if after == before and not orders:
        return Plan(before)
    return Plan(replace(after, turn=before.turn + 1), orders, _why(before, after, why))


def _is_closed(request: Request, world: World) -> bool:
    """Nothing can be heard any more, or only talk between people."""
    discussion = world.discussions.get(request.discussion)
    from_talk = request.status is Status.DECLINED and request.verdict is Verdict.UNANSWERED
    return discussion is None or not discussion.open or from_talk


def _unstopped(request: Request, world: World) -> tuple[Order, ...]:
    """Jobs that run without standing for what the record waits for, and doubles of those."""
    mine = [job for job in world.jobs if job.request == request.id and not job.stage.over]
    wanted = {
        job.id
        for step, record in request.steps.items()
        if request.status is Status.OPEN and record.at_work
        and (job := world.job(request.id, step, record.attempt)) is not None
    }  # fmt: skip
    finishing = {step for step, record in request.steps.items() if record.state is State.MADE}
    if request.status not in (Status.OPEN, Status.DONE):
        finishing = set()
    return tuple(
        EnsureCancelled(job.id)
        for job in mine
        if job.id not in wanted and job.step not in finishing
    )


def _all_sayable(request: Request, world: World) -> bool:
    """A finished request waits for a look at its results, without which it cannot report them."""
    result = request.id, steps.last(request.spec)
    return request.status is not Status.DONE or result in world.manifests


def _why(before: Request, after: Request, why: str) -> str:
    """One line for the ledger's history."""
    if after.status is not before.status or why:
        return f"{after.id}: {after.status.value} {after.verdict.value}".rstrip()
    moved = [
        f"{step.value} {now.state.value}" + (f" {10 * now.progress} %" if now.progress else "")
        for step in Step
        if (now := after.step(step)).state is not before.step(step).state
        or now.progress > before.step(step).progress
    ]
    answers = [answer.word.value for answer in after.answers[len(before.answers) :]]
    return f"{after.id}: {', '.join([*moved, *answers]) or 'say it again'}"
