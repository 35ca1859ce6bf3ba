"""The planner over its whole state space, and the decisions that matter by name."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from bot import replies
from bot.language import by_code
from bot.orders import (
    EnsureCancelled,
    EnsureClosed,
    EnsureEndpoint,
    EnsureJob,
    EnsureReply,
)
from bot.plan import GRACE, TEACHER_TRIES, Plan, TeacherRecord, admit, plan, plan_teacher
from bot.request import Request, State, Status, Step, StepRecord, Verdict
from bot.world import Comment, Job, Manifest, Stage, Teacher, World
from tests.bot import plays

NOW = plays.NOW
TERMS = plays.terms()
RUNNING = Teacher("running", "http://127.0.0.1:2")
CURRENT = TeacherRecord()


def job(stage: Stage, step: Step = Step.GENERATE, attempt: int = 1, ended: float = NOW) -> Job:
    return Job("j1", "http://hub/jobs/j1", "r1", step, attempt, stage, NOW - 500, ended)


def world(**changes: object) -> World:
    values: dict[str, object] = {
        "now": NOW,
        "discussions": {1: plays.discussion()},
        "prices": plays.PRICES,
        "teacher": RUNNING,
        "code": "c0ffee",
    }
    return World(**{**values, **changes})  # type: ignore[arg-type]


def jobs_of(planned: Plan) -> list[EnsureJob]:
    return [order for order in planned.orders if isinstance(order, EnsureJob)]


# --- the whole state space -----------------------------------------------------------------------

RECORDS = [
    StepRecord(),
    StepRecord(State.ORDERED, 1, NOW - 5),
    StepRecord(State.ORDERED, 1, NOW - GRACE - 5),
    StepRecord(State.RUNNING, 1, NOW - 300, "j1"),
    StepRecord(State.FAILED, 2, NOW - 300, "j1"),
    StepRecord(State.MADE, 1, NOW - 300, "j1", "note", 3.0, 0.1),
]
JOBS = [None, *Stage]
MANIFESTS = ["none", "ours", "foreign"]
TEACHERS = [Teacher("paused"), RUNNING]
DISCUSSIONS = ["open", "closed", "deleted"]
SAID = [False, True]
STATUSES = [*Status]


def _states() -> itertools.product[tuple[object, ...]]:
    return itertools.product(
        STATUSES,
        Step,
        RECORDS,
        JOBS,
        MANIFESTS,
        TEACHERS,
        DISCUSSIONS,
        SAID,
        [0, TEACHER_TRIES + 1],
    )


def _build(state: tuple[object, ...]) -> tuple[Request, World, TeacherRecord]:
    status, step, record, stage, made, teacher, where, said, tries = state
    assert isinstance(step, Step) and isinstance(record, StepRecord) and isinstance(status, Status)
    before = [s for s in Step if list(Step).index(s) < list(Step).index(step)]
    steps = {s: StepRecord(State.MADE, 1, NOW - 900, "j0", "n", 1.0, 0.1) for s in before}
    request = plays.request(status=status, steps={**steps, step: record})
    if status is Status.DECLINED:
        request = plays.request(status=status, verdict=Verdict.NO_NAME, spec=None)
    if status is Status.FAILED:
        request = replace(request, verdict=Verdict.ATTEMPTS)
    if status is Status.CANCELLED:
        request = replace(request, verdict=Verdict.CLOSED)
    manifests: dict[tuple[str, Step], Manifest] = {}
    if made != "none":
        digest = plays.spec().digest if made == "ours" else "another"
        manifests[("r1", step)] = plays.manifest(digest=digest, scores=plays.SCORES)
    comments: tuple[Comment, ...] = ()
    if said:
        due = replies.due(request, manifests.get(("r1", Step.EVALUATE)), TERMS)
        comments = tuple(plays.comment(kind, text) for kind, text in due)
    talk = plays.discussion(open=where == "open", said=comments)
    seen = world(
        discussions={} if where == "deleted" else {1: talk},
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
            (made := found[o.step]) is None or made.digest != plays.spec().digest for o in orders
        ),
        "a final status stays": request.status in (Status.OPEN, after.status),
        "only what is final is closed": not closes or after.status is not Status.OPEN,
        "told means at rest": not after.told
        or (not planned.orders and after.status is not Status.OPEN),
    }


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
    assert count["states"] == 5 * 3 * 6 * 7 * 3 * 2 * 3 * 2 * 2
    assert count["told"] > 1000 and count["rest"] > 1000


def test_every_open_state_goes_on_when_the_world_is_kind() -> None:
    """From any state, a world that does what it is told leads to the end in a bounded walk."""
    walked = 0
    for status, step, record in itertools.product([Status.OPEN], Step, RECORDS):
        request, _, _ = _build((status, step, record, None, "none", RUNNING, "open", False, 0))
        talk = plays.discussion()
        made: dict[tuple[str, Step], Manifest] = {}
        for turn in range(40):
            if request.told:
                break
            seen = world(
                now=NOW + turn * 2 * GRACE, discussions={1: talk}, manifests=made, teacher=RUNNING
            )
            planned = plan(request, seen, TERMS, CURRENT)
            request = planned.next
            for order in planned.orders:
                if isinstance(order, EnsureJob):
                    made[("r1", order.step)] = plays.manifest(scores=plays.SCORES)
                if isinstance(order, EnsureReply):
                    kept = [c for c in talk.said if f"kakugo {order.kind} " not in c.marker]
                    talk = replace(talk, said=(*kept, Comment(order.kind, order.marker)))
                if isinstance(order, EnsureClosed):
                    talk = replace(talk, open=False)
            if request.step(Step.EVALUATE).state is State.MADE:
                made.setdefault(("r1", Step.EVALUATE), plays.manifest(scores=plays.SCORES))
        assert request.told and not talk.open, (step, record, request)
        assert request.status in (Status.DONE, Status.FAILED)
        walked += 1
    assert walked == 18


# --- admission -----------------------------------------------------------------------------------


def test_a_name_is_taken_and_answered() -> None:
    planned = admit(plays.discussion(), (), world(), TERMS)
    assert planned.next.spec == plays.spec()
    assert [o.kind for o in planned.orders if isinstance(o, EnsureReply)] == ["plan", "status"]
    assert not jobs_of(planned)


@pytest.mark.parametrize(
    ("title", "verdict"),
    [
        ("Klingonese Martian", Verdict.UNKNOWN),
        ("Esperantoo", Verdict.UNKNOWN),
        ("Welsh", Verdict.NO_TEACHER),
        ("Kurdish", Verdict.AMBIGUOUS),
        ("?", Verdict.UNKNOWN),
        ("x" * 30_000, Verdict.TOO_LONG),
    ],
)
def test_what_cannot_be_taken_gets_one_reply_and_is_closed(title: str, verdict: Verdict) -> None:
    planned = admit(plays.discussion(title), (), world(), TERMS)
    assert (planned.next.status, planned.next.verdict) == (Status.DECLINED, verdict)
    kinds = [type(order) for order in planned.orders]
    assert kinds == [EnsureReply, EnsureClosed]


def test_a_second_request_points_to_the_first() -> None:
    first = plays.request(id="r1", discussion=1)
    second = plays.discussion(num=2)
    planned = admit(second, (first,), world(discussions={2: second}), TERMS)
    assert planned.next.verdict is Verdict.DUPLICATE
    assert "discussions/1" in str(planned.orders)


def test_a_failed_request_does_not_stand_in_the_way() -> None:
    first = plays.request(status=Status.FAILED, verdict=Verdict.ATTEMPTS, told=True)
    assert admit(plays.discussion(num=2), (first,), world(), TERMS).next.status is Status.OPEN


def test_above_the_limit_nothing_starts() -> None:
    planned = admit(plays.discussion(), (), world(), plays.terms(limit_usd=0.001))
    assert planned.next.verdict is Verdict.TOO_DEAR


# --- single decisions ----------------------------------------------------------------------------


def test_the_teacher_is_awaited_before_the_first_job() -> None:
    asleep = world(teacher=Teacher("paused"))
    assert not jobs_of(plan(plays.request(), asleep, TERMS, CURRENT))
    started = jobs_of(plan(plays.request(), world(), TERMS, CURRENT))
    assert [(order.step, order.attempt) for order in started] == [(Step.GENERATE, 1)]
    assert "http://127.0.0.1:2" in started[0].command


def test_completed_without_a_manifest_fails_after_the_grace() -> None:
    running = plays.request(steps={Step.GENERATE: RECORDS[3]})
    for age, launched in ((GRACE - 1, 0), (GRACE + 1, 1)):
        seen = world(jobs=(job(Stage.COMPLETED, ended=NOW - age),))
        assert len(jobs_of(plan(running, seen, TERMS, CURRENT))) == launched


def test_a_lost_launch_is_repeated_under_its_own_number() -> None:
    lost = plays.request(steps={Step.GENERATE: RECORDS[2]})
    (order,) = jobs_of(plan(lost, world(), TERMS, CURRENT))
    assert order.attempt == 1


def test_a_failed_attempt_is_followed_by_the_next_until_the_last() -> None:
    failed = plays.request(steps={Step.GENERATE: RECORDS[3]})
    (order,) = jobs_of(plan(failed, world(jobs=(job(Stage.ERROR),)), TERMS, CURRENT))
    assert order.attempt == 2
    last = plays.request(steps={Step.GENERATE: StepRecord(State.RUNNING, 3, NOW - 300, "j1")})
    planned = plan(last, world(jobs=(job(Stage.ERROR, attempt=3),)), TERMS, CURRENT)
    assert (planned.next.status, planned.next.verdict) == (Status.FAILED, Verdict.ATTEMPTS)
    assert "generate* failed 3 times" in str(planned.orders)


def test_a_manifest_that_is_there_already_is_not_paid_for_again() -> None:
    made = {("r1", step): plays.manifest(scores=plays.SCORES) for step in Step}
    planned = plan(plays.request(), world(manifests=made), TERMS, CURRENT)
    assert planned.next.status is Status.DONE
    assert not jobs_of(planned)


def test_closing_the_discussion_stops_everything() -> None:
    running = plays.request(steps={Step.GENERATE: RECORDS[3]})
    seen = world(discussions={1: plays.discussion(open=False)}, jobs=(job(Stage.RUNNING),))
    planned = plan(running, seen, TERMS, CURRENT)
    assert planned.next.status is Status.CANCELLED
    assert EnsureCancelled("j1") in planned.orders


# --- the teacher ---------------------------------------------------------------------------------


def test_the_teacher_is_woken_when_needed_and_paused_when_not() -> None:
    asleep = world(teacher=Teacher("paused"))
    record, orders = plan_teacher(CURRENT, [plays.request()], asleep, TERMS)
    assert orders == (EnsureEndpoint("kakugo-teacher", True),)
    assert plan_teacher(record, [plays.request()], asleep, TERMS)[1] == ()
    taught = plays.request(steps={Step.GENERATE: RECORDS[5]})
    _, orders = plan_teacher(record, [taught], world(), TERMS)
    assert orders == (EnsureEndpoint("kakugo-teacher", False),)
    assert plan_teacher(CURRENT, [], asleep, TERMS) == (CURRENT, ())


def test_a_teacher_that_never_comes_up_ends_the_request_with_the_reason() -> None:
    record, now = CURRENT, NOW
    for _ in range(TEACHER_TRIES + 3):
        seen = world(now=now, teacher=Teacher("failed"))
        record, _ = plan_teacher(record, [plays.request()], seen, TERMS)
        now += GRACE + 1
    assert record.hopeless
    planned = plan(plays.request(), world(teacher=Teacher("failed")), TERMS, record)
    assert planned.next.verdict is Verdict.TEACHER


def test_replies_never_echo_a_stranger() -> None:
    planned = admit(plays.discussion("<script>alert(1)</script> @everyone"), (), world(), TERMS)
    assert "script" not in str(planned.orders) and "@" not in str(planned.orders)


def test_languages_in_replies_are_the_closed_vocabulary() -> None:
    planned = admit(plays.discussion("Welhs"), (), world(), TERMS)
    assert by_code("cym_Latn").name in str(planned.orders)
