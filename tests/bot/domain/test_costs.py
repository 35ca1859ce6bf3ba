"""Costs: estimates, caps and reserved budgets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.actions import EnsureJob
from bot.domain.costs import (
    cap_usd,
    charge,
    committed_usd,
    day_of,
    estimate,
    is_within_limit,
    teacher_cap_usd,
)
from bot.domain.request import (
    Status,
    Step,
    StepRecord,
    StepState,
)
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, observed, plan

POLICY = examples.policy()
CAP = examples.spec().cap_usd


def test_the_estimate_uses_expected_minutes_and_the_ceiling_time_limits() -> None:
    cost = estimate(examples.recipe(), examples.PRICES)
    # 0.5, 1 and 1 minutes at $0.01, 2 at $0.03, and 1.5 of the teacher at $0.06 an hour
    assert cost.total_usd == pytest.approx((0.025 + 0.06 + 0.09) / 60)
    ceiling = 5 * (0.01 + 0.06) + 10 * (0.01 + 0.03 + 0.01 + 0.06)
    assert cost.ceiling_usd == pytest.approx(ceiling / 60)
    assert is_within_limit(cost, cost.total_usd) and not is_within_limit(cost, cost.total_usd / 2)
    assert cap_usd(cost, 50) == pytest.approx(0.024167) and cap_usd(cost, 0.005) == 0.005


def test_the_teacher_gets_the_budget_that_the_job_and_later_steps_leave() -> None:
    spent = StepRecord(StepState.FAILED, 1, 1, NOW - 600, "j1", cost_usd=0.001)
    request = examples.request(steps={Step.GENERATE: spent})
    # two minutes at $0.03 and one at $0.01 are still to come; the teacher is 6/7 of $0.07 an hour
    left = CAP - 0.001 - (2 * 0.03 + 0.01) / 60
    assert teacher_cap_usd(
        examples.recipe(), request, Step.GENERATE, examples.PRICES, CAP - 0.001
    ) == pytest.approx(left * 6 / 7)
    (action,) = [
        action
        for action in plan(request, observed(), POLICY, CURRENT).actions
        if isinstance(action, EnsureJob)
    ]
    cap = action.command[action.command.index("--cap-usd") + 1]
    assert float(cap) == pytest.approx(left * 6 / 7, abs=1e-6)
    nothing = teacher_cap_usd(examples.recipe(), request, Step.GENERATE, examples.PRICES, 0.0)
    assert nothing == 0.0


@pytest.mark.parametrize("status", list(Status))
def test_what_was_paid_and_what_may_still_run_counts_whatever_the_status(status: Status) -> None:
    made = StepRecord(StepState.MADE, 1, 1)
    running = StepRecord(StepState.RUNNING, 1, 1, NOW - 60, "j1")
    steps = {Step.GENERATE: made, Step.TRAIN: running}
    request = charge(examples.request(status=status, steps=steps), Step.GENERATE, 0.001, NOW)
    hold = 10 / 60 * examples.PRICES["cpu-upgrade"]
    today, tomorrow = day_of(NOW), day_of(NOW + 86_400)
    may_cost = CAP - 0.001 if status is Status.OPEN else hold
    assert committed_usd(request, today) == pytest.approx(0.001 + may_cost)
    assert committed_usd(request, tomorrow) == pytest.approx(may_cost)
    # A retry reserves anew, and forgets nothing.
    again = replace(request, reserved_at=0.0)
    assert committed_usd(again, today, accrued_usd=0.25) == pytest.approx(0.251 + hold)
    assert request.spent_usd == sum(use.usd for use in request.days.values()) == 0.001


def test_a_teacher_that_is_paid_by_the_token_costs_its_expected_tokens() -> None:
    recipe = examples.recipe_with(examples.URL)
    expected = 2 * (1 * 0.1 + 2 * 0.5)  # the check and the data: millions of tokens, their prices
    assert estimate(recipe, examples.PRICES).teacher_usd == pytest.approx(expected)
    request = examples.request(spec=replace(examples.spec(), cap_usd=10.0))
    cap = teacher_cap_usd(recipe, request, Step.CHECK, examples.PRICES, 10.0)
    assert 10 - 1.2 < cap < 10 - 1.1  # less the expected cost of the data and of hardware


def test_every_replica_of_the_teacher_may_cost() -> None:
    two = replace(examples.recipe(), teacher=replace(examples.endpoint(), max_replica=2))
    one, both = (estimate(recipe, examples.PRICES) for recipe in (examples.recipe(), two))
    assert both.teacher_usd == pytest.approx(2 * one.teacher_usd)
