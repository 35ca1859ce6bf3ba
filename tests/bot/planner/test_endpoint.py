"""When the teacher's endpoint is woken and paused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import costs
from bot.domain.actions import GRACE_SECONDS, EnsureCancelled, EnsureEndpoint, EnsureJob
from bot.domain.observation import JobStage, Teacher
from bot.domain.request import (
    DayUse,
    Status,
    Step,
    StepRecord,
    StepState,
    TeacherRecord,
    Verdict,
)
from bot.planner.endpoint import MAX_FAILED_STARTS, TeacherPlan, has_given_up, plan_teacher
from bot.settings import Limits
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, observed, plan, situation

POLICY = examples.policy()


CAP = examples.spec().cap_usd


ASLEEP = TeacherRecord()
RESERVED = examples.request(reserved_at=NOW - 30)


def test_the_teacher_is_woken_when_needed_and_paused_when_not() -> None:
    asleep = observed(teacher=Teacher("paused"))
    started = plan_teacher(situation(asleep, POLICY, [RESERVED], ASLEEP))
    assert started.actions == (EnsureEndpoint("kakugo-teacher", True),)
    assert plan_teacher(situation(asleep, POLICY, [RESERVED], started.record)).actions == ()
    made = StepRecord(StepState.MADE, 1, 1, NOW - 300)
    generated = examples.request(steps={Step.GENERATE: made})
    paused = plan_teacher(situation(observed(), POLICY, [generated], started.record))
    assert paused.actions == (EnsureEndpoint("kakugo-teacher", False),)
    again = plan_teacher(situation(observed(), POLICY, [generated], paused.record))
    assert again == TeacherPlan(paused.record)
    assert plan_teacher(situation(asleep, POLICY, [], ASLEEP)) == TeacherPlan(ASLEEP)


def test_a_pause_lost_in_a_crash_is_ordered_again() -> None:
    paused = TeacherRecord(running=False, paused_at=NOW - GRACE_SECONDS - 1)
    planned = plan_teacher(situation(observed(), POLICY, [], paused))
    assert planned.actions == (EnsureEndpoint("kakugo-teacher", False),)
    assert planned.record.paused_at == NOW


@pytest.mark.parametrize("state", ["absent", "paused", "failed", "updateFailed"])
def test_a_teacher_that_has_stopped_needs_no_pause_and_is_off(state: str) -> None:
    stopped = observed(teacher=Teacher(state))
    planned = plan_teacher(situation(stopped, POLICY, [], replace(CURRENT, failed_starts=2)))
    assert planned == TeacherPlan(replace(CURRENT, running=False, failed_starts=0))


def test_no_job_starts_while_the_teacher_may_be_about_to_pause() -> None:
    for record, starts in (
        (TeacherRecord(running=True, ordered_at=NOW - 5, paused_at=NOW - 20), 0),
        (TeacherRecord(running=False, paused_at=NOW - 500), 0),
        (TeacherRecord(running=True, ordered_at=NOW - 500, paused_at=NOW - 520), 1),
    ):
        actions = plan(examples.request(), observed(), POLICY, record).actions
        assert sum(isinstance(action, EnsureJob) for action in actions) == starts


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OPEN])
def test_only_an_open_request_keeps_the_teacher_awake(status: Status) -> None:
    others = [replace(RESERVED, status=status)]
    planned = plan_teacher(situation(observed(), POLICY, others, CURRENT))
    assert planned.actions == (EnsureEndpoint("kakugo-teacher", False),)


def test_the_teacher_is_not_woken_for_a_request_that_may_not_start() -> None:
    poor = examples.policy(limits=Limits(day_usd=CAP / 2))
    asleep = observed(teacher=Teacher("paused"))
    planned = plan(examples.request(), asleep, poor, ASLEEP).request
    assert not planned.reserved_at
    assert plan_teacher(situation(asleep, poor, [planned], ASLEEP)) == TeacherPlan(ASLEEP)


def test_money_is_reserved_before_the_teacher_starts() -> None:
    asleep = observed(teacher=Teacher("paused"))
    waiting = examples.request()
    assert plan_teacher(situation(asleep, POLICY, [waiting], ASLEEP)) == TeacherPlan(ASLEEP)
    reserved = plan(waiting, asleep, POLICY, ASLEEP).request
    assert reserved.reserved_at == NOW
    assert plan_teacher(situation(asleep, POLICY, [reserved], ASLEEP)).actions


def test_the_starts_of_the_teacher_for_one_person_are_limited() -> None:
    asleep = observed(teacher=Teacher("paused"))
    limit = POLICY.limits.person_starts
    today, yesterday = costs.day_of(NOW), costs.day_of(NOW - 86_400)
    for day, starts, may_start in (
        (today, limit - 1, True),
        (today, limit, False),
        (yesterday, limit, True),
    ):
        closed = examples.request(
            id="r2", discussion=2, status=Status.CANCELLED, days={day: DayUse(0.0, starts)}
        )
        planned = plan(examples.request(), asleep, POLICY, ASLEEP, closed).request
        assert bool(planned.reserved_at) == may_start
        started = plan_teacher(situation(asleep, POLICY, [RESERVED, closed], ASLEEP))
        assert bool(started.actions) == may_start
        # For somebody else it may start, and while it runs, one more costs no start.
        other = replace(RESERVED, author="zamenhof")
        assert plan_teacher(situation(asleep, POLICY, [other, closed], ASLEEP)).actions
        assert not plan_teacher(situation(observed(), POLICY, [RESERVED, closed], CURRENT)).actions


def test_a_job_in_the_queue_keeps_the_teacher_awake_only_for_a_while() -> None:
    for minutes, waits in ((14, True), (16, False)):
        record = StepRecord(StepState.RUNNING, 1, 1, NOW - 60 * minutes, "j1")
        request = examples.request(steps={Step.GENERATE: record})
        queued = replace(
            examples.job(JobStage.SCHEDULING),
            created_at=NOW - 60 * minutes,
            started_at=0.0,
            finished_at=0.0,
        )
        planned = plan(request, observed(jobs=(queued,)), POLICY, CURRENT)
        assert planned.request.step(Step.GENERATE).is_active == waits
        assert (EnsureCancelled("j1") in planned.actions) != waits


def test_a_teacher_that_starts_for_too_long_ends_the_request() -> None:
    for minutes, fails in ((59, False), (61, True)):
        record = TeacherRecord(True, NOW - 60 * minutes, 1, 0.0, NOW - 60, ("r1",))
        planned = plan(RESERVED, observed(teacher=Teacher("initializing")), POLICY, record)
        assert (planned.request.verdict is Verdict.TEACHER) == fails


def test_a_teacher_that_never_starts_ends_the_request_and_is_tried_for_the_next() -> None:
    record, now = ASLEEP, NOW
    for _ in range(MAX_FAILED_STARTS + 3):
        observation = observed(now=now, teacher=Teacher("failed"))
        record = plan_teacher(situation(observation, POLICY, [RESERVED], record)).record
        now += GRACE_SECONDS + 1
    assert has_given_up(situation(observation, POLICY, (), record))
    assert not has_given_up(situation(observed(teacher=Teacher("paused")), POLICY, (), record))
    planned = plan(examples.request(), observed(teacher=Teacher("failed")), POLICY, record)
    assert planned.request.verdict is Verdict.TEACHER
    record = plan_teacher(situation(observation, POLICY, [planned.request], record)).record
    assert not has_given_up(situation(observation, POLICY, (), record))


def test_a_teacher_at_a_url_is_always_ready_and_nobody_starts_it() -> None:
    policy = replace(POLICY, recipe=examples.recipe_with(examples.URL))
    observation = observed(teacher=Teacher("running", "https://router.huggingface.co/v1"))
    request = examples.request(spec=replace(examples.spec(), cap_usd=10.0))
    assert plan_teacher(situation(observation, policy, [request], ASLEEP)) == TeacherPlan(ASLEEP)
    planned = plan(request, observation, policy, ASLEEP)
    (job,) = [action for action in planned.actions if isinstance(action, EnsureJob)]
    assert "https://router.huggingface.co/v1" in job.command
