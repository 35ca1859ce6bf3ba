"""Without webhooks: comments are read soon, and polling needs few calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.controller.tick import Controller
from bot.domain.request import Status
from bot.hub import discussions
from bot.settings import Limits
from tests.scenarios.crash_story import POLICY
from tests.scenarios.memory_hub import HubModel
from tests.scenarios.simulation import Simulation

COUNT = 300
LIMITS = Limits(queue=5_000, person_requests=10, day_usd=0.0)


class House:
    """So many people who were asked back, a bot that polls, and its calls by name."""

    def __init__(self, silent: bool) -> None:
        self.hub, self.calls = HubModel(silent=silent), Counter[str]()
        simulation = Simulation(self.hub, replace(POLICY, limits=LIMITS))
        self.fresh: Callable[[], Controller] = lambda: simulation.controller(self._call)
        self.bot = self.fresh()
        for number in range(COUNT):
            self.hub.asks(f"speaker{number // 5}", "Kurdish")
        for _ in range(20):
            self.tick()

    def _call(self, name: str, effect: Callable[[], Any]) -> Any:
        self.calls[name] += 1
        return effect()

    def tick(self) -> bool:
        """One tick and a minute; whether the bot would have gone on at once."""
        more = self.bot.tick().more
        self.hub.move(self.hub.now + 60)
        return more

    def ticks_until_stopped(self, num: int, cold: bool = False) -> int:
        """`cold`: a new process for each tick."""
        self.hub.says(num, f"speaker{(num - 1) // 5}", "/cancel")
        for ticks in range(1, COUNT):
            self.bot = self.fresh() if cold else self.bot
            self.tick()
            if any("I stopped" in text for text in self.hub.heard(num)):
                return ticks
        raise AssertionError("never heard")


@pytest.mark.parametrize("num", [1, COUNT // 2, COUNT])
def test_a_command_is_heard_within_a_few_looks(num: int) -> None:
    house = House(silent=False)
    assert all(house.hub.heard(n) for n in house.hub.threads)
    house.calls.clear()
    ticks = house.ticks_until_stopped(num)
    assert ticks <= 1 + COUNT // 50 // discussions.OLDER_PAGES
    assert house.calls["list_discussions"] <= ticks * (1 + discussions.OLDER_PAGES)
    assert house.calls["get_discussion_details"] <= 3


def test_a_listing_that_tells_no_numbers_is_no_reason_to_hurry() -> None:
    house = House(silent=True)
    house.calls.clear()
    assert not any(house.tick() for _ in range(5))
    assert house.calls["get_discussion_details"] <= 5 * discussions.MAX_DETAILS
    assert house.ticks_until_stopped(7) <= COUNT // discussions.MAX_DETAILS + 1


def test_a_new_process_knows_the_queue_with_few_calls() -> None:
    house = House(silent=False)
    house.calls.clear()
    house.bot = house.fresh()
    house.tick()
    assert house.calls["text"] <= COUNT // 100 + 2
    assert house.calls.total() < 100


def test_processes_without_memory_hear_a_command_too() -> None:
    """`kakugo tick` from cron is a new process each time."""
    house = House(silent=False)
    house.hub.move(house.hub.now + 600)
    for num in (COUNT, 1, COUNT // 2):
        house.calls.clear()
        house.bot = house.fresh()
        assert (
            not house.tick()
            and house.calls["get_discussion_details"] <= discussions.SPOT_CHECKS + 3
        )
        assert (
            house.ticks_until_stopped(num, cold=True) <= 1 + COUNT // 50 // discussions.OLDER_PAGES
        )


def test_processes_without_memory_come_round_to_those_who_are_silent() -> None:
    house = House(silent=False)
    house.hub.move(house.hub.now + 15 * 86_400)
    for _ in range(COUNT // discussions.SPOT_CHECKS + 1):
        house.bot = house.fresh()
        house.tick()
    assert {request.status for request in house.bot.ledger.load().requests} == {Status.DECLINED}
