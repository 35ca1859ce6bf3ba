"""What is done about a discussion that cannot be handled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.controller.decision import decide
from bot.controller.ledger import LedgerSnapshot
from bot.domain.actions import (
    GRACE_SECONDS,
    Action,
    EnsureCancelled,
    EnsureClosed,
    EnsureReply,
    Plan,
)
from bot.domain.fault import REPORTED_COUNT, Fault, FaultKind
from bot.domain.names import find_marker
from bot.domain.observation import Job, JobStage
from bot.domain.request import CLOSING, Step, StepRecord, StepState
from bot.planner.faults import cancel_above_cap, fault_reply, repeated_order
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, job, observed, plan, situation

POLICY = examples.policy()
ORDERED = StepRecord(StepState.ORDERED, 1, 1, NOW - 500)
REQUEST = examples.request(steps={Step.GENERATE: ORDERED})


@pytest.mark.parametrize("kind", FaultKind)
def test_a_discussion_is_told_only_about_a_fault_that_does_not_end(kind: FaultKind) -> None:
    assert fault_reply(7, Fault(kind, REPORTED_COUNT - 1, NOW)) == ()
    (reply,) = fault_reply(7, Fault(kind, REPORTED_COUNT, NOW))
    assert isinstance(reply, EnsureReply)
    assert (reply.discussion, reply.kind, reply.comment_id) == (7, "fault", "")
    assert find_marker(reply.text) == reply.marker != ""


def test_running_jobs_are_cancelled_only_above_the_cap() -> None:
    cap_usd = examples.spec().cap_usd
    running, ended = job(JobStage.RUNNING), replace(job(JobStage.ERROR), id="j2")
    foreign = replace(running, id="j3", request="r2")
    observation = observed(jobs=(running, ended, foreign))
    paid = replace(ORDERED, cost_usd=cap_usd)
    for record, cancelled in ((ORDERED, ()), (paid, (EnsureCancelled("j1"),))):
        request = examples.request(steps={Step.GENERATE: record})
        now = situation(observation, POLICY, [request])
        assert cancel_above_cap(request, now) == cancelled
        settled = replace(request, unsettled=())
        assert cancel_above_cap(settled, now) == ()


@pytest.mark.parametrize(
    ("action", "replied_at", "kind"),
    [
        (EnsureReply(1, "plan", "", ""), {"plan": NOW - 90}, FaultKind.REPLY),
        (EnsureReply(1, "plan", "", ""), {"status": NOW - 90}, None),
        (EnsureReply(1, "plan", "", "", "c1"), {"plan": NOW - 90}, None),
        (EnsureClosed(1), {CLOSING: NOW - 90}, FaultKind.REPLY),
        (EnsureClosed(1), {"plan": NOW - 90}, None),
        (EnsureCancelled("j1"), {"plan": NOW - 90, CLOSING: NOW - 90}, None),
    ],
)
def test_an_order_is_repeated_if_the_last_one_had_no_effect(
    action: Action, replied_at: dict[str, float], kind: FaultKind | None
) -> None:
    request = replace(REQUEST, replied_at=replied_at)
    assert repeated_order(request, Plan(request, (action,))) is kind


def test_a_job_is_ordered_again_under_its_number() -> None:
    again = plan(REQUEST, observed(), POLICY)
    assert repeated_order(REQUEST, again) is FaultKind.JOB
    failed = replace(REQUEST, unsettled=()).with_step(
        Step.GENERATE, replace(ORDERED, state=StepState.FAILED)
    )
    next_attempt = plan(failed, observed(), POLICY)
    assert next_attempt.actions and repeated_order(failed, next_attempt) is None


@pytest.mark.parametrize(
    ("ordered_at", "jobs", "pauses"),
    [
        (NOW - 20, (), False),
        (NOW - GRACE_SECONDS, (), False),
        (NOW - GRACE_SECONDS - 1, (), True),
        (NOW - 500, (job(JobStage.RUNNING),), False),
        (NOW - 500, (job(JobStage.ERROR),), True),
    ],
)
def test_the_teacher_waits_for_a_job_of_a_discussion_that_is_left_alone(
    ordered_at: float, jobs: tuple[Job, ...], pauses: bool
) -> None:
    """A job that was ordered twice is a fault; the second may not be visible yet."""
    request = examples.request(steps={Step.GENERATE: replace(ORDERED, ordered_at=ordered_at)})
    snapshot = LedgerSnapshot("h", (request,), CURRENT)
    decision = decide(snapshot, observed(discussions={}, jobs=jobs), POLICY, left_alone=(1,))
    assert bool(decision.teacher_actions) is pauses
