"""A bot that a webhook started: it runs while a request is open, and ends when it is idle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from bot.controller.tick import Report
from bot.controller.until_idle import MAX_FAILED_TICKS, discussion_of, run_until_idle
from bot.domain.actions import GRACE_SECONDS
from bot.hub.client import TryLater

OPEN, IDLE = Report(counts={"open": 1}), Report()


@dataclass
class FakeController:
    """A controller with a simulated clock and scripted reports; None raises TryLater."""

    script: list[Report | None]
    now: float = 0.0
    hints: list[list[int]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    @property
    def hub(self) -> Any:
        return SimpleNamespace(clock=lambda: self.now)

    def tick(self, hints: Iterable[int] = ()) -> Report:
        self.hints.append(list(hints))
        report = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if report is None:
            raise TryLater("cannot see the Hub", after=200.0)
        return report

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def run(self, first: int = 0, is_replaced: bool = False) -> list[str]:
        return list(run_until_idle(self, first, 5.0, lambda: is_replaced, self.sleep))  # type: ignore[arg-type]


def test_it_runs_while_a_request_is_open_and_a_grace_longer() -> None:
    controller = FakeController([Report(summaries=("r1: new",), done=2), OPEN, OPEN, OPEN, IDLE])
    assert controller.run(first=7) == ["r1: new", "no request is in progress: this bot ends"]
    assert controller.hints[0] == [7] and not any(controller.hints[1:])
    assert len(controller.hints) == 5 and set(controller.slept) == {GRACE_SECONDS}


def test_without_open_requests_it_ends_after_a_grace() -> None:
    controller = FakeController([IDLE])
    controller.run()
    assert GRACE_SECONDS < controller.now <= 3 * GRACE_SECONDS


def test_remaining_actions_are_done_without_a_pause() -> None:
    controller = FakeController([Report(more=True, done=40), Report(more=True, done=40), IDLE])
    controller.run()
    assert len(controller.slept) <= 3


def test_it_ends_for_an_older_bot_after_its_first_tick_and_a_grace() -> None:
    controller = FakeController([OPEN])
    assert controller.run(is_replaced=True) == ["an older bot is running: this bot ends"]
    assert len(controller.hints) == 1 and controller.slept == [GRACE_SECONDS]


def test_an_unreachable_hub_is_tried_again_a_few_times() -> None:
    controller = FakeController([None, None, OPEN, IDLE])
    controller.run(first=3)
    assert controller.hints[:3] == [[3], [3], [3]] and controller.slept[0] == 200.0
    with pytest.raises(TryLater):
        FakeController([None]).run()
    controller = FakeController([None] * MAX_FAILED_TICKS + [IDLE])
    assert "this bot ends" in controller.run()[-1]


@pytest.mark.parametrize(
    ("payload", "number"),
    [
        ('{"discussion": {"num": 7}, "comment": {"content": "$(rm -rf /)"}}', 7),
        ('{"discussion": {"num": "7"}}', 0),
        ('{"discussion": {"num": 7.0}}', 0),
        ('{"discussion": {"num": 99999999999}}', 0),
        ("", 0),
        ("[" * 100_000, 0),
    ],
)
def test_only_the_discussion_is_read_from_a_payload(payload: str, number: int) -> None:
    assert discussion_of(payload) == number
