"""Costs on the local Hub: jobs that hang, and an endpoint that was left running.

Calls, jobs and the endpoint are real processes; recipes are fake, and the clock is simulated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import JobStage

from bot.controller.tick import Controller
from bot.domain.actions import GRACE_SECONDS
from bot.domain.request import Reason, Request, Status, Step, Verdict
from bot.localhub.testing import LocalHub
from tests.scenarios.local_scenario import BOT, ORG, LocalScenario, labels_of

PERSON = "ludoviko"


def hangs_at_first(labels: Mapping[str, str]) -> str:
    return "hang" if (labels["step"], labels["attempt"]) == ("check", "1") else "good"


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[LocalScenario]:
    with LocalHub(tmp_path, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        yield LocalScenario(hub, hangs_at_first)


def tick_until(scenario: LocalScenario, bot: Controller, stage: JobStage) -> Request:
    """Tick until a job is in this stage; return the only request."""
    for _ in range(600):
        bot.tick()
        jobs = list(scenario.api.list_jobs(namespace=ORG, status=[stage]))
        (request,) = bot.ledger.load().requests
        if jobs:
            return request
        scenario.advance_unless_jobs_run(5)
    raise AssertionError(f"no job in {stage}")


def test_a_job_over_its_budget_is_cancelled_and_the_teacher_paused(scenario: LocalScenario) -> None:
    scenario.policy = replace(scenario.policy, limit_usd=0.005)
    bot = scenario.bot()
    num = scenario.open_discussion(PERSON, "Esperanto")
    request = tick_until(scenario, bot, JobStage.RUNNING)
    assert request.agreed_spec.cap_usd == 0.005 and scenario.teacher_status() == "running"
    # $0.01 for the job and $0.06 for the teacher an hour; the teacher has run for a while already
    scenario.advance(0.6 * 0.005 / 0.07 * 3600)
    bot.tick()
    assert not list(scenario.api.list_jobs(namespace=ORG, status=["CANCELED"]))
    scenario.advance(0.5 * 0.005 / 0.07 * 3600)
    scenario.bot().tick()  # in a new process

    (job,) = scenario.api.list_jobs(namespace=ORG)
    assert job.status.stage == "CANCELED" and scenario.teacher_status() == "paused"
    assert job.started_at and job.finished_at
    ran = (job.finished_at - job.started_at).total_seconds()
    scenario.bot().tick()
    (request,) = scenario.bot().ledger.load().requests
    assert (request.status, request.verdict) == (Status.FAILED, Verdict.BUDGET)
    # The teacher is charged until the tick that pauses it, the job until it has ended.
    assert ran / 3600 * 0.07 * 0.95 < request.spent_usd < 0.007
    scenario.bot().tick()
    status, *_, last = scenario.bot_comments(num)[1:]
    assert "budget is too small for the step *check*" in last, last
    assert "failed" in status


def test_a_stuck_job_is_cancelled_and_repeated(scenario: LocalScenario) -> None:
    bot = scenario.bot()
    scenario.open_discussion(PERSON, "Esperanto")
    tick_until(scenario, bot, JobStage.RUNNING)
    scenario.advance(
        600 + 2 * GRACE_SECONDS
    )  # the Hub should have ended it at the step's time limit
    bot.tick()
    bot.tick()  # sees the first job cancelled, so that its cost is known
    jobs = scenario.api.list_jobs(namespace=ORG)
    stages = {labels_of(job)["attempt"]: job.status.stage for job in jobs}
    assert stages["1"] == "CANCELED" and set(stages) == {"1", "2"}
    (request,) = bot.ledger.load().requests
    assert request.step(Step.CHECK).reason is Reason.OVERDUE

    # During training, no step needs the teacher, and it is paused.
    tick_until(scenario, bot, JobStage.COMPLETED)
    for _ in range(40):
        bot.tick()
        (request,) = bot.ledger.load().requests
        if request.step(Step.TRAIN).attempt:
            break
        scenario.advance_unless_jobs_run(5)
    assert request.step(Step.TRAIN).attempt == 1 and scenario.teacher_status() == "paused"


def test_an_endpoint_left_running_by_a_crash_is_paused_by_the_next_bot(
    scenario: LocalScenario,
) -> None:
    bot = scenario.bot()
    num = scenario.open_discussion(PERSON, "Esperanto")
    tick_until(scenario, bot, JobStage.RUNNING)
    scenario.add_comment(PERSON, num, "/cancel")
    (job,) = scenario.api.list_jobs(namespace=ORG)
    scenario.api.cancel_job(job_id=job.id, namespace=ORG)  # and no bot runs for three days
    scenario.advance(3 * 86_400)
    assert scenario.teacher_status() == "running"
    scenario.bot().tick()
    assert scenario.teacher_status() == "paused"
    assert scenario.bot().ledger.load().requests[0].status is Status.CANCELLED
