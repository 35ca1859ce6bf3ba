"""What jobs and the teacher cost: who is charged, when, and what happens if facts are missing."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest

from bot.domain import costs
from bot.domain.actions import GRACE_SECONDS
from bot.domain.observation import Job, JobStage, Teacher
from bot.domain.request import DayUse, Request, Status, Step, StepRecord, StepState, TeacherRecord
from bot.planner import billing
from bot.planner.endpoint import TeacherPlan, plan_teacher
from tests.bot import examples
from tests.bot.examples import NOW, job, observed, situation

POLICY = examples.policy()
TEACHER_USD = examples.endpoint().usd_per_hour
HOLD = 10 / 60 * 0.01
RUNNING = examples.request(
    steps={Step.GENERATE: StepRecord(StepState.RUNNING, 1, 1, NOW - 500, "j1")}
)


@pytest.mark.parametrize(
    ("jobs", "usd"),
    [
        pytest.param([job(JobStage.COMPLETED, ended=NOW - 130)], 0.001, id="from start to end"),
        pytest.param([job(JobStage.ERROR, ended=NOW - 130)], 0.001, id="also of a failure"),
        pytest.param([job(JobStage.CANCELED, ended=NOW - 130)], 0.001, id="also if cancelled"),
        pytest.param([job(JobStage.RUNNING, ended=0.0)], None, id="not while it runs"),
        pytest.param(
            [replace(job(JobStage.ERROR, ended=NOW - 140), started_at=0.0)],
            0.001,
            id="from its creation, if the start is missing",
        ),
        pytest.param(
            [replace(job(JobStage.CANCELED, ended=NOW - 140), started_at=0.0)],
            0.001,
            id="also if it was seen running",
        ),
        pytest.param([job(JobStage.COMPLETED, ended=0.0)], HOLD, id="without an end, all"),
        pytest.param([job(JobStage.ERROR, ended=NOW - 9e4)], HOLD, id="an end before the start"),
        pytest.param([job(JobStage.ERROR, ended=NOW + 9e4)], HOLD, id="a day ahead, all"),
        pytest.param([job(JobStage.ERROR, ended=float("nan"))], HOLD, id="not a number, all"),
        pytest.param([], HOLD, id="vanished, all"),
        pytest.param(
            [job(JobStage.ERROR, ended=NOW - 130), replace(job(JobStage.RUNNING), id="j2")],
            None,
            id="not while one of two runs",
        ),
        pytest.param(
            [job(JobStage.ERROR, ended=NOW - 130), job(JobStage.ERROR, ended=NOW - 310)],
            0.0015,
            id="of both",
        ),
    ],
)
def test_a_job_costs_what_the_hub_bills_or_all_that_it_may(
    jobs: list[Job], usd: float | None
) -> None:
    for status in Status:
        request = replace(RUNNING, status=status)
        settled = billing.settle_jobs(request, observed(jobs=tuple(jobs)), {})
        if usd is None:
            assert settled == request
        else:
            assert settled.spent_usd == pytest.approx(usd) and not settled.unsettled
            assert settled.days == {costs.day_of(NOW): DayUse(settled.spent_usd)}


def test_a_job_that_never_ran_costs_nothing() -> None:
    record = StepRecord(StepState.ORDERED, 1, 1, NOW - 500)
    ordered = examples.request(steps={Step.GENERATE: record})
    cancelled = replace(job(JobStage.CANCELED), started_at=0.0)
    for jobs in ((cancelled,), ()):
        settled = billing.settle_jobs(ordered, observed(jobs=jobs), {})
        assert not settled.unsettled and not settled.spent_usd and not settled.days
    recent = replace(ordered.unsettled[0], ordered_at=NOW - GRACE_SECONDS)
    waiting = replace(ordered, unsettled=(recent,))
    assert billing.settle_jobs(waiting, observed(), {}) == waiting


def test_a_job_of_unknown_price_costs_all_that_it_may() -> None:
    unknown = replace(RUNNING, unsettled=(replace(RUNNING.unsettled[0], usd_per_hour=0.0),))
    jobs = (job(JobStage.COMPLETED, ended=NOW - 130),)
    for prices, usd in (({}, HOLD), ({Step.TRAIN: 1.0}, HOLD), ({Step.GENERATE: 0.005}, 0.0005)):
        settled = billing.settle_jobs(unknown, observed(jobs=jobs), prices)
        assert settled.spent_usd == pytest.approx(usd)


def test_a_price_that_nobody_knows_stays_unknown_and_a_known_one_is_kept() -> None:
    unknown = replace(RUNNING, unsettled=(replace(RUNNING.unsettled[0], usd_per_hour=0.0),))
    running = observed(jobs=(job(JobStage.RUNNING, ended=0.0),))
    assert billing.settle_jobs(unknown, running, {}) == unknown
    for request, usd_per_hour in ((unknown, 0.5), (RUNNING, 0.01)):
        (held,) = billing.settle_jobs(request, running, {Step.GENERATE: 0.5}).unsettled
        assert held.usd_per_hour == usd_per_hour


def test_what_was_seen_of_a_job_is_kept() -> None:
    record = StepRecord(StepState.ORDERED, 1, 1, NOW - 30)
    ordered = examples.request(steps={Step.GENERATE: record})
    for stage, seen in ((JobStage.SCHEDULING, (True, False)), (JobStage.RUNNING, (True, True))):
        settled = billing.settle_jobs(ordered, observed(jobs=(job(stage),)), {})
        assert (settled.unsettled[0].appeared, settled.unsettled[0].started) == seen


def test_a_running_job_has_cost_no_more_than_it_may() -> None:
    for started_at, seconds in ((NOW - 90, 90), (0.0, 500), (NOW - 9e4, 600), (NOW + 9e4, 0)):
        running = replace(job(JobStage.RUNNING), started_at=started_at)
        usd = billing.unsettled_usd(RUNNING, observed(jobs=(running,)))
        assert usd == pytest.approx(seconds / 3600 * 0.01)
    waiting = replace(job(JobStage.SCHEDULING), started_at=0.0)
    assert not billing.unsettled_usd(RUNNING, observed(jobs=(waiting,)))


ON = TeacherRecord(True, NOW - 600, 0, 0.0, NOW - 360, ("r1",))
ORDERED = replace(ON, ordered_at=NOW - 360, failed_starts=1)
PAUSED = replace(ON, running=False, paused_at=NOW - 360)


@pytest.mark.parametrize(
    ("record", "state", "seconds", "until"),
    [
        pytest.param(ON, "running", 360, NOW, id="while it runs"),
        pytest.param(ON, "initializing", 360, NOW, id="while it starts"),
        pytest.param(ON, "pending", 360, NOW, id="while it waits"),
        pytest.param(ON, "somethingNew", 360, NOW, id="in an unknown state"),
        pytest.param(ON, "paused", 360, 0.0, id="until somebody else paused it"),
        pytest.param(ON, "failed", 360, 0.0, id="until it failed"),
        pytest.param(ON, "scaledToZero", 360, 0.0, id="until it fell asleep"),
        pytest.param(ORDERED, "initializing", 360, NOW, id="from the order to start it"),
        pytest.param(ORDERED, "failed", 360, 0.0, id="also if the start failed"),
        pytest.param(ORDERED, "paused", 0, NOW - 360, id="not if the order had no effect"),
        pytest.param(PAUSED, "paused", 0, 0.0, id="until the order to pause it"),
        pytest.param(PAUSED, "running", 360, NOW, id="longer if that had no effect"),
        pytest.param(PAUSED, "scaledToZero", 360, 0.0, id="longer if it fell asleep by itself"),
        pytest.param(
            replace(PAUSED, paused_at=NOW - 20, charged_until=NOW - 20),
            "running",
            0,
            NOW - 20,
            id="not while that may have had an effect",
        ),
        pytest.param(
            replace(ORDERED, running=False, ordered_at=NOW - 20, charged_until=NOW - 20),
            "paused",
            0,
            NOW - 20,
            id="not forgotten while the order may have an effect",
        ),
        pytest.param(TeacherRecord(), "paused", 0, 0.0, id="not while it is off"),
        pytest.param(TeacherRecord(), "running", 0, NOW, id="since we know of it"),
        pytest.param(replace(ON, charged_until=NOW + 9e4), "running", 0, NOW, id="never negative"),
    ],
)
def test_the_teacher_costs_money_from_the_order_to_start_it_until_it_stops(
    record: TeacherRecord, state: str, seconds: float, until: float
) -> None:
    observation = observed(teacher=Teacher(state))
    assert billing.read_meter(record, observation) == billing.Meter(seconds, until)


LONG_AGO = NOW - 5 * 86_400
HOUR = 3600.0


@pytest.mark.parametrize(
    ("failed_starts", "jobs", "seconds"),
    [
        pytest.param(0, [], 900.0, id="15 minutes after it was last seen"),
        pytest.param(1, [], HOUR + 900.0, id="after it has started, which may take an hour"),
        pytest.param(0, [LONG_AGO + HOUR], HOUR + 900.0, id="after the end of a job"),
        pytest.param(0, [LONG_AGO + HOUR, 0.0], 5 * 86_400, id="now, if that is unknown"),
    ],
)
@pytest.mark.parametrize("state", ["failed", "paused", "scaledToZero"])
def test_a_teacher_that_stopped_while_no_bot_ran_did_so_soon_after_the_last_call(
    state: str, failed_starts: int, jobs: list[float], seconds: float
) -> None:
    record = TeacherRecord(True, LONG_AGO - 60, failed_starts, 0.0, LONG_AGO, ("r1",))
    ended = tuple(job(JobStage.COMPLETED, ended=ended_at) for ended_at in jobs)
    train = job(JobStage.RUNNING, Step.TRAIN)
    observation = observed(teacher=Teacher(state), jobs=(*ended, train))
    assert billing.read_meter(record, observation) == billing.Meter(seconds, 0.0)


def test_a_hidden_job_of_unknown_price_may_have_called_the_teacher_until_now() -> None:
    record = TeacherRecord(True, LONG_AGO - 60, 0, 0.0, LONG_AGO, ("r1",))
    asleep = observed(teacher=Teacher("scaledToZero"))
    held = replace(RUNNING.unsettled[0], ordered_at=LONG_AGO)
    for usd_per_hour, seconds in ((0.01, HOUR + 600 + 900), (0.0, 5 * 86_400)):
        hidden = replace(RUNNING, unsettled=(replace(held, usd_per_hour=usd_per_hour),))
        meter = billing.read_meter(record, asleep, [hidden])
        assert astuple(meter) == pytest.approx((seconds, 0.0))


def _users(*ids: str, status: Status = Status.OPEN) -> list[Request]:
    return [
        replace(RUNNING, id=id_, discussion=int(id_[1:]), status=status, author=id_) for id_ in ids
    ]


def test_the_requests_that_use_the_teacher_share_its_cost() -> None:
    shared = replace(ON, payers=("r1", "r2"))
    both, one = _users("r1", "r2"), [*_users("r1", status=Status.CANCELLED), *_users("r2")]
    assert plan_teacher(situation(observed(), POLICY, both, shared)) == TeacherPlan(shared)
    planned = plan_teacher(situation(observed(), POLICY, one, shared))
    assert [round(each.spent_usd, 6) for each in planned.charged] == [TEACHER_USD / 20] * 2
    assert planned.record == replace(shared, charged_until=NOW, payers=("r2",))
    # Nobody is left: the last ones pay until it stops.
    none = _users("r1", "r2", status=Status.CANCELLED)
    planned = plan_teacher(situation(observed(), POLICY, none, shared))
    assert planned.record.payers == ("r1", "r2") and not planned.record.running
    paused = observed(now=NOW + 20, teacher=Teacher("paused"))
    planned = plan_teacher(situation(paused, POLICY, none, planned.record))
    assert not planned.charged and not planned.record.payers
    assert not planned.record.charged_until


def test_who_starts_the_teacher_again_pays_for_the_time_before_too() -> None:
    (request,) = _users("r1")
    planned = plan_teacher(situation(observed(), POLICY, [request], PAUSED))
    (charged,) = planned.charged
    assert charged.spent_usd == pytest.approx(TEACHER_USD / 10)
    (day,) = charged.days
    assert day == costs.day_of(NOW)
    assert astuple(charged.days[day]) == pytest.approx((TEACHER_USD / 10, 1))
    assert planned.record.running and planned.record.charged_until == NOW


def test_the_cost_of_the_teacher_counts_before_it_is_charged() -> None:
    (request,) = _users("r1")
    expensive = replace(ON, charged_until=NOW - 3600)
    now = situation(observed(), POLICY, [request], expensive)
    assert now.remaining_usd(request) == pytest.approx(examples.spec().cap_usd - TEACHER_USD)
    closed = replace(request, status=Status.CANCELLED, unsettled=())
    assert situation(observed(), POLICY, [closed], expensive).capacity.committed_usd[
        "r1"
    ] == pytest.approx(TEACHER_USD)


def test_the_teacher_is_charged_to_the_step_that_uses_it() -> None:
    checking = examples.request(reserved_at=NOW)
    training = examples.request(steps={Step.GENERATE: StepRecord(StepState.MADE, 1)})
    for request, step in (
        (checking, Step.CHECK),
        (RUNNING, Step.GENERATE),
        (training, Step.GENERATE),
    ):
        asked = replace(request, status=Status.CANCELLED)
        (charged,) = plan_teacher(situation(observed(), POLICY, [asked], ON)).charged
        assert charged.step(step).cost_usd == charged.spent_usd > 0
