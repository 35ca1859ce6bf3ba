"""What goes wrong with one request stays with it: the others go on, and it is tried again.

The bot is real; the Hub in memory, jobs and the clock are simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.controller import decision
from bot.controller.ledger import Ledger
from bot.controller.tick import Controller
from bot.domain import names
from bot.domain.codec import faults_to_json
from bot.domain.fault import MAX_DELAY_SECONDS, Fault, FaultKind, Faults
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Step, StepState
from bot.hub.client import TryLater
from bot.hub.ledger_repo import LedgerRepo, json_text
from bot.planner import plan as planner
from tests.bot import examples
from tests.scenarios.in_memory_client import InMemoryClient, call_directly, error
from tests.scenarios.in_memory_hub import ORG, URL, InMemoryHub
from tests.scenarios.simulation import InMemoryConnection
from tests.scenarios.three_requests import POLICY

TITLES = ("Welsh", "Esperanto", "Faroese")
VICTIM = 3  # Faroese
SECONDS = 2000.0


@dataclass
class FaultyClient(InMemoryClient):
    """A client for which every call about the victim of one kind fails while `is_broken`."""

    fault: str = ""
    is_broken: bool = True
    tries: int = 0

    def _fail(self, fault: str, status: int = 500) -> None:
        if self.is_broken and fault == self.fault:
            self.tries += 1
            raise error(status)

    def get_discussion_details(self, repo: str, num: int, *, repo_type: str) -> Any:
        if num == VICTIM:
            self._fail("discussion")
        details = super().get_discussion_details(repo, num, repo_type=repo_type)
        if num == VICTIM and self.is_broken and self.fault == "malformed":
            self.tries += 1
            details.created_at = None  # type: ignore[assignment]
        return details

    def text(self, repo: str, path: str, revision: str) -> str:
        if revision == "main" and "fao_Latn" in f"{repo}/{path}":
            self._fail("manifest")
        return super().text(repo, path, revision)

    def run_job(self, **order: Any) -> Any:
        if order["labels"]["request"] == f"r{VICTIM}":
            self._fail("job", 403)
        return super().run_job(**order)

    def list_jobs(self, **query: Any) -> list[Any]:
        jobs = super().list_jobs(**query)
        for job in jobs:
            is_victim = (job.labels or {})["request"] == f"r{VICTIM}"
            if self.is_broken and self.fault == "stage" and is_victim:
                job.status = replace(job.status, stage="HIBERNATING")  # type: ignore[arg-type]
        return jobs

    def comment_discussion(self, repo: str, num: int, text: str, *, repo_type: str) -> Any:
        if num == VICTIM:
            self._fail("reply", 403)
        return super().comment_discussion(repo, num, text, repo_type=repo_type)


@dataclass
class Scenario:
    hub: InMemoryHub
    client: FaultyClient
    policy: Policy = POLICY

    def connection(self) -> InMemoryConnection:
        return InMemoryConnection(URL, ORG, "", "", "", lambda: self.hub.now, client=self.client)

    def ledger(self) -> Ledger:
        return Ledger(LedgerRepo(self.connection(), names.ledger(ORG)))

    def requests(self) -> dict[int, Request]:
        return {request.discussion: request for request in self.ledger().load().requests}

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Tick every 20 seconds, each time in a new process."""
        ends_at = self.hub.now + seconds
        while self.hub.now < ends_at and not until():
            Controller(self.connection(), self.ledger(), self.policy).tick()
            self.hub.advance_to(self.hub.now + 20)

    def is_done(self, num: int) -> bool:
        request = self.requests().get(num)
        return request is not None and request.status is Status.DONE and request.reported


@contextmanager
def nothing(scenario: Scenario) -> Iterator[None]:
    yield


@contextmanager
def damaged_record(scenario: Scenario) -> Iterator[None]:
    path = names.ledger_path(f"r{VICTIM}")
    good = scenario.hub.files(scenario.hub.head)[path]
    scenario.hub.commit({**scenario.hub.files(scenario.hub.head), path: good[:-9]})
    yield
    scenario.hub.commit({**scenario.hub.files(scenario.hub.head), path: good})


@contextmanager
def mistake(scenario: Scenario) -> Iterator[None]:
    """Let planning for the victim raise an unexpected exception."""
    plan = planner.plan

    def broken_plan(request: Request, situation: Any) -> Any:
        if request.discussion == VICTIM:
            scenario.client.tries += 1
            raise ZeroDivisionError("a mistake")
        return plan(request, situation)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decision, "plan", broken_plan)
        yield


CASES = {
    "record": (damaged_record, True),
    "plan": (mistake, True),
    "discussion": (nothing, False),
    "malformed": (nothing, True),
    "manifest": (nothing, True),
    "job": (nothing, True),
    "stage": (nothing, True),
    "reply": (nothing, False),
}


@pytest.mark.parametrize("name", CASES)
def test_fault_of_one_request_stops_no_other(name: str) -> None:
    damage, is_told = CASES[name]
    hub = InMemoryHub()
    # While a request is tried again, it pays for the teacher, here not much.
    teacher = replace(examples.endpoint(), usd_per_hour=0.006)
    policy = replace(POLICY, recipe=replace(POLICY.recipe, teacher=teacher))
    scenario = Scenario(hub, FaultyClient(hub, call_directly, fault=name), policy)
    for title in TITLES:
        hub.open_discussion("ludoviko", title)
    if damage is not nothing:
        scenario.run(60)  # the victim's record exists, and its first job runs
    with damage(scenario):
        scenario.run(SECONDS)
        for num in range(1, len(TITLES) + 1):
            assert scenario.is_done(num) == (num != VICTIM), f"r{num}"
        fault = scenario.ledger().load().faults.of(VICTIM)
        assert fault is not None and fault.count >= 5
        # It is tried about as often as its delay can double in this time.
        assert scenario.client.tries <= 4 * fault.count, scenario.client.tries
        told = [text for text in hub.bot_comments(VICTIM) if "<!-- kakugo fault" in text]
        assert len(told) == is_told
        launches = [launch for launch in hub.launches() if launch[0] == f"r{VICTIM}"]
        assert len(set(launches)) == len(launches), "no job was started twice"
    scenario.client.is_broken = False
    scenario.run(20_000, until=lambda: scenario.is_done(VICTIM))
    assert scenario.is_done(VICTIM)
    assert len(hub.launches()) == 4 * len(TITLES)


def start_endless_job(client: FaultyClient) -> Scenario:
    """Return a scenario whose only request has a job that never ends."""
    hub = client.hub
    scenario = Scenario(hub, client)
    hub.open_discussion("ludoviko", "Esperanto")
    scenario.run(60)
    assert [job.stage.values[-1] for job in hub.jobs] == ["RUNNING"]
    hub.jobs[0].ends = float("inf")
    hub.advance_to(hub.now + 3600)  # the job costs 7 cents an hour, the cap is 2.4 cents
    return scenario


def fail_listing(client: FaultyClient) -> None:
    client.get = lambda *_, **__: (_ for _ in ()).throw(error(500))  # type: ignore[method-assign]


def fail_commit(client: FaultyClient) -> None:
    client.create_commit = lambda *_, **__: (_ for _ in ()).throw(error(429))  # type: ignore[method-assign]


@pytest.mark.parametrize("fail", [fail_listing, fail_commit])
def test_job_is_cancelled_at_the_cap_although_the_tick_fails(
    fail: Callable[[FaultyClient], None],
) -> None:
    scenario = start_endless_job(FaultyClient(InMemoryHub()))
    fail(scenario.client)
    with pytest.raises(TryLater):
        scenario.run(20)
    assert scenario.hub.jobs[0].stage.values[-1] == "CANCELED"


def test_job_is_cancelled_at_the_cap_although_its_request_cannot_be_planned() -> None:
    scenario = start_endless_job(FaultyClient(InMemoryHub(), fault="manifest"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decision, "plan", lambda *_: 1 / 0)
        scenario.run(20)
    assert scenario.hub.jobs[0].stage.values[-1] == "CANCELED"
    assert scenario.ledger().load().faults.of(1) == Fault(FaultKind.PLAN, 1, scenario.hub.now - 20)


def test_ended_job_of_a_request_left_alone_is_not_taken_for_lost() -> None:
    """Although the time until the next try ends while the Hub is being observed."""
    hub = InMemoryHub()
    scenario = Scenario(hub, FaultyClient(hub, fault="manifest", is_broken=False))
    hub.open_discussion("ludoviko", "Welsh")
    scenario.run(60)
    faults = Faults().with_one_more(1, FaultKind.READ, hub.now - 29)
    files = {names.FAULTS_FILE: json_text(faults_to_json(faults))}
    hub.commit({**hub.files(hub.head), **files})
    list_hardware = scenario.client.list_jobs_hardware

    def list_slowly() -> list[Any]:
        hub.advance_to(hub.now + 100)  # the job ends meanwhile
        return list_hardware()

    scenario.client.list_jobs_hardware = list_slowly  # type: ignore[method-assign]
    Controller(scenario.connection(), scenario.ledger(), POLICY).tick()
    assert scenario.requests()[1].step(Step.CHECK).state is StepState.RUNNING
    scenario.client.list_jobs_hardware = list_hardware  # type: ignore[method-assign]
    scenario.run(2000, until=lambda: scenario.is_done(1))
    assert [launch for launch in hub.launches() if launch[0] == "r1"] == [
        ("r1", step, 1) for step in ("check", "evaluate", "generate", "train")
    ]


def test_webhook_ends_the_wait() -> None:
    hub = InMemoryHub()
    scenario = Scenario(hub, FaultyClient(hub, fault="manifest", is_broken=False))
    hub.open_discussion("ludoviko", "Welsh")
    scenario.run(60)
    faults = Faults({"1": Fault(FaultKind.READ, 20, hub.now)})
    hub.commit({**hub.files(hub.head), names.FAULTS_FILE: json_text(faults_to_json(faults))})
    hub.add_comment(1, "ludoviko", "/cancel")
    controller = Controller(scenario.connection(), scenario.ledger(), POLICY)
    controller.tick()
    assert scenario.requests()[1].status is Status.OPEN
    controller.tick([1])
    assert scenario.requests()[1].status is Status.CANCELLED
    assert not scenario.ledger().load().faults.faults


def test_faults_are_tried_again_less_and_less_often() -> None:
    faults, now, times = Faults(), 0.0, []
    while now < 3 * MAX_DELAY_SECONDS:
        if 7 not in faults.left_alone(now):
            faults = faults.with_one_more(7, FaultKind.PLAN, now)
            times.append(now)
        now += 10
    assert times[:5] == [0, 30, 90, 210, 450] and len(times) <= 16
    fault = faults.of(7)
    assert fault is not None and fault.delay == MAX_DELAY_SECONDS
    later = fault.at + 3 * MAX_DELAY_SECONDS
    assert faults.with_one_more(7, FaultKind.PLAN, later).of(7) == Fault(FaultKind.PLAN, 1, later)
    assert not faults.without_healed({7}, now).faults
    ordered = Faults().with_one_more(8, FaultKind.JOB, now)
    assert ordered.without_healed({8}, now + 60) == ordered
    assert not ordered.without_healed({8}, now + 600).faults
