"""What the bot does with a running or ended job."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.actions import GRACE_SECONDS, EnsureCancelled, EnsureJob
from bot.domain.costs import teacher_cap_usd
from bot.domain.observation import Advice, JobStage
from bot.domain.request import (
    Reason,
    Status,
    Step,
    StepRecord,
    StepState,
    Verdict,
)
from bot.planner.billing import settle_jobs
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, job, observed, plan

POLICY = examples.policy()


CAP = examples.spec().cap_usd


def test_a_result_that_exists_before_any_attempt_costs_nothing() -> None:
    manifests = {
        ("r1", step): examples.manifest(cost_usd=3.0) for step in (Step.CHECK, Step.GENERATE)
    }
    planned = plan(examples.request(), observed(manifests=manifests), POLICY, CURRENT)
    assert (
        planned.request.step(Step.GENERATE).state is StepState.MADE
        and not planned.request.spent_usd
    )


def test_the_estimate_is_corrected_by_the_tokens_that_a_check_has_counted() -> None:
    policy = examples.policy_with_fertility()
    first = replace(examples.request(), spec=replace(examples.spec(), estimate_usd=1.0))
    checked = {("r1", Step.CHECK): examples.manifest(advice=Advice("good", teacher_fertility=6.0))}
    planned = plan(first, observed(manifests=checked), policy, CURRENT)
    spec = planned.request.agreed_spec
    assert spec.fertility == 6.0, "half of the minute of generate takes three times as long"
    teacher_and_job, train, evaluate = 2.5 * 0.07, 2 * 0.03, 1 * 0.01
    assert spec.estimate_usd == pytest.approx((teacher_and_job + train + evaluate) / 60, abs=1e-6)
    text = str(planned.actions)
    assert "about 6 minutes" in text
    assert "100 tokens (pieces of words) a second and needs 6 in this language for each" in text
    again = plan(planned.request, observed(manifests=checked), policy, CURRENT).request
    assert again.agreed_spec == spec
    without = observed(manifests=checked, prices={})
    assert plan(first, without, policy, CURRENT).request.agreed_spec.estimate_usd == 1.0


def test_a_step_that_has_become_too_expensive_does_not_start() -> None:
    policy = examples.policy_with_fertility()
    slow = replace(examples.spec(), fertility=100.0, cap_usd=0.005)  # of 25 minutes, 4 are paid
    request = replace(examples.request(steps={Step.GENERATE: StepRecord()}), spec=slow)
    planned = plan(request, observed(), policy, CURRENT)
    assert (planned.request.status, planned.request.verdict) == (Status.FAILED, Verdict.BUDGET)
    affordable = replace(request, spec=replace(slow, fertility=0.0))
    assert plan(affordable, observed(), policy, CURRENT).request.status is Status.OPEN


def test_a_job_over_its_budget_is_cancelled() -> None:
    expensive = StepRecord(StepState.RUNNING, 2, 2, NOW - 600, "j1", cost_usd=CAP - 0.001)
    request = examples.request(steps={Step.GENERATE: expensive})
    observation = observed(jobs=(job(JobStage.RUNNING, attempt=2),))
    used = replace(CURRENT, charged_until=NOW - 600, payers=("r1",))
    planned = plan(request, observation, POLICY, used)
    assert (planned.request.status, planned.request.verdict) == (Status.FAILED, Verdict.BUDGET)
    assert planned.request.step(Step.GENERATE).state is StepState.FAILED
    assert EnsureCancelled("j1") in planned.actions
    # Until it has ended, it may cost as much as its time limit of ten minutes allows.
    assert planned.request.held_usd == pytest.approx(0.01 / 6)
    ended = observed(jobs=(job(JobStage.CANCELED, attempt=2),))
    settled = plan(planned.request, ended, POLICY, CURRENT).request
    assert settled.spent_usd == pytest.approx(CAP - 0.001 + 490 / 3600 * 0.01)
    assert not settled.held_usd


def test_the_budget_limits_the_time_of_a_job() -> None:
    spent = StepRecord(StepState.FAILED, 1, 1, NOW - 600, "j1", cost_usd=CAP - 0.07 / 60 * 3)
    request = examples.request(steps={Step.GENERATE: spent})
    (action,) = [
        action
        for action in plan(request, observed(), POLICY, CURRENT).actions
        if isinstance(action, EnsureJob)
    ]
    assert action.timeout_seconds in (179, 180)
    almost_all = replace(spent, cost_usd=CAP - 0.07 / 60 / 2)
    planned = plan(examples.request(steps={Step.GENERATE: almost_all}), observed(), POLICY, CURRENT)
    assert planned.request.verdict is Verdict.BUDGET


@pytest.mark.parametrize(
    ("stage", "age", "reason"),
    [
        (JobStage.SCHEDULING, 7 * 3600.0, Reason.STUCK),
        (JobStage.RUNNING, 700.0, Reason.OVERDUE),
    ],
)
def test_a_hanging_job_is_cancelled_and_repeated(
    stage: JobStage, age: float, reason: Reason
) -> None:
    hanging = replace(job(stage), created_at=NOW - age, finished_at=0.0)
    hanging = replace(hanging, started_at=0.0 if stage is JobStage.SCHEDULING else NOW - age)
    record = StepRecord(StepState.RUNNING, 1, 1, NOW - age, "j1")
    request = examples.request(steps={Step.EVALUATE: record, **_made(Step.GENERATE, Step.TRAIN)})
    planned = plan(request, observed(jobs=(replace(hanging, step=Step.EVALUATE),)), POLICY, CURRENT)
    assert planned.actions[0] == EnsureCancelled("j1")
    assert planned.request.step(Step.EVALUATE).reason is reason
    cancelled = replace(hanging, step=Step.EVALUATE, stage=JobStage.CANCELED, finished_at=NOW)
    planned = plan(planned.request, observed(jobs=(cancelled,)), POLICY, CURRENT)
    (action,) = [action for action in planned.actions if isinstance(action, EnsureJob)]
    assert action.attempt == 2


def test_a_job_that_has_vanished_is_a_failed_attempt_with_that_reason() -> None:
    last = StepRecord(StepState.RUNNING, 3, 3, NOW - GRACE_SECONDS - 1, "j1", log_tail=("x",))
    planned = plan(examples.request(steps={Step.GENERATE: last}), observed(), POLICY, CURRENT)
    record = planned.request.step(Step.GENERATE)
    assert (record.state, record.reason, record.log_tail) == (
        StepState.FAILED, Reason.VANISHED, ())  # fmt: skip


def test_a_job_may_run_a_grace_longer_than_its_time_limit() -> None:
    limit = POLICY.recipe.steps[Step.GENERATE].timeout_minutes * 60 + GRACE_SECONDS
    for seconds, reason in ((limit, Reason.NONE), (limit + 1, Reason.OVERDUE)):
        running = replace(job(JobStage.RUNNING), started_at=NOW - seconds)
        record = StepRecord(StepState.RUNNING, 1, 1, NOW - seconds, "j1")
        request = examples.request(steps={Step.GENERATE: record})
        planned = plan(request, observed(jobs=(running,)), POLICY, CURRENT)
        assert planned.request.step(Step.GENERATE).reason is reason


@pytest.mark.parametrize(
    ("log_tail", "tenths"),
    [
        ((), 2),
        (("Loading",), 2),
        (("progress: 40/80 rows",), 5),
        (("progress: 10/80 rows",), 2),
        (("progress: 5/7 rows", "progress: 30/40 rows", "Loading"), 7),
        (("progress: 80/80 rows",), 9),
        (("progress: 900/80 rows",), 9),
        (("progress: 3/0 rows",), 2),
        (("a progress: 70/80 rows",), 2),
    ],
)
def test_progress_is_that_of_the_last_line_and_never_goes_back(
    log_tail: tuple[str, ...], tenths: int
) -> None:
    record = StepRecord(StepState.RUNNING, 1, 1, NOW - 300, "j1", progress_tenths=2)
    request = examples.request(steps={Step.GENERATE: record})
    running = replace(job(JobStage.RUNNING), log_tail=log_tail)
    after = plan(request, observed(jobs=(running,)), POLICY, CURRENT).request
    assert after.step(Step.GENERATE).progress_tenths == tenths
    failed = replace(running, stage=JobStage.ERROR)
    last = replace(record, attempt=3, attempts_since_retry=3)
    request = examples.request(steps={Step.GENERATE: last})
    failed = replace(failed, attempt=3)
    after = plan(request, observed(jobs=(failed,)), POLICY, CURRENT).request
    assert after.step(Step.GENERATE).log_tail == log_tail
    assert after.step(Step.GENERATE).progress_tenths == 0


def _made(*steps: Step) -> dict[Step, StepRecord]:
    return {
        step: StepRecord(StepState.MADE, 1, 1, NOW - 900, "j0", "n", 1.0, 0.001) for step in steps
    }


def test_of_two_jobs_for_one_attempt_one_is_cancelled() -> None:
    first = replace(job(JobStage.RUNNING), started_at=NOW - 20)
    jobs = (first, replace(first, id="j2", created_at=NOW - 400))
    request = examples.request(
        steps={Step.GENERATE: StepRecord(StepState.RUNNING, 1, 1, NOW - 550, "j1")}
    )
    assert plan(request, observed(jobs=jobs), POLICY, CURRENT).actions[0] == EnsureCancelled("j2")


@pytest.mark.parametrize(
    ("log_tail", "usd"),
    [(("progress: 3/9 rows eta=1 kept=90% spent=$1.25 rows/s=2",), 1.25), (("Killed",), None)],
)
def test_a_failed_attempt_costs_the_tokens_it_reported_or_all_it_might_spend(
    log_tail: tuple[str, ...], usd: float | None
) -> None:
    recipe = examples.recipe_with(examples.URL)
    request = examples.request(
        spec=replace(examples.spec(), cap_usd=10.0),
        steps={Step.GENERATE: StepRecord(StepState.RUNNING, 1, 1, NOW - 300, "j1")},
    )
    cap = teacher_cap_usd(recipe, request, Step.GENERATE, examples.PRICES, 10.0)
    (held,) = request.unsettled
    held = replace(held, hold_usd=held.hold_usd + cap, tokens_usd=cap)
    request = replace(request, unsettled=(held,))
    failed = replace(job(JobStage.ERROR, Step.GENERATE), log_tail=log_tail)
    of_another_attempt = {("r1", Step.GENERATE): examples.manifest(attempt=7, cost_usd=9.0)}
    for manifests in ({}, of_another_attempt):
        observation = observed(jobs=(failed,), manifests=manifests)
        planned = settle_jobs(request, observation, {})
        assert planned.step(Step.GENERATE).cost_usd == pytest.approx(usd or cap, rel=0.01)


def test_a_job_that_pays_by_the_token_holds_what_it_may_spend() -> None:
    recipe = examples.recipe_with(examples.URL)
    request = examples.request(
        spec=replace(examples.spec(), cap_usd=10.0), steps={Step.CHECK: examples.CHECKED}
    )
    planned = plan(request, observed(), replace(POLICY, recipe=recipe), CURRENT)
    (action,) = [action for action in planned.actions if isinstance(action, EnsureJob)]
    (held,) = planned.request.unsettled
    cap = teacher_cap_usd(recipe, request, Step.GENERATE, examples.PRICES, 10.0)
    assert held.tokens_usd == pytest.approx(cap) and cap > 5
    assert held.hold_usd == pytest.approx(cap + action.timeout_seconds / 3600 * 0.01)
