"""No bot runs for five days, and then one starts again.

Meanwhile, jobs finish, fail, time out or vanish, people answer, request, cancel and close, and the
teacher is left running. The bot is real; the Hub in memory, jobs and the clock are simulated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.controller.tick import Controller
from bot.domain.actions import GRACE_SECONDS
from bot.domain.request import Request, Status, Step
from bot.settings import Limits
from tests.scenarios.in_memory_client import call_directly
from tests.scenarios.in_memory_hub import BOT, InMemoryHub, JobRecord
from tests.scenarios.simulation import Simulation, all_reported
from tests.scenarios.three_requests import POLICY

DAYS = 5 * 86_400.0
CAP = 0.024167
# The first day's budget is enough for seven requests.
LIMITS = Limits(jobs_per_flavor=20, day_usd=7.5 * CAP)
TITLES = ("Welsh", "Irish", "Basque", "Faroese", "Esperanto", "Breton", "Galician", "Maltese")
SPEAKERS = [f"speaker{n}" for n in range(1, 12)]


class DowntimeScenario:
    """Discussions 1 to 8 have the titles of TITLES, each by its own person."""

    def __init__(self) -> None:
        self.hub = InMemoryHub(succeeds=self._succeeds)
        self.policy = replace(POLICY, limits=LIMITS)
        self.simulation = Simulation(self.hub, self.policy, max_seconds=2 * DAYS)
        self.bot = self.new_bot()

    def new_bot(self) -> Controller:
        return self.simulation.controller(call_directly)

    def _succeeds(self, labels: Mapping[str, str]) -> bool:
        return (labels["request"], labels["attempt"]) not in {("r2", "1"), ("r3", "1")}

    def ticks(self, count: int, pause: float = 5.0) -> None:
        for _ in range(count):
            self.bot.tick()
            self.hub.advance_to(self.hub.now + pause)

    def job(self, request: str) -> JobRecord:
        (job,) = [job for job in self.hub.jobs if job.labels["request"] == request]
        return job

    def request(self, num: int) -> Request:
        (request,) = [r for r in self.bot.ledger.load().requests if r.discussion == num]
        return request

    def before_downtime(self) -> None:
        """Open all discussions and tick until all jobs that may run do."""
        for author, title in zip(SPEAKERS, TITLES, strict=False):
            self.hub.open_discussion(author, title)
        self.hub.open_discussion(SPEAKERS[8], "Kurdish")  # the bot asks which one
        self.ticks(12)
        running = {job.labels["request"] for job in self.hub.jobs}
        assert running == {f"r{n}" for n in range(1, 8)}, "the day's budget does not cover r8"

    def downtime(self) -> None:
        """Let five days pass without a bot."""
        hub = self.hub
        timed_out = self.job("r3")
        timed_out.ends = timed_out.created + timed_out.order["timeout"]
        hub.jobs.remove(self.job("r4"))
        hub.advance_to(hub.now + 30)
        hub.add_comment(6, SPEAKERS[5], "/cancel")
        hub.threads[7].status.put(hub.now, "closed")
        hub.add_comment(9, SPEAKERS[8], "1")
        hub.add_comment(1, SPEAKERS[0], "/status")
        hub.endpoint.put(hub.now + 900, "scaledToZero")
        hub.advance_to(hub.now + DAYS)
        hub.open_discussion(SPEAKERS[9], "Scottish Gaelic")
        hub.add_comment(1, "stranger", "/cancel")


@pytest.fixture
def scenario() -> DowntimeScenario:
    scenario = DowntimeScenario()
    scenario.before_downtime()
    scenario.downtime()
    scenario.bot = scenario.new_bot()
    return scenario


def test_the_first_ticks_catch_up(scenario: DowntimeScenario) -> None:
    before = {id(job) for job in scenario.hub.jobs}
    scenario.ticks(6)  # the teacher has to start again

    assert scenario.request(1).step(Step.CHECK).note, "its job finished meanwhile"
    failed = scenario.request(2).step(Step.CHECK)
    assert failed.attempt == 2 and failed.log_tail[-1] == "CUDA out of memory"
    assert scenario.request(3).step(Step.CHECK).attempt == 2
    assert scenario.request(6).status is scenario.request(7).status is Status.CANCELLED
    assert scenario.request(9).agreed_spec.language.name == "Northern Kurdish"
    assert "I stopped" in scenario.hub.bot_comments(6)[-1]
    assert scenario.hub.threads[6].status.values[-1] == "closed"
    assert "Scottish Gaelic" in scenario.hub.bot_comments(10)[0]
    started = {
        (job.labels["request"], job.labels["step"])
        for job in scenario.hub.jobs
        if id(job) not in before
    }
    assert ("r9", "check") in started, "a new day has a new budget"
    assert not started & {("r6", "check"), ("r7", "check"), ("r1", "check")}


def test_requests_end_as_without_the_downtime(scenario: DowntimeScenario) -> None:
    before = scenario.hub.endpoint_orders
    simulation = scenario.simulation
    simulation.run(all_reported(simulation, 10))
    requests = {request.discussion: request for request in simulation.requests()}
    done = [num for num, request in requests.items() if request.status is Status.DONE]
    assert sorted(done) == [1, 2, 3, 4, 5, 8, 9, 10]
    assert set(Counter(scenario.hub.launches()).values()) == {1}
    for num in requests:
        kinds = [text.rsplit("kakugo ", 1)[1].split()[0] for text in scenario.hub.bot_comments(num)]
        assert len(kinds) == len(set(kinds)), kinds
        assert scenario.hub.threads[num].status.values[-1] == "closed"
    assert any("Only the person who opened" in text for text in scenario.hub.bot_comments(1)), (
        "the stranger's command"
    )
    assert scenario.hub.endpoint.values[-1] == "paused"
    assert scenario.hub.endpoint_orders - before <= 3
    assert all(r.spent_usd <= r.agreed_spec.cap_usd for r in requests.values())


def test_a_teacher_left_running_is_paused_at_once_if_no_request_needs_it() -> None:
    scenario = DowntimeScenario()
    scenario.hub.open_discussion(SPEAKERS[0], "Welsh")
    scenario.ticks(12)
    scenario.hub.add_comment(1, SPEAKERS[0], "/cancel")
    scenario.hub.advance_to(scenario.hub.now + DAYS)
    assert scenario.hub.endpoint.values[-1] == "running"
    scenario.bot = scenario.new_bot()
    scenario.ticks(1)
    assert scenario.hub.endpoint.values[-1] == "paused"
    assert scenario.hub.now - scenario.hub.endpoint.since[-1] <= GRACE_SECONDS


def test_a_question_unanswered_for_weeks_is_closed_with_a_comment() -> None:
    scenario = DowntimeScenario()
    scenario.hub.open_discussion(SPEAKERS[0], "Kurdish")
    scenario.ticks(2)
    scenario.hub.advance_to(scenario.hub.now + 30 * 86_400)
    scenario.bot = scenario.new_bot()
    scenario.ticks(4, pause=GRACE_SECONDS)
    assert scenario.request(1).status is Status.DECLINED
    assert (
        len(scenario.hub.bot_comments(1)) == 2
        and scenario.hub.threads[1].status.values[-1] == "closed"
    )
    assert all(c.author in (BOT, SPEAKERS[0]) for c in scenario.hub.threads[1].comments)
