"""What to do next, decided from what was agreed and what was seen. Pure and total.

Rules (docs/RATIONALE.md): an effect needs a changed record, so every plan with orders bumps the
turn; `now` is the moment of the observation; a job COMPLETED without a manifest is, after the
grace, a failed attempt; an ordered job that never showed up is ordered again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from bot import budget, names, replies, steps
from bot.ask import Misread, read_ask
from bot.orders import (
    EnsureCancelled,
    EnsureClosed,
    EnsureEndpoint,
    EnsureJob,
    EnsureReply,
    Order,
)
from bot.request import Request, Spec, State, Status, Step, StepRecord, Verdict
from bot.terms import Terms
from bot.world import Discussion, Manifest, Stage, World

GRACE = 60.0
TEACHER_TRIES = 3


@dataclass(frozen=True)
class Plan:
    """What to remember and what to do; no orders and an equal record mean: nothing."""

    next: Request
    orders: tuple[Order, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class TeacherRecord:
    """What the endpoint was last told; `tries` counts vain attempts to get it running."""

    running: bool = False
    ordered: float = 0.0
    tries: int = 0

    @property
    def hopeless(self) -> bool:
        return self.running and self.tries > TEACHER_TRIES


def admit(
    discussion: Discussion, requests: Collection[Request], world: World, terms: Terms
) -> Plan:
    """Take a new discussion as a request, or decline it with the reason."""
    new = Request(
        id=names.request_id(discussion.num),
        discussion=discussion.num,
        author=discussion.author,
        opened=discussion.created,
    )
    return _finish(new, _judge(new, discussion, requests, world, terms), (), world, terms)


def _judge(
    new: Request,
    discussion: Discussion,
    requests: Collection[Request],
    world: World,
    terms: Terms,
) -> Request:
    ask = read_ask(discussion.title, discussion.body)
    if isinstance(ask, Misread):
        return _decline(new, ask.why, tuple(language.code for language in ask.choices))
    programme, code = terms.programme, ask.language.code
    if not programme.teaches(code):
        return _decline(new, Verdict.NO_TEACHER, (code,))
    twin = _twin(code, programme.digest(code), requests)
    if twin is not None:
        return _decline(new, Verdict.DUPLICATE, (code, twin.id))
    cost = budget.estimate(programme, world.prices)
    if not budget.may_start(cost, terms.limit_usd):
        return _decline(new, Verdict.TOO_DEAR, (code,))
    spec = Spec(
        language=ask.language,
        recipe=programme.name,
        base=programme.base,
        digest=programme.digest(code),
        code=world.code,
        estimate_usd=round(cost.total_usd, 4),
    )
    return replace(new, spec=spec)


def _decline(request: Request, why: Verdict, choices: tuple[str, ...]) -> Request:
    return replace(request, status=Status.DECLINED, verdict=why, choices=choices)


def _twin(code: str, digest: str, requests: Collection[Request]) -> Request | None:
    """An earlier request for the same language and configuration that is under way or done."""
    same = (
        r
        for r in requests
        if r.status in (Status.OPEN, Status.DONE)
        and r.agreed.language.code == code
        and r.agreed.digest == digest
    )
    return min(same, key=lambda r: r.discussion, default=None)


def plan(request: Request, world: World, terms: Terms, teacher: TeacherRecord) -> Plan:
    """The next record of one request and what to do for it."""
    if request.told:
        return Plan(request)
    if request.status is not Status.OPEN:
        return _finish(request, request, (), world, terms)
    seen = _look(request, world, terms)
    discussion = world.discussions.get(request.discussion)
    if discussion is not None and not discussion.open:
        return _finish(request, _cancelled(seen), (), world, terms)
    following, orders = _advance(seen, world, terms, teacher)
    return _finish(request, following, orders, world, terms)


def _cancelled(request: Request) -> Request:
    return replace(request, status=Status.CANCELLED, verdict=Verdict.CLOSED)


def _look(request: Request, world: World, terms: Terms) -> Request:
    """Every step's state as it is seen now."""
    for step in Step:
        record = request.step(step)
        manifest = world.manifests.get((request.id, step))
        if record.state is State.MADE:
            continue
        if manifest is not None and manifest.digest == request.agreed.digest:
            request = request.with_step(step, _made(record, step, manifest, world, terms))
            continue
        if record.attempt:
            request = request.with_step(step, _attempted(request, step, record, world))
        break
    return request


def _made(
    record: StepRecord, step: Step, manifest: Manifest, world: World, terms: Terms
) -> StepRecord:
    hours = manifest.seconds / 3600
    flavor = terms.programme.steps[step].flavor
    taught = terms.programme.teacher.usd_per_hour if steps.row(step).needs_teacher else 0.0
    cost = manifest.cost_usd + hours * (world.prices.get(flavor, 0.0) + taught)
    return replace(
        record,
        state=State.MADE,
        note=replies.note(step, manifest),
        seconds=round(manifest.seconds, 1),
        cost_usd=round(cost, 6),
    )


def _attempted(request: Request, step: Step, record: StepRecord, world: World) -> StepRecord:
    job = world.job(request.id, step, record.attempt)
    if job is None:
        lost = world.now - record.ordered > GRACE
        return replace(record, state=State.WAITING if lost else State.ORDERED)
    if not job.stage.over:
        return replace(record, state=State.RUNNING, job=job.id)
    ended = job.finished or job.created
    if job.stage is Stage.COMPLETED and world.now - ended <= GRACE:
        return replace(record, state=State.RUNNING, job=job.id)
    return replace(record, state=State.FAILED, job=job.id)


def _advance(
    request: Request, world: World, terms: Terms, teacher: TeacherRecord
) -> tuple[Request, tuple[Order, ...]]:
    """Launch what comes next, or end the request."""
    step = steps.current(request)
    if step is None:
        return replace(request, status=Status.DONE), ()
    record = request.step(step)
    if record.state in (State.ORDERED, State.RUNNING):
        return request, ()
    if record.state is State.FAILED and record.attempt >= terms.programme.steps[step].attempts:
        return replace(request, status=Status.FAILED, verdict=Verdict.ATTEMPTS), ()
    if steps.row(step).needs_teacher and not world.teacher.running:
        if teacher.hopeless:
            return replace(request, status=Status.FAILED, verdict=Verdict.TEACHER), ()
        return request, ()
    return _launch(request, step, record, world, terms)


def _launch(
    request: Request, step: Step, record: StepRecord, world: World, terms: Terms
) -> tuple[Request, tuple[Order, ...]]:
    """A failed attempt is followed by the next; a lost one is ordered again under its number."""
    fresh = record.state is State.FAILED or record.attempt == 0
    attempt = record.attempt + 1 if fresh else record.attempt
    wheel = names.wheel_url(terms.endpoint, terms.org, request.agreed.code, terms.wheel)
    row = terms.programme.steps[step]
    order = EnsureJob(
        request=request.id,
        step=step,
        attempt=attempt,
        command=steps.command(terms.programme, request, step, attempt, wheel, world.teacher.url),
        image=terms.programme.image,
        flavor=row.flavor,
        timeout_seconds=row.timeout_minutes * 60,
    )
    ordered = StepRecord(state=State.ORDERED, attempt=attempt, ordered=world.now)
    return request.with_step(step, ordered), (order,)


def _finish(
    before: Request, after: Request, orders: tuple[Order, ...], world: World, terms: Terms
) -> Plan:
    """Add what is still to be said, stopped or closed; when nothing is, the request is told."""
    orders = (*orders, *_unstopped(after, world), *_unsaid(after, world, terms))
    final = after.status is not Status.OPEN
    told = final and not orders and _all_sayable(after, world)
    after = replace(after, told=told)
    if after == before and not orders:
        return Plan(before)
    return Plan(replace(after, turn=before.turn + 1), orders, _why(before, after))


def _unstopped(request: Request, world: World) -> tuple[Order, ...]:
    """Jobs that still run for a request that was cancelled."""
    if request.status is not Status.CANCELLED:
        return ()
    return tuple(
        EnsureCancelled(job.id)
        for job in world.jobs
        if job.request == request.id and not job.stage.over
    )


def _unsaid(request: Request, world: World, terms: Terms) -> tuple[Order, ...]:
    """Replies that are missing or out of date, then the closing of the discussion."""
    discussion = world.discussions.get(request.discussion)
    if discussion is None:
        return ()
    said = {comment.marker for comment in discussion.said}
    missing: list[Order] = []
    for kind, text in replies.due(request, world.manifests.get((request.id, Step.EVALUATE)), terms):
        marker = names.marker(kind, text)
        if marker not in said:
            missing.append(EnsureReply(request.discussion, kind, f"{text}\n\n{marker}", marker))
    if request.status is not Status.OPEN and discussion.open:
        missing.append(EnsureClosed(request.discussion))
    return tuple(missing)


def _all_sayable(request: Request, world: World) -> bool:
    """A finished request waits for a look at its results, without which it cannot report them."""
    return request.status is not Status.DONE or (request.id, Step.EVALUATE) in world.manifests


def _why(before: Request, after: Request) -> str:
    """One line for the ledger's history."""
    if after.status is not before.status or before.spec is None:
        return f"{after.id}: {after.status.value} {after.verdict.value}".rstrip()
    moved = [
        f"{step.value} {after.step(step).state.value}"
        for step in Step
        if after.step(step).state is not before.step(step).state
    ]
    return f"{after.id}: {', '.join(moved) or 'say it again'}"


def plan_teacher(
    record: TeacherRecord, requests: Collection[Request], world: World, terms: Terms
) -> tuple[TeacherRecord, tuple[Order, ...]]:
    """Have the endpoint running while an open request needs it, and paused otherwise."""
    needed = any(_needs_teacher(request) for request in requests)
    starting = world.teacher.state in ("pending", "initializing", "updating")
    up = world.teacher.running or starting
    if needed == up:
        return (replace(record, tries=0) if record.tries and world.teacher.running else record), ()
    if not needed and world.teacher.state in ("absent", "paused", "scaledToZero", "failed"):
        return record, ()
    if record.running == needed and world.now - record.ordered <= GRACE:
        return record, ()
    if record.hopeless and needed:
        return record, ()
    tries = record.tries + 1 if needed and record.running else int(needed)
    order = EnsureEndpoint(terms.programme.teacher.name, needed)
    return TeacherRecord(needed, world.now, tries), (order,)


def _needs_teacher(request: Request) -> bool:
    step = steps.current(request)
    return request.status is Status.OPEN and step is not None and steps.row(step).needs_teacher
