"""The cost of a tick with 10, 100 and 1,000 open requests, on the simulated Hub.

Run with `pytest tests/bench/test_scale.py -s`; prints calls and CPU time of an idle tick, and how
soon new requests and commands are answered. Each call takes 20 simulated milliseconds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.controller.tick import Controller
from bot.hub.discussions import OLDER_PAGES
from bot.settings import Limits
from tests.scenarios.in_memory_hub import InMemoryHub
from tests.scenarios.simulation import Simulation
from tests.scenarios.three_requests import POLICY

CALL = 0.02
LIMITS = Limits(queue=5_000, person_requests=10, day_usd=0.0)


class Scene:
    """A bot with `count` open requests: one waits for its turn, the others for an answer."""

    def __init__(self, count: int) -> None:
        self.hub, self.count, self.calls = InMemoryHub(), count, Counter[str]()
        simulation = Simulation(self.hub, replace(POLICY, limits=LIMITS))
        self.fresh: Callable[[], Controller] = lambda: simulation.controller(self._call)
        self.bot = self.fresh()
        for number in range(count):
            self.hub.open_discussion(f"speaker{number // 5}", "Kurdish" if number else "Welsh")

    def _call(self, name: str, effect: Callable[[], Any]) -> Any:
        self.calls[name] += 1
        self.hub.advance_to(self.hub.now + CALL)
        return effect()

    def settle(self) -> int:
        """Tick until nothing happens any more; return the number of ticks."""
        ticks, quiet = 0, 0
        while quiet < 40:
            report = self.bot.tick()
            ticks += 1
            quiet = 0 if report.more or report.summaries else quiet + 1
            self.hub.advance_to(self.hub.now + (1 if report.more else 60))
        return ticks - quiet

    def idle(self) -> tuple[float, float]:
        """Return calls and CPU seconds of a tick in which nothing happens."""
        self.calls.clear()
        started_at = time.process_time()
        for _ in range(20):
            self.bot.tick()
            self.hub.advance_to(self.hub.now + 60)
        return self.calls.total() / 20, (time.process_time() - started_at) / 20


@pytest.mark.timeout(600)
def test_cost_of_a_tick_does_not_grow_with_open_requests() -> None:
    idle_calls: dict[int, float] = {}
    for count in (10, 100, 1_000):
        scene = Scene(count)
        ticks, all_calls = scene.settle(), scene.calls.total()
        assert all(scene.hub.bot_comments(num) for num in scene.hub.threads)
        idle_calls[count], seconds = scene.idle()
        print(
            f"{count} open requests: answered in {ticks} ticks and {all_calls} calls; then "
            f"{idle_calls[count]:.1f} calls and {seconds * 1000:.0f} ms per tick"
        )
        _newcomer(scene)
        _command(scene)
        _new_process(scene)
    assert idle_calls[1_000] <= idle_calls[10] + OLDER_PAGES


def _newcomer(scene: Scene) -> None:
    """Check that a new request is answered in the tick that the webhook triggers."""
    num = scene.hub.open_discussion("newcomer", "Kurdish")
    scene.calls.clear()
    started_at = scene.hub.now
    scene.bot.tick([num])
    assert scene.hub.bot_comments(num)
    print(f"  a new request is answered after {scene.calls.total()} calls, ", end="")
    print(f"{scene.hub.now - started_at:.2f} s of them")


def _command(scene: Scene) -> None:
    """Check that a command is answered at once with a webhook, and soon without one."""
    for number, hinted in ((3, True), (4, False)):
        scene.hub.add_comment(number, f"speaker{(number - 1) // 5}", "/cancel")
        ticks = 0
        while not any("I stopped" in text for text in scene.hub.bot_comments(number)):
            scene.bot.tick([number] if hinted else [])
            scene.hub.advance_to(scene.hub.now + 60)
            ticks += 1
            assert ticks <= (1 if hinted else 8)
        print(f"  /cancel {'with' if hinted else 'without'} a webhook: answered at tick {ticks}")


def _new_process(scene: Scene) -> None:
    """Check that a new process can read the state again with few calls."""
    scene.bot = scene.fresh()
    scene.calls.clear()
    scene.bot.tick()
    print(f"  the first tick of a new process: {scene.calls.total()} calls, ", end="")
    print(f"{scene.calls['text']} of them for the ledger's files")
    assert scene.calls.total() < 60
