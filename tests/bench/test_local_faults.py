"""A bot whose calls fail one time in ten on the local Hub, through the real client and its retries.

Run with `pytest tests/bench/test_local_faults.py -s`; prints how many calls failed, and how.
"""

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

# Matches calls of the bot, but not those of jobs.
OWN_PATHS = {"create_commit": "kakugo-requests/commit"}
OTHER_PATHS = r"^(?!.*(repos/create|/commit/))"
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 429},
    {"status": 500},
    {"status": 503},
    {"cut": 1},  # performed, but the response is lost
)


class FaultyClient:
    """A client that asks the Hub for a fault before some of its calls."""

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
                kind = self._random.choice(FAULTS)
                self.count[str(kind)] += 1
                fault = {"path": OWN_PATHS.get(name, OTHER_PATHS), "times": 1, **kind}
                self._theatre.control("faults", fault)
            return target(*args, **kwargs)

        return call


class FaultyStory(Story):
    """The story of three requests with a bot whose calls sometimes fail."""

    client: FaultyClient

    def bot(self, cut: int = 0, after: bool = False) -> Controller:
        bot = super().bot(cut, after)
        self.client = FaultyClient(bot.hub.api, self, 0.1, 7)
        vars(bot.hub)["api"] = self.client
        return bot


@pytest.mark.timeout(600)
def test_requests_end_as_without_faults(tmp_path: Path) -> None:
    expected, _ = play(1, None)
    with LocalHub(tmp_path, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        theatre = FaultyStory(hub, lambda labels: "good" if fails_once(labels) else "fail")
        assert theatre.play(0, False, patience=400) == 0
        count = theatre.client.count
        theatre.control("reset", {})
        launches, records, kinds = theatre.outcome()
    assert (launches, records) == (expected.launches, expected.records)
    assert all(len(set(sequence)) == len(sequence) for sequence in kinds.values()), kinds
    failed = count.total() - count["calls"]
    assert failed > 5
    print(f"{failed} of {count['calls']} calls failed ({dict(count)}), with the same result")
