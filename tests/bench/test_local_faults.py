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
from tests.scenarios.local_scenario import BOT, ORG
from tests.scenarios.test_local_crash import PERSON, LocalThreeRequests, behavior
from tests.scenarios.three_requests import simulate

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

    def __init__(self, inner: Any, scenario: LocalThreeRequests, share: float, seed: int) -> None:
        self._inner, self._scenario, self._share = inner, scenario, share
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
                self._scenario.control("faults", fault)
            return target(*args, **kwargs)

        return call


class FaultyThreeRequests(LocalThreeRequests):
    """The three requests with a bot whose calls sometimes fail."""

    client: FaultyClient

    def bot(self, kill_at: int = 0, after: bool = False) -> Controller:
        bot = super().bot(kill_at, after)
        self.client = FaultyClient(bot.hub.api, self, 0.1, 7)
        vars(bot.hub)["api"] = self.client
        return bot


@pytest.mark.timeout(600)
def test_requests_end_as_without_faults(tmp_path: Path) -> None:
    expected, _ = simulate(1, None)
    with LocalHub(tmp_path, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        scenario = FaultyThreeRequests(hub, behavior)
        assert scenario.run((), timeout_seconds=400) == 0
        count = scenario.client.count
        scenario.control("reset", {})
        launches, records, kinds = scenario.outcome()
    assert (launches, records) == (expected.launches, expected.records)
    assert all(len(set(sequence)) == len(sequence) for sequence in kinds.values()), kinds
    failed = count.total() - count["calls"]
    assert failed > 5
    print(f"{failed} of {count['calls']} calls failed ({dict(count)}), with the same result")
