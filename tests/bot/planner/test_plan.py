"""The planner over its whole state space, and the decisions that matter by name."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from bot import replies
from bot.domain import costs
from bot.domain.actions import GRACE, EnsureCancelled, EnsureClosed, EnsureJob, EnsureReply, Plan
from bot.domain.observation import Advice, Comment, Manifest, Short, Stage, Teacher, Version, World
from bot.domain.request import (
    LIVE,
    Request,
    State,
    Status,
    Step,
    StepRecord,
    TeacherRecord,
    Verdict,
)
from bot.domain.steps import last, rows
from bot.planner.endpoint import TRIES
from tests.bot import examples
from tests.bot.examples import CURRENT, RUNNING, job, plan, world

NOW = examples.NOW
TERMS = examples.terms()


def jobs_of(planned: Plan) -> list[EnsureJob]:
    return [order for order in planned.orders if isinstance(order, EnsureJob)]


# --- the whole state space -----------------------------------------------------------------------

RECORDS = [
    StepRecord(),
    StepRecord(State.ORDERED, 1, 1, NOW - 5),
    StepRecord(State.ORDERED, 1, 1, NOW - GRACE - 5),
    StepRecord(State.RUNNING, 1, 1, NOW - 300, "j1"),
    StepRecord(State.FAILED, 2, 2, NOW - 300, "j1"),
    StepRecord(State.MADE, 1, 1, NOW - 300, "j1", "note", 3.0, 0.001),
]
JOBS = [None, *Stage]
MANIFESTS = ["none", "ours", "foreign"]
TEACHERS = [Teacher("failed"), RUNNING]
DISCUSSIONS = ["open", "closed", "deleted", "not looked at"]
SAID = [False, True]
ASKED = ("ckb_Arab", "kmr_Latn")


def _states() -> Iterator[tuple[object, ...]]:
    """All of them; only an open request has to do with the teacher."""
    for status in Status:
        teachers = list(itertools.product(TEACHERS, [0, TRIES + 1]))
        seen = itertools.product(Step, RECORDS, JOBS, MANIFESTS, DISCUSSIONS, SAID)
        for state in seen:
            for teacher, tries in teachers if status is Status.OPEN else teachers[:1]:
                yield (status, *state[:4], teacher, *state[4:], tries)


def _build(state: tuple[object, ...]) -> tuple[Request, World, TeacherRecord]:
    status, step, record, stage, made, teacher, where, said, tries = state
    assert isinstance(step, Step) and isinstance(record, StepRecord) and isinstance(status, Status)
    spec = replace(examples.spec(), improves=step is Step.IMPROVE)
    before = list(itertools.takewhile(lambda s: s is not step, (r.step for r in rows(spec))))
    steps = {s: StepRecord(State.MADE, 1, 1, NOW - 900, "j0", "n", 1.0, 0.001) for s in before}
    request = examples.request(status=status, spec=spec, steps={**steps, step: record})
    if status is Status.DECLINED:
        request = examples.request(status=status, verdict=Verdict.FULL, spec=None)
    if status is Status.FAILED:
        request = replace(request, verdict=Verdict.ATTEMPTS)
    if status is Status.CANCELLED:
        request = replace(request, verdict=Verdict.CLOSED)
    if status is Status.ASKED:
        request = examples.request(
            status=status, verdict=Verdict.AMBIGUOUS, spec=None, choices=ASKED
        )
    if status is Status.HELD:
        request = examples.request(status=status, verdict=Verdict.TOO_DEAR)
    manifests: dict[tuple[str, Step], Manifest] = {}
    if made != "none":
        digest = examples.spec().digest if made == "ours" else "another"
        version = Version("v2", True, True) if spec.improves else None
        found = examples.manifest(digest=digest, scores=examples.SCORES, version=version)
        manifests[("r1", step)] = found
    comments: tuple[Comment, ...] = ()
    if said:
        due = replies.due(request, manifests.get(("r1", last(spec))), TERMS)
        comments = tuple(examples.comment(kind, text) for kind, text in due)
    talk = examples.discussion(open=where == "open", said=comments)
    seen = world(
        discussions={1: talk} if where in ("open", "closed") else {},
        gone=frozenset({1} if where == "deleted" else ()),
        jobs=() if stage is None else (job(Stage(str(stage)), step, max(1, record.attempt)),),
        manifests=manifests,
        teacher=teacher,
    )
    assert isinstance(tries, int)
    return request, seen, TeacherRecord(True, NOW - 5, tries)


def _rules(request: Request, seen: World, planned: Plan) -> dict[str, bool]:
    """Each rule a plan must keep, and whether this one does."""
    after, orders = planned.next, jobs_of(planned)
    attempts = {step: request.step(step).attempt for step in Step}
    closes = any(isinstance(order, EnsureClosed) for order in planned.orders)
    found = {step: seen.manifests.get(("r1", step)) for step in Step}
    return {
        "no effect without a changed record": after != request or not planned.orders,
        "a turn is a change": after.turn == request.turn + (after != request),
        "one job at a time": len(orders) <= 1,
        "jobs only while open": not orders or request.status is Status.OPEN,
        "never beyond the attempts": all(
            order.attempt <= TERMS.programme.steps[order.step].attempts for order in orders
        ),
        "the record knows its order": all(
            (after.step(o.step).attempt, after.step(o.step).ordered) == (o.attempt, NOW)
            for o in orders
        ),
        # A job that no attempt stands for (a ledger started anew) is left to the ensure.
        "no second job for an attempt": all(
            not attempts[o.step] or seen.job("r1", o.step, o.attempt) is None for o in orders
        ),
        "nothing is paid twice": all(
            (made := found[o.step]) is None or made.digest != examples.spec().digest for o in orders
        ),
        "a final status stays": request.status in (*LIVE, after.status),
        "only what is final is closed": not closes or after.status not in LIVE,
        "told means that nothing is left": not after.told
        or (after.status not in LIVE and not _words(planned)),
        "over means told": not after.over or after.told,
        "nothing is said where nobody looked": bool(seen.discussions) or not _words(planned),
        "no job outlives its request": after.status in (Status.OPEN, Status.DONE)
        or all(
            EnsureCancelled(job.id) in planned.orders for job in seen.jobs if not job.stage.over
        ),
        "a job's time is within the cap": all(_worth(o) <= after.agreed.cap_usd for o in orders),
        "money is set aside first": not orders or after.reserved > 0,
    }


def _words(planned: Plan) -> list[object]:
    return [o for o in planned.orders if isinstance(o, EnsureReply | EnsureClosed)]


def _worth(order: EnsureJob) -> float:
    rate = costs.hourly(TERMS.programme, order.step, examples.PRICES)
    return order.timeout_seconds / 3600 * rate


def test_every_state_has_a_plan_that_keeps_the_rules() -> None:
    count: Counter[str] = Counter()
    for state in _states():
        request, seen, teacher = _build(state)
        planned = plan(request, seen, TERMS, teacher)
        broken = [rule for rule, kept in _rules(request, seen, planned).items() if not kept]
        assert not broken, (broken, state, planned)
        count["states"] += 1
        count["told"] += planned.next.told
        count["rest"] += planned.next == request
    assert count["states"] == (6 + 4) * 5 * 6 * 7 * 3 * 4 * 2
    assert count["told"] > 1000 and count["rest"] > 500


def test_every_open_state_goes_on_when_the_world_is_kind() -> None:
    """From any state, a world that does what it is told leads to the end in a bounded walk."""
    walked = 0
    for status, step, record in itertools.product([Status.OPEN], Step, RECORDS):
        request, _, _ = _build((status, step, record, None, "none", RUNNING, "open", False, 0))
        talk = examples.discussion()
        made: dict[tuple[str, Step], Manifest] = {}
        for turn in range(40):
            if request.told:
                break
            seen = world(
                now=NOW + turn * 2 * GRACE, discussions={1: talk}, manifests=made, teacher=RUNNING
            )
            planned = plan(request, seen, TERMS, CURRENT)
            request = planned.next
            assert request.said.keys() <= {"plan", "status", "result", "failed", "close"}
            for order in planned.orders:
                if isinstance(order, EnsureJob):
                    made[("r1", order.step)] = examples.manifest(scores=examples.SCORES)
                if isinstance(order, EnsureReply):
                    kept = [c for c in talk.said if f"kakugo {order.kind} " not in c.marker]
                    talk = replace(talk, said=(*kept, Comment(order.kind, order.marker)))
                if isinstance(order, EnsureClosed):
                    talk = replace(talk, open=False)
            end = last(request.spec)
            if request.step(end).state is State.MADE:
                made.setdefault(("r1", end), examples.manifest(scores=examples.SCORES))
        assert request.told, (step, record, request)
        assert talk.open == (request.status is Status.FAILED)
        assert request.status in (Status.DONE, Status.FAILED)
        walked += 1
    assert walked == 30


# --- single decisions ----------------------------------------------------------------------------


def test_the_teacher_is_awaited_before_the_first_job() -> None:
    asleep = world(teacher=Teacher("paused"))
    assert not jobs_of(plan(examples.request(), asleep, TERMS, CURRENT))
    started = jobs_of(plan(examples.request(), world(), TERMS, CURRENT))
    assert [(order.step, order.attempt) for order in started] == [(Step.CHECK, 1)]
    assert "http://127.0.0.1:2" in started[0].command


def test_completed_without_a_manifest_fails_after_the_grace() -> None:
    running = examples.request(steps={Step.GENERATE: RECORDS[3]})
    for age, launched in ((GRACE - 1, 0), (GRACE + 1, 1)):
        seen = world(jobs=(job(Stage.COMPLETED, ended=NOW - age),))
        assert len(jobs_of(plan(running, seen, TERMS, CURRENT))) == launched


def test_a_lost_launch_is_repeated_under_its_own_number() -> None:
    lost = examples.request(steps={Step.GENERATE: RECORDS[2]})
    (order,) = jobs_of(plan(lost, world(), TERMS, CURRENT))
    assert order.attempt == 1


def test_a_failed_attempt_is_followed_by_the_next_until_the_last() -> None:
    failed = examples.request(steps={Step.GENERATE: RECORDS[3]})
    (order,) = jobs_of(plan(failed, world(jobs=(job(Stage.ERROR),)), TERMS, CURRENT))
    assert order.attempt == 2
    last = examples.request(steps={Step.GENERATE: StepRecord(State.RUNNING, 3, 3, NOW - 300, "j1")})
    planned = plan(last, world(jobs=(job(Stage.ERROR, attempt=3),)), TERMS, CURRENT)
    assert (planned.next.status, planned.next.verdict) == (Status.FAILED, Verdict.ATTEMPTS)
    assert "generate* failed 3 times" in str(planned.orders)


def test_a_manifest_that_is_there_already_is_not_paid_for_again() -> None:
    made = {("r1", step): examples.manifest(scores=examples.SCORES) for step in Step}
    planned = plan(examples.request(), world(manifests=made), TERMS, CURRENT)
    assert planned.next.status is Status.DONE
    assert not jobs_of(planned)


def test_closing_the_discussion_stops_everything() -> None:
    running = examples.request(steps={Step.GENERATE: RECORDS[3]})
    seen = world(discussions={1: examples.discussion(open=False)}, jobs=(job(Stage.RUNNING),))
    planned = plan(running, seen, TERMS, CURRENT)
    assert planned.next.status is Status.CANCELLED
    assert EnsureCancelled("j1") in planned.orders


def test_what_the_check_calls_hopeless_is_not_begun_until_a_maintainer_dares() -> None:
    advice = Advice("hopeless", (Short("script", 0.2, 0.5),), script=0.2)
    checked = {("r1", Step.CHECK): examples.manifest(advice=advice)}
    planned = plan(examples.request(), world(manifests=checked), TERMS, CURRENT)
    assert (planned.next.status, planned.next.verdict) == (Status.FAILED, Verdict.HOPELESS)
    assert not jobs_of(planned) and "right script 20%" in str(planned.orders)
    for who, status in (("ludoviko", Status.FAILED), ("ada", Status.OPEN)):
        talk = examples.discussion(remarks=(examples.remark("/approve", who),))
        after = plan(planned.next, world(discussions={1: talk}), TERMS, CURRENT)
        assert after.next.status is status
    assert [order.step for order in jobs_of(after)] == [Step.GENERATE]


def test_the_first_reply_shows_the_advice_once_it_is_there() -> None:
    checked = {("r1", Step.CHECK): examples.manifest(advice=Advice("good", script=1.0, chrf=61.2))}
    planned = plan(examples.request(), world(manifests=checked), TERMS, CURRENT)
    (text,) = [o.text for o in planned.orders if isinstance(o, EnsureReply) and o.kind == "plan"]
    assert "My advice: good: right script 100%, chrF++ 61 against known sentences." in text
