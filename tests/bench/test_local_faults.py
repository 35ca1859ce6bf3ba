"""Ten calls in a hundred go wrong on the local Hub, through the real client with its patience."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.controller.tick import Controller
from bot.localhub.testing import LocalHub
from tests.scenarios.crash_story import fails_once, play
from tests.scenarios.local_bots import BOT, ORG
from tests.scenarios.test_local_crash import PERSON, Story

# Jobs have calls of their own, which are to be left alone.
OURS = {"create_commit": "kakugo-requests/commit"}
OTHERS = r"^(?!.*(repos/create|/commit/))"
PROBLEMS: tuple[dict[str, Any], ...] = (
    {"status": 429},
    {"status": 500},
    {"status": 503},
    {"cut": 1},  # performed, but the answer is lost
)


class Trouble:
    """Stands between a bot and its client; before one call in ten it asks the Hub for a fault."""

    def __init__(self, inner: Any, theatre: Story, share: float, seed: int) -> None:
        self._inner, self._theatre, self._share = inner, theatre, share
        self._random, self.count = random.Random(seed), Counter[str]()

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._inner, name)
        if not callable(target) or name.startswith("_") or name == "whoami":
            return target

        def call(*args: Any, **kwargs: Any) -> Any:
            self.count["calls"] += 1
            if self._random.random() < self._share:
                problem = self._random.choice(PROBLEMS)
                self.count[str(problem)] += 1
                fault = {"path": OURS.get(name, OTHERS), "times": 1, **problem}
                self._theatre.control("faults", fault)
            return target(*args, **kwargs)

        return call


class Troubled(Story):
    """The three requests, told by a bot whose calls go wrong."""

    trouble: Trouble

    def bot(self, cut: int = 0, after: bool = False) -> Controller:
        bot = super().bot(cut, after)
        self.trouble = Trouble(bot.hub.api, self, 0.1, 7)
        vars(bot.hub)["api"] = self.trouble
        return bot


@pytest.mark.timeout(600)
def test_every_request_ends_right(tmp_path: Path) -> None:
    whole, _ = play(1, None)
    with LocalHub(tmp_path, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        theatre = Troubled(hub, lambda labels: "good" if fails_once(labels) else "fail")
        assert theatre.play(0, False, patience=400) == 0
        count = theatre.trouble.count
        theatre.control("reset", {})
        launches, records, kinds = theatre.outcome()
    assert (launches, records) == (whole.launches, whole.records)
    assert all(len(set(said)) == len(said) for said in kinds.values()), kinds
    wrong = count.total() - count["calls"]
    assert wrong > 5
    print(f"{wrong} of {count['calls']} calls went wrong ({dict(count)}), the same end")
