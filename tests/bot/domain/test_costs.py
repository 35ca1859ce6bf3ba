"""Costs, reserved budgets, which jobs may start, and when the teacher runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.controller.ledger import LedgerSnapshot
from bot.controller.tick import decide
from bot.domain import steps
from bot.domain.actions import GRACE, EnsureCancelled, EnsureEndpoint, EnsureJob
from bot.domain.costs import (
    DAY,
    cap_usd,
    estimate,
    is_within_limit,
    reserved_usd,
    teacher_cap_usd,
)
from bot.domain.observation import JobStage, Teacher
from bot.domain.request import (
    Reason,
    Request,
    Status,
    Step,
    StepRecord,
    StepState,
    TeacherRecord,
    Verdict,
)
from bot.language import by_code
from bot.planner import capacity
from bot.planner.endpoint import MAX_FAILED_STARTS, is_hopeless, plan_teacher
from bot.settings import Limits
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, job, observed, plan, situation

POLICY = examples.policy()
CAP = examples.spec().cap_usd


def test_the_estimate_is_minutes_times_prices_and_the_ceiling_time_limits() -> None:
    cost = estimate(examples.recipe(), examples.PRICES)
    # 0.5, 1 and 1 minutes at $0.01, 2 at $0.03, and 1.5 of the teacher at $0.06 an hour
    assert cost.total_usd == pytest.approx((0.025 + 0.06 + 0.09) / 60)
    ceiling = 5 * (0.01 + 0.06) + 10 * (0.01 + 0.03 + 0.01 + 0.06)
    assert cost.ceiling_usd == pytest.approx(ceiling / 60)
    assert is_within_limit(cost, cost.total_usd) and not is_within_limit(cost, cost.total_usd / 2)
    assert cap_usd(cost, 50) == pytest.approx(0.024167) and cap_usd(cost, 0.005) == 0.005


def test_failed_attempts_cost_what_their_jobs_ran() -> None:
    running = examples.request(
        steps={Step.GENERATE: StepRecord(StepState.RUNNING, 1, 1, NOW - 300, "j1", cost_usd=0.001)}
    )
    failed = plan(running, observed(jobs=(job(JobStage.ERROR, ended=NOW - 130),)), POLICY, CURRENT)
    # it ran from NOW - 490 to NOW - 130: 0.1 h at $0.01 and the teacher's $0.06
    assert failed.request.spent_usd == pytest.approx(0.001 + 0.1 * 0.07)


def test_a_result_found_without_an_attempt_costs_nothing() -> None:
    made = {("r1", step): examples.manifest(cost_usd=3.0) for step in (Step.CHECK, Step.GENERATE)}
    planned = plan(examples.request(), observed(manifests=made), POLICY, CURRENT)
    assert (
        planned.request.step(Step.GENERATE).state is StepState.MADE
        and not planned.request.spent_usd
    )


def test_the_teacher_is_paid_once_by_the_hour_or_by_the_token() -> None:
    running = examples.request(
        steps={Step.GENERATE: StepRecord(StepState.RUNNING, 1, 1, NOW - 300, "j1")}
    )
    hour = examples.recipe().teacher.usd_per_hour
    for told, taught in ((0.0, hour), (0.9 * hour, hour), (3.0, 3.0)):
        made = {("r1", Step.GENERATE): examples.manifest(cost_usd=told, seconds=3600.0)}
        planned = plan(running, observed(manifests=made), POLICY, CURRENT)
        assert planned.request.spent_usd == pytest.approx(0.01 + taught)


def test_a_job_that_would_pass_the_cap_is_cancelled() -> None:
    dear = StepRecord(StepState.RUNNING, 2, 2, NOW - 600, "j1", cost_usd=CAP - 0.001)
    request = examples.request(steps={Step.GENERATE: dear})
    observation = observed(jobs=(job(JobStage.RUNNING, attempt=2),))
    planned = plan(request, observation, POLICY, CURRENT)
    assert (planned.request.status, planned.request.verdict) == (Status.FAILED, Verdict.BUDGET)
    assert EnsureCancelled("j1") in planned.actions
    assert planned.request.spent_usd > CAP - 0.001


def test_the_teacher_gets_what_the_later_steps_and_the_job_itself_leave() -> None:
    spent = StepRecord(StepState.FAILED, 1, 1, NOW - 600, "j1", cost_usd=0.001)
    request = examples.request(steps={Step.GENERATE: spent})
    # two minutes at $0.03 and one at $0.01 are still to come; the teacher is 6/7 of $0.07 an hour
    left = CAP - 0.001 - (2 * 0.03 + 0.01) / 60
    assert teacher_cap_usd(
        examples.recipe(), request, Step.GENERATE, examples.PRICES
    ) == pytest.approx(left * 6 / 7)
    (action,) = [
        o for o in plan(request, observed(), POLICY, CURRENT).actions if isinstance(o, EnsureJob)
    ]
    told = action.command[action.command.index("--cap-usd") + 1]
    assert float(told) == pytest.approx(left * 6 / 7, abs=1e-6)
    broke = examples.request(steps={Step.GENERATE: replace(spent, cost_usd=CAP)})
    assert teacher_cap_usd(examples.recipe(), broke, Step.GENERATE, examples.PRICES) == 0.0


def test_no_job_may_run_longer_than_its_money_lasts() -> None:
    spent = StepRecord(StepState.FAILED, 1, 1, NOW - 600, "j1", cost_usd=CAP - 0.07 / 60 * 3)
    request = examples.request(steps={Step.GENERATE: spent})
    (action,) = [
        o for o in plan(request, observed(), POLICY, CURRENT).actions if isinstance(o, EnsureJob)
    ]
    assert action.timeout_seconds in (179, 180)
    almost = replace(spent, cost_usd=CAP - 0.07 / 60 / 2)
    planned = plan(examples.request(steps={Step.GENERATE: almost}), observed(), POLICY, CURRENT)
    assert planned.request.verdict is Verdict.BUDGET


def test_what_is_set_aside_becomes_what_was_spent() -> None:
    request = examples.request(
        steps={Step.GENERATE: StepRecord(StepState.MADE, 1, 1, cost_usd=0.001)}
    )
    assert reserved_usd(request) == CAP
    assert reserved_usd(replace(request, status=Status.DONE)) == pytest.approx(0.001)
    assert reserved_usd(replace(request, reserved_at=0.0)) == 0


CODES = ("cym_Latn", "gla_Latn", "gle_Latn", "bre_Latn", "epo_Latn", "fra_Latn")


def _many(count: int, first: int = 1, **changes: object) -> list[Request]:
    """So many requests for as many languages, of two people."""
    return [
        examples.request(
            id=f"r{n}",
            discussion=n,
            author=f"p{n % 2}",
            spec=replace(examples.spec(), language=by_code(CODES[n % len(CODES)])),
            **changes,
        )
        for n in range(first, first + count)
    ]


def _starts(limits: Limits, requests: list[Request]) -> list[str]:
    policy = examples.policy(limits=limits)
    policy = replace(policy, recipe=replace(policy.recipe, languages=None))
    decision = decide(
        LedgerSnapshot("h", tuple(requests), CURRENT), observed(discussions={}), policy
    )
    return [action.request for action in decision.actions if isinstance(action, EnsureJob)]


def test_jobs_of_one_flavor_are_few_at_a_time() -> None:
    assert len(_starts(Limits(jobs_per_flavor=2), _many(6))) == 2
    assert len(_starts(Limits(jobs_per_flavor=9), _many(6))) == 6


def test_a_day_and_a_person_have_budgets_that_are_never_passed() -> None:
    assert len(_starts(Limits(jobs_per_flavor=9, day_usd=3.5 * CAP), _many(6))) == 3
    assert len(_starts(Limits(jobs_per_flavor=9, person_usd=1.5 * CAP), _many(6))) == 2
    record = StepRecord(StepState.MADE, 1, 1, cost_usd=CAP)
    done = {"steps": {row.step: record for row in steps.TABLE}, "status": Status.DONE}
    done["archived"] = True
    tight = Limits(jobs_per_flavor=9, day_usd=13 * CAP)
    today = _many(3, first=11, **done)  # three times four caps
    assert len(_starts(tight, [*today, *_many(6)])) == 1
    yesterday = [replace(request, reserved_at=NOW - DAY) for request in today]
    assert len(_starts(tight, [*yesterday, *_many(6)])) == 6


def test_one_repo_is_written_by_one_job_at_a_time() -> None:
    checked = {"steps": {Step.CHECK: examples.CHECKED}}
    same = [replace(request, spec=examples.spec()) for request in _many(3, **checked)]
    assert _starts(Limits(), same) == ["r1"]


def test_the_order_is_fair() -> None:
    greedy = [examples.request(id=f"r{n}", discussion=n, author="greedy") for n in range(1, 6)]
    modest = examples.request(id="r9", discussion=9, author="modest")
    begun = replace(greedy[0], reserved_at=NOW)
    order = [r.id for r in capacity.fair_order([*greedy[1:], modest, begun])]
    assert order == ["r1", "r9", "r2", "r3", "r4", "r5"]


# --- the teacher ---------------------------------------------------------------------------------


ASLEEP = TeacherRecord()


def test_the_teacher_is_woken_when_needed_and_paused_when_not() -> None:
    asleep = observed(teacher=Teacher("paused"))
    record, actions = plan_teacher(situation(asleep, POLICY, [examples.request()], ASLEEP))
    assert actions == (EnsureEndpoint("kakugo-teacher", True),)
    assert plan_teacher(situation(asleep, POLICY, [examples.request()], record))[1] == ()
    made = StepRecord(StepState.MADE, 1, 1, NOW - 300)
    taught = examples.request(steps={Step.GENERATE: made})
    record, actions = plan_teacher(situation(observed(), POLICY, [taught], record))
    assert actions == (EnsureEndpoint("kakugo-teacher", False),)
    assert plan_teacher(situation(observed(), POLICY, [taught], record)) == (record, ())
    assert plan_teacher(situation(asleep, POLICY, [], ASLEEP)) == (ASLEEP, ())


def test_a_pause_that_a_crash_swallowed_is_ordered_again() -> None:
    told = TeacherRecord(running=False, paused_at=NOW - GRACE - 1)
    record, actions = plan_teacher(situation(observed(), POLICY, [], told))
    assert actions == (EnsureEndpoint("kakugo-teacher", False),) and record.paused_at == NOW


def test_nobody_counts_on_a_teacher_that_may_be_falling_asleep() -> None:
    for record, starts in (
        (TeacherRecord(running=True, ordered_at=NOW - 5, paused_at=NOW - 20), 0),
        (TeacherRecord(running=False, paused_at=NOW - 500), 0),
        (TeacherRecord(running=True, ordered_at=NOW - 500, paused_at=NOW - 520), 1),
    ):
        actions = plan(examples.request(), observed(), POLICY, record).actions
        assert sum(isinstance(action, EnsureJob) for action in actions) == starts


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OPEN])
def test_nobody_but_an_open_request_keeps_the_teacher_awake(status: Status) -> None:
    others = [examples.request(status=status)]
    _, actions = plan_teacher(situation(observed(), POLICY, others, CURRENT))
    assert actions == (EnsureEndpoint("kakugo-teacher", False),)


def test_the_teacher_is_not_woken_for_a_request_that_may_not_start() -> None:
    poor = examples.policy(limits=Limits(day_usd=CAP / 2))
    asleep = observed(teacher=Teacher("paused"))
    assert plan_teacher(situation(asleep, poor, [examples.request()], ASLEEP)) == (ASLEEP, ())


def test_a_teacher_that_never_comes_up_ends_the_request_and_gets_another_chance() -> None:
    record, now = ASLEEP, NOW
    for _ in range(MAX_FAILED_STARTS + 3):
        observation = observed(now=now, teacher=Teacher("failed"))
        record, _ = plan_teacher(situation(observation, POLICY, [examples.request()], record))
        now += GRACE + 1
    assert is_hopeless(situation(observation, POLICY, (), record))
    assert not is_hopeless(situation(observed(teacher=Teacher("paused")), POLICY, (), record))
    planned = plan(examples.request(), observed(teacher=Teacher("failed")), POLICY, record)
    assert planned.request.verdict is Verdict.TEACHER
    record, _ = plan_teacher(situation(observation, POLICY, [planned.request], record))
    assert not is_hopeless(situation(observation, POLICY, (), record))


# --- stuck jobs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "age", "reason"),
    [
        (JobStage.SCHEDULING, 7 * 3600.0, Reason.STUCK),
        (JobStage.RUNNING, 700.0, Reason.OVERDUE),
    ],
)
def test_a_job_that_hangs_is_stopped_and_tried_again(
    stage: JobStage, age: float, reason: Reason
) -> None:
    hanging = replace(job(stage), created_at=NOW - age, finished_at=0.0)
    hanging = replace(hanging, started_at=0.0 if stage is JobStage.SCHEDULING else NOW - age)
    record = StepRecord(StepState.RUNNING, 1, 1, NOW - age, "j1")
    request = examples.request(steps={Step.EVALUATE: record, **_made(Step.GENERATE, Step.TRAIN)})
    planned = plan(request, observed(jobs=(replace(hanging, step=Step.EVALUATE),)), POLICY, CURRENT)
    assert EnsureCancelled("j1") in planned.actions
    (action,) = [action for action in planned.actions if isinstance(action, EnsureJob)]
    assert action.attempt == 2 and planned.request.step(Step.EVALUATE).reason is reason


def _made(*steps: Step) -> dict[Step, StepRecord]:
    return {
        step: StepRecord(StepState.MADE, 1, 1, NOW - 900, "j0", "n", 1.0, 0.001) for step in steps
    }


def test_of_two_jobs_for_one_attempt_one_is_stopped() -> None:
    first = replace(job(JobStage.RUNNING), started_at=NOW - 20)
    twice = (first, replace(first, id="j2", created_at=NOW - 400))
    request = examples.request(
        steps={Step.GENERATE: StepRecord(StepState.RUNNING, 1, 1, NOW - 550, "j1")}
    )
    assert plan(request, observed(jobs=twice), POLICY, CURRENT).actions[0] == EnsureCancelled("j2")
