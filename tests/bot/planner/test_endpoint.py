"""When the teacher's endpoint is woken and paused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.actions import GRACE_SECONDS, EnsureEndpoint, EnsureJob
from bot.domain.observation import Teacher
from bot.domain.request import (
    Status,
    Step,
    StepRecord,
    StepState,
    TeacherRecord,
    Verdict,
)
from bot.planner.endpoint import MAX_FAILED_STARTS, has_given_up, plan_teacher
from bot.settings import Limits
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, observed, plan, situation

POLICY = examples.policy()


CAP = examples.spec().cap_usd


ASLEEP = TeacherRecord()


def test_the_teacher_is_woken_when_needed_and_paused_when_not() -> None:
    asleep = observed(teacher=Teacher("paused"))
    record, actions = plan_teacher(situation(asleep, POLICY, [examples.request()], ASLEEP))
    assert actions == (EnsureEndpoint("kakugo-teacher", True),)
    assert plan_teacher(situation(asleep, POLICY, [examples.request()], record))[1] == ()
    made = StepRecord(StepState.MADE, 1, 1, NOW - 300)
    generated = examples.request(steps={Step.GENERATE: made})
    record, actions = plan_teacher(situation(observed(), POLICY, [generated], record))
    assert actions == (EnsureEndpoint("kakugo-teacher", False),)
    assert plan_teacher(situation(observed(), POLICY, [generated], record)) == (record, ())
    assert plan_teacher(situation(asleep, POLICY, [], ASLEEP)) == (ASLEEP, ())


def test_a_pause_lost_in_a_crash_is_ordered_again() -> None:
    paused = TeacherRecord(running=False, paused_at=NOW - GRACE_SECONDS - 1)
    record, actions = plan_teacher(situation(observed(), POLICY, [], paused))
    assert actions == (EnsureEndpoint("kakugo-teacher", False),) and record.paused_at == NOW


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
    others = [examples.request(status=status)]
    _, actions = plan_teacher(situation(observed(), POLICY, others, CURRENT))
    assert actions == (EnsureEndpoint("kakugo-teacher", False),)


def test_the_teacher_is_not_woken_for_a_request_that_may_not_start() -> None:
    poor = examples.policy(limits=Limits(day_usd=CAP / 2))
    asleep = observed(teacher=Teacher("paused"))
    assert plan_teacher(situation(asleep, poor, [examples.request()], ASLEEP)) == (ASLEEP, ())


def test_a_teacher_that_never_starts_ends_the_request_and_is_tried_for_the_next() -> None:
    record, now = ASLEEP, NOW
    for _ in range(MAX_FAILED_STARTS + 3):
        observation = observed(now=now, teacher=Teacher("failed"))
        record, _ = plan_teacher(situation(observation, POLICY, [examples.request()], record))
        now += GRACE_SECONDS + 1
    assert has_given_up(situation(observation, POLICY, (), record))
    assert not has_given_up(situation(observed(teacher=Teacher("paused")), POLICY, (), record))
    planned = plan(examples.request(), observed(teacher=Teacher("failed")), POLICY, record)
    assert planned.request.verdict is Verdict.TEACHER
    record, _ = plan_teacher(situation(observation, POLICY, [planned.request], record))
    assert not has_given_up(situation(observation, POLICY, (), record))


def test_a_teacher_at_a_url_is_always_ready_and_nobody_starts_it() -> None:
    policy = replace(POLICY, recipe=examples.recipe_with(examples.URL))
    observation = observed(teacher=Teacher("running", "https://router.huggingface.co/v1"))
    request = examples.request(spec=replace(examples.spec(), cap_usd=10.0))
    assert plan_teacher(situation(observation, policy, [request], ASLEEP)) == (ASLEEP, ())
    planned = plan(request, observation, policy, ASLEEP)
    (job,) = [action for action in planned.actions if isinstance(action, EnsureJob)]
    assert "https://router.huggingface.co/v1" in job.command
