"""Costs on the local Hub: real jobs that hang, and a real endpoint that was left running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.controller.tick import Controller
from bot.domain.actions import GRACE
from bot.domain.request import Reason, Request, Status, Step, Verdict
from bot.localhub.testing import LocalHub
from tests.scenarios.local_bots import BOT, ORG, Theatre

PERSON = "ludoviko"


def hangs_at_first(labels: Mapping[str, str]) -> str:
    return "hang" if (labels["step"], labels["attempt"]) == ("check", "1") else "good"


@pytest.fixture
def theatre(tmp_path: Path) -> Iterator[Theatre]:
    with LocalHub(tmp_path, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        yield Theatre(hub, hangs_at_first)


def until(theatre: Theatre, bot: Controller, stage: str, count: int = 1) -> Request:
    """Tick until so many jobs are in this stage; the first request."""
    for _ in range(600):
        bot.tick()
        jobs = list(theatre.api.list_jobs(namespace=ORG, status=[stage]))
        (request,) = bot.ledger.load().requests
        if len(jobs) >= count:
            return request
        theatre.pass_time(5)
    raise AssertionError(f"no job in {stage}")


def endpoint(theatre: Theatre) -> str:
    name = theatre.policy.recipe.teacher.name
    return str(theatre.api.get_inference_endpoint(name, namespace=ORG).status)


def test_a_job_that_would_pass_its_cap_is_cancelled_and_the_teacher_paused(
    theatre: Theatre,
) -> None:
    theatre.policy = replace(theatre.policy, limit_usd=0.005)
    bot = theatre.bot()
    num = theatre.asks(PERSON, "Esperanto")
    request = until(theatre, bot, "RUNNING")
    assert request.agreed_spec.cap_usd == 0.005 and endpoint(theatre) == "running"
    theatre.wait(0.9 * 0.005 / 0.07 * 3600)  # $0.01 for the job and $0.06 for the teacher an hour
    bot.tick()
    assert not list(theatre.api.list_jobs(namespace=ORG, status=["CANCELED"]))
    theatre.wait(0.2 * 0.005 / 0.07 * 3600)
    theatre.bot().tick()  # whoever looks, also a new process

    (job,) = theatre.api.list_jobs(namespace=ORG)
    assert job.status.stage == "CANCELED" and endpoint(theatre) == "paused"
    assert job.started_at and job.finished_at
    ran = (job.finished_at - job.started_at).total_seconds()
    (request,) = theatre.bot().ledger.load().requests
    assert (request.status, request.verdict) == (Status.FAILED, Verdict.BUDGET)
    assert request.spent_usd == pytest.approx(ran / 3600 * 0.07, rel=0.05)
    theatre.bot().tick()
    status, *_, last = theatre.heard(num)[1:]
    assert "budget is too small for the step *check*" in last, last
    assert "failed" in status


def test_a_job_that_is_stuck_is_stopped_and_tried_again(theatre: Theatre) -> None:
    bot = theatre.bot()
    theatre.asks(PERSON, "Esperanto")
    until(theatre, bot, "RUNNING")
    theatre.wait(600 + 2 * GRACE)  # beyond the step's own limit: the Hub should have ended it
    bot.tick()
    stages = {j.labels["attempt"]: j.status.stage for j in theatre.api.list_jobs(namespace=ORG)}
    assert stages["1"] == "CANCELED" and set(stages) == {"1", "2"}
    (request,) = bot.ledger.load().requests
    assert request.step(Step.CHECK).reason is Reason.OVERDUE

    # Once nothing has to be taught any more the teacher costs nothing, while training goes on.
    until(theatre, bot, "COMPLETED", 1)
    for _ in range(40):
        bot.tick()
        (request,) = bot.ledger.load().requests
        if request.step(Step.TRAIN).attempt:
            break
        theatre.pass_time(5)
    assert request.step(Step.TRAIN).attempt == 1 and endpoint(theatre) == "paused"


def test_an_endpoint_that_a_crash_left_running_is_paused_by_whoever_comes_next(
    theatre: Theatre,
) -> None:
    bot = theatre.bot()
    num = theatre.asks(PERSON, "Esperanto")
    until(theatre, bot, "RUNNING")
    theatre.says(PERSON, num, "/cancel")
    (job,) = theatre.api.list_jobs(namespace=ORG)
    theatre.api.cancel_job(job_id=job.id, namespace=ORG)  # and the bot is dead for three days
    theatre.wait(3 * 86_400)
    assert endpoint(theatre) == "running"
    theatre.bot().tick()
    assert endpoint(theatre) == "paused"
    assert theatre.bot().ledger.load().requests[0].status is Status.CANCELLED
