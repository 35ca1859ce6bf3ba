"""Without webhooks, comments are read soon, and polling needs few calls.

The bot is real; the Hub in memory and the clock are simulated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from bot.controller.tick import Controller
from bot.domain.request import Status
from bot.hub import discussions
from bot.settings import Limits
from tests.scenarios.in_memory_hub import InMemoryHub
from tests.scenarios.simulation import Simulation
from tests.scenarios.three_requests import POLICY

COUNT = 150
T = TypeVar("T")
LIMITS = Limits(queue=5_000, person_requests=10, day_usd=0.0)


class PollingScenario:
    """A bot that polls, COUNT discussions in which it has asked a question, its calls by name."""

    def __init__(self, omits_counts: bool) -> None:
        self.hub, self.calls = InMemoryHub(omits_counts=omits_counts), Counter[str]()
        simulation = Simulation(self.hub, replace(POLICY, limits=LIMITS))
        self.new_bot: Callable[[], Controller] = lambda: simulation.controller(self._call)
        self.bot = self.new_bot()
        for number in range(COUNT):
            self.hub.open_discussion(f"speaker{number // 5}", "Kurdish")
        for _ in range(20):
            self.tick()

    def _call(self, name: str, effect: Callable[[], T]) -> T:
        self.calls[name] += 1
        return effect()

    def tick(self) -> bool:
        """Tick and let a minute pass; return whether the bot wants to tick again at once."""
        more = self.bot.tick().more
        self.hub.advance_to(self.hub.now + 60)
        return more

    def ticks_until_cancelled(self, num: int, new_process_each_tick: bool = False) -> int:
        """Write `/cancel` and count the ticks until the bot has replied."""
        self.hub.add_comment(num, f"speaker{(num - 1) // 5}", "/cancel")
        for ticks in range(1, COUNT):
            self.bot = self.new_bot() if new_process_each_tick else self.bot
            self.tick()
            if any("I stopped" in text for text in self.hub.bot_comments(num)):
                return ticks
        raise AssertionError("the command was never read")


@pytest.mark.parametrize("num", [1, COUNT // 2, COUNT])
def test_a_command_is_read_within_a_few_ticks(num: int) -> None:
    scenario = PollingScenario(omits_counts=False)
    assert all(scenario.hub.bot_comments(n) for n in scenario.hub.threads)
    scenario.calls.clear()
    ticks = scenario.ticks_until_cancelled(num)
    assert ticks <= 1 + COUNT // 50 // discussions.OLDER_PAGES
    assert scenario.calls["list_discussions"] <= ticks * (1 + discussions.OLDER_PAGES)
    assert scenario.calls["get_discussion_details"] <= 3


def test_a_listing_without_numbers_of_comments_costs_few_calls() -> None:
    scenario = PollingScenario(omits_counts=True)
    scenario.calls.clear()
    assert not any(scenario.tick() for _ in range(5))
    assert scenario.calls["get_discussion_details"] <= 5 * discussions.MAX_DETAILS
    assert scenario.ticks_until_cancelled(7) <= COUNT // discussions.MAX_DETAILS + 1


def test_a_new_process_reads_the_queue_with_few_calls() -> None:
    scenario = PollingScenario(omits_counts=False)
    scenario.calls.clear()
    scenario.bot = scenario.new_bot()
    scenario.tick()
    assert scenario.calls["text"] <= COUNT // 100 + 2
    assert scenario.calls.total() < 100


def test_a_new_process_per_tick_also_reads_a_command() -> None:
    """Each `kakugo tick` from cron is a new process."""
    scenario = PollingScenario(omits_counts=False)
    scenario.hub.advance_to(scenario.hub.now + 600)
    for num in (COUNT, 1, COUNT // 2):
        scenario.calls.clear()
        scenario.bot = scenario.new_bot()
        assert not scenario.tick()
        assert scenario.calls["get_discussion_details"] <= discussions.MAX_SPOT_CHECKS + 3
        ticks = scenario.ticks_until_cancelled(num, new_process_each_tick=True)
        assert ticks <= 1 + COUNT // 50 // discussions.OLDER_PAGES


def test_a_new_process_per_tick_also_closes_unanswered_questions() -> None:
    scenario = PollingScenario(omits_counts=False)
    scenario.hub.advance_to(scenario.hub.now + 15 * 86_400)
    for _ in range(COUNT // discussions.MAX_SPOT_CHECKS + 1):
        scenario.bot = scenario.new_bot()
        scenario.tick()
    assert {request.status for request in scenario.bot.ledger.load().requests} == {Status.DECLINED}
