"""Which requests may start a job now: limits, budgets and order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.controller.decision import decide
from bot.controller.ledger import LedgerSnapshot
from bot.domain import costs, steps
from bot.domain.actions import EnsureJob, Plan
from bot.domain.request import (
    DayUse,
    Request,
    Status,
    Step,
    StepRecord,
    StepState,
)
from bot.language import by_code
from bot.planner import capacity
from bot.settings import Limits
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, observed, situation

CAP = examples.spec().cap_usd


CODES = ("cym_Latn", "gla_Latn", "gle_Latn", "bre_Latn", "epo_Latn", "fra_Latn")


def _requests(count: int, first: int = 1, **changes: Any) -> list[Request]:
    """Return requests of two people for several languages."""
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


def _started(limits: Limits, requests: list[Request]) -> list[str]:
    """Return the requests for which a tick starts a job."""
    policy = examples.policy(limits=limits)
    policy = replace(policy, recipe=replace(policy.recipe, languages=None))
    decision = decide(
        LedgerSnapshot("h", tuple(requests), CURRENT), observed(discussions={}), policy
    )
    return [action.request for action in decision.actions if isinstance(action, EnsureJob)]


def test_jobs_on_one_flavor_are_limited() -> None:
    assert len(_started(Limits(jobs_per_flavor=2), _requests(6))) == 2
    assert len(_started(Limits(jobs_per_flavor=9), _requests(6))) == 6


def test_the_budgets_of_a_day_and_of_a_person_are_never_exceeded() -> None:
    assert len(_started(Limits(jobs_per_flavor=9, day_usd=3.5 * CAP), _requests(6))) == 3
    assert len(_started(Limits(jobs_per_flavor=9, person_usd=1.5 * CAP), _requests(6))) == 2
    record = StepRecord(StepState.MADE, 1, 1, cost_usd=CAP)
    done: dict[str, Any] = {
        "steps": {info.step: record for info in steps.NEW_MODEL},
        "status": Status.DONE,
        "archived": True,
    }
    tight = Limits(jobs_per_flavor=9, day_usd=13 * CAP)
    today = _requests(3, first=11, **done)  # three times four caps
    assert len(_started(tight, [*today, *_requests(6)])) == 1
    yesterday = [
        replace(request, days={costs.day_of(NOW - 86_400): DayUse(4 * CAP)}) for request in today
    ]
    assert len(_started(tight, [*yesterday, *_requests(6)])) == 6


def test_one_repo_is_written_by_one_job_at_a_time() -> None:
    checked: dict[str, Any] = {"steps": {Step.CHECK: examples.CHECKED}}
    same = [replace(request, spec=examples.spec()) for request in _requests(3, **checked)]
    assert _started(Limits(), same) == ["r1"]


def test_a_plan_changes_the_capacity_as_it_changes_the_ledger() -> None:
    running = StepRecord(StepState.RUNNING, 1, 1, NOW - 300, "j1", cost_usd=0.001)
    before, other = _requests(2, steps={Step.GENERATE: running})
    for change in (
        {"status": Status.CANCELLED},
        {"reserved_at": 0.0},
        {"unsettled": ()},
        {"unsettled": (), "status": Status.FAILED},
        {"days": {costs.day_of(NOW): DayUse(0.5)}, "status": Status.DONE},
    ):
        after = replace(before, **change)
        now = situation(observed(), examples.policy(), [before, other]).after(Plan(after))
        expected = situation(observed(), examples.policy(), [after, other]).capacity
        assert now.capacity.committed_usd == pytest.approx(expected.committed_usd), change
    added = replace(before, unsettled=(*before.unsettled, *other.unsettled))
    now = situation(observed(), examples.policy(), [before, other]).after(Plan(added))
    assert now.capacity.jobs == {"cpu-basic": 2}  # the same job is not counted twice


def test_people_with_few_requests_come_first() -> None:
    greedy = [examples.request(id=f"r{n}", discussion=n, author="greedy") for n in range(1, 6)]
    other = examples.request(id="r9", discussion=9, author="other")
    started = replace(greedy[0], reserved_at=NOW)
    order = [r.id for r in capacity.fair_order([*greedy[1:], other, started])]
    assert order == ["r1", "r9", "r2", "r3", "r4", "r5"]
