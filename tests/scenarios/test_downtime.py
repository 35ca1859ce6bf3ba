"""No bot runs for five days while people and jobs go on; then one starts again.

Jobs have finished, failed, run into their time limit or vanished, people have answered, asked,
stopped and closed, and the teacher was left running.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from bot.controller.tick import Controller
from bot.domain.actions import GRACE
from bot.domain.request import Request, Status, Step
from bot.settings import Limits
from tests.scenarios.crash_story import POLICY
from tests.scenarios.memory_client import BOT
from tests.scenarios.memory_hub import HubModel, JobRecord
from tests.scenarios.simulation import Simulation, told

DAYS = 5 * 86_400.0
CAP = 0.024167
# Seven of them get money on the first day.
LIMITS = Limits(jobs_per_flavor=20, day_usd=7.5 * CAP)
ASKED = ("Welsh", "Irish", "Basque", "Faroese", "Esperanto", "Breton", "Galician", "Maltese")
SPEAKERS = [f"speaker{n}" for n in range(1, 12)]


class Story:
    """Who asked for what, by the number of the discussion."""

    def __init__(self) -> None:
        self.hub = HubModel(succeeds=self._succeeds)
        self.policy = replace(POLICY, limits=LIMITS)
        self.simulation = Simulation(self.hub, self.policy, longest=2 * DAYS)
        self.bot = self.new_bot()

    def new_bot(self) -> Controller:
        return self.simulation.controller(lambda name, effect: effect())

    def _succeeds(self, labels: object) -> bool:
        one = dict(labels)  # type: ignore[call-overload]
        return (one["request"], one["attempt"]) not in {("r2", "1"), ("r3", "1")}

    def ticks(self, count: int, pause: float = 5.0) -> None:
        for _ in range(count):
            self.bot.tick()
            self.hub.move(self.hub.now + pause)

    def job(self, request: str) -> JobRecord:
        (job,) = [job for job in self.hub.jobs if job.labels["request"] == request]
        return job

    def request(self, num: int) -> Request:
        (found,) = [r for r in self.bot.ledger.load().requests if r.discussion == num]
        return found

    def first_days(self) -> None:
        """All ask, all jobs that may run are running; the bot dies."""
        for author, title in zip(SPEAKERS, ASKED, strict=False):
            self.hub.asks(author, title)
        self.hub.asks(SPEAKERS[8], "Kurdish")  # is asked back
        self.ticks(12)
        at_work = {job.labels["request"] for job in self.hub.jobs}
        assert at_work == {f"r{n}" for n in range(1, 8)}, "there is no money for r8 today"
        self.bot = None  # type: ignore[assignment]

    def meanwhile(self) -> None:
        """Five days in which nobody looks."""
        hub = self.hub
        timed_out = self.job("r3")
        timed_out.ends = timed_out.created + timed_out.order["timeout"]
        hub.jobs.remove(self.job("r4"))
        hub.move(hub.now + 30)
        hub.says(6, SPEAKERS[5], "/cancel")
        hub.threads[7].status.put(hub.now, "closed")
        hub.says(9, SPEAKERS[8], "1")
        hub.says(1, SPEAKERS[0], "/status")
        hub.move(hub.now + DAYS)
        hub.asks(SPEAKERS[9], "Scottish Gaelic")
        hub.says(1, "stranger", "/cancel")


@pytest.fixture
def story() -> Story:
    story = Story()
    story.first_days()
    story.meanwhile()
    return story


def test_the_first_ticks_put_all_right(story: Story) -> None:
    before = {id(job) for job in story.hub.jobs}
    story.bot = story.new_bot()
    story.ticks(3)

    assert story.request(1).step(Step.CHECK).note, "what was made meanwhile is taken"
    failed = story.request(2).step(Step.CHECK)
    assert failed.attempt == 2 and failed.log_tail[-1] == "CUDA out of memory"
    assert story.request(3).step(Step.CHECK).attempt == 2
    assert story.request(6).status is story.request(7).status is Status.CANCELLED
    assert story.request(9).agreed_spec.language.name == "Northern Kurdish"
    assert "I stopped" in story.hub.heard(6)[-1]
    assert story.hub.threads[6].status.values[-1] == "closed"
    assert "Scottish Gaelic" in story.hub.heard(10)[0]
    started = {
        (job.labels["request"], job.labels["step"])
        for job in story.hub.jobs
        if id(job) not in before
    }
    assert ("r8", "check") in started, "a new day has new money"
    assert not started & {("r6", "check"), ("r7", "check"), ("r1", "check")}


def test_all_ends_as_if_nobody_had_been_away(story: Story) -> None:
    before = story.hub.endpoint_orders
    simulation = story.simulation
    simulation.play(told(simulation, 10))
    requests = {request.discussion: request for request in simulation.requests()}
    done = [num for num, request in requests.items() if request.status is Status.DONE]
    assert sorted(done) == [1, 2, 3, 4, 5, 8, 9, 10]
    assert set(Counter(story.hub.launches()).values()) == {1}
    for num in requests:
        kinds = [text.rsplit("kakugo ", 1)[1].split()[0] for text in story.hub.heard(num)]
        assert len(kinds) == len(set(kinds)), kinds
        assert story.hub.threads[num].status.values[-1] == "closed"
    assert any("Only the person who opened" in text for text in story.hub.heard(1)), "the stranger"
    assert story.hub.endpoint.values[-1] == "paused"
    assert story.hub.endpoint_orders - before <= 3
    assert all(r.spent_usd <= r.agreed_spec.cap_usd for r in requests.values())


def test_the_teacher_that_was_left_running_is_paused_at_once_when_nobody_needs_it() -> None:
    story = Story()
    story.hub.asks(SPEAKERS[0], "Welsh")
    story.ticks(12)
    story.hub.says(1, SPEAKERS[0], "/cancel")
    story.hub.move(story.hub.now + DAYS)
    assert story.hub.endpoint.values[-1] == "running"
    story.bot = story.new_bot()
    story.ticks(1)
    assert story.hub.endpoint.values[-1] == "paused"
    assert story.hub.now - story.hub.endpoint.since[-1] <= GRACE


def test_a_question_that_nobody_answered_for_weeks_is_closed_with_a_sentence() -> None:
    story = Story()
    story.hub.asks(SPEAKERS[0], "Kurdish")
    story.ticks(2)
    story.hub.move(story.hub.now + 30 * 86_400)
    story.bot = story.new_bot()
    story.ticks(4, pause=GRACE)
    assert story.request(1).status is Status.DECLINED
    assert len(story.hub.heard(1)) == 2 and story.hub.threads[1].status.values[-1] == "closed"
    assert all(c.author in (BOT, SPEAKERS[0]) for c in story.hub.threads[1].comments)
