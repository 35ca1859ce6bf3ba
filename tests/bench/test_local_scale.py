"""The local Hub with a thousand open requests: the cost of a tick, and the time to a reply.

Run with `pytest tests/bench/test_local_scale.py -s`; prints calls and time of a tick with 10 and
with 1,000 open requests, and how soon new requests are answered while the webhook delivers events.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from huggingface_hub import get_session

from bot.controller.serve import Watcher, make_app
from bot.controller.tick import Controller
from bot.hub.discussions import OLDER_PAGES
from bot.localhub.testing import LocalHub
from bot.settings import Limits
from tests.scenarios.local_scenario import BOT, ORG, SPACE, LocalScenario

OPEN, NEWCOMERS, SECRET = 1_000, 60, "webhook-secret"
PEOPLE = [f"speaker{n}" for n in range(20)]
LIMITS = Limits(queue=5_000, person_requests=1_000)
POLL_SECONDS = 60.0


def calls(scenario: LocalScenario) -> int:
    headers = {"Authorization": f"Bearer {scenario.hub.token(BOT)}"}
    response = get_session().get(f"{scenario.hub.url}/control/calls", headers=headers)
    return int(response.json()["count"])


def tick(scenario: LocalScenario, bot: Controller) -> tuple[int, float, bool]:
    """Do a tick; return calls, seconds, and whether it did something or has more to do."""
    before, started_at = calls(scenario), time.monotonic()
    report = bot.tick()
    return (
        calls(scenario) - before - 1,
        time.monotonic() - started_at,
        report.more or bool(report.summaries),
    )


@contextmanager
def serving(watcher: Watcher) -> Iterator[str]:
    """Serve the bot's webhook route; yield its URL."""
    server = uvicorn.Server(uvicorn.Config(make_app(watcher, SECRET), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/webhook"
    server.should_exit = True
    thread.join(60)


@pytest.mark.timeout(1800)
def test_a_thousand_open_requests(tmp_path: Path) -> None:
    with LocalHub(tmp_path, users=(BOT, *PEOPLE), orgs={ORG: (BOT,)}) as hub:
        scenario = LocalScenario(hub, limits=LIMITS)
        bot = scenario.bot()
        few = _settled(scenario, bot, 10)
        many = _settled(scenario, bot, OPEN - 10)
        print(f"10 open requests: {few[0]} calls, {few[1] * 1000:.0f} ms per tick")
        print(f"{OPEN} open requests: {many[0]} calls, {many[1] * 1000:.0f} ms per tick", end="; ")
        assert many[0] <= few[0] + OLDER_PAGES + 2
        fresh = scenario.bot()
        first = tick(scenario, fresh)
        print(f"the first tick of a new process: {first[0]} calls, {first[1] * 1000:.0f} ms")
        assert first[0] < 80
        _newcomers(scenario, bot)


def _settled(scenario: LocalScenario, bot: Controller, count: int) -> tuple[int, float]:
    """Open requests and tick until all are answered; return calls and seconds of idle ticks."""
    for number in range(count):
        scenario.open_discussion(PEOPLE[number % len(PEOPLE)], "Kurdish")
    quiet = 0
    while quiet < 8:
        _, _, more = tick(scenario, bot)
        quiet = 0 if more else quiet + 1
        scenario.advance(0 if more else 60)
    ticks = [tick(scenario, bot) for _ in range(5)]
    return round(statistics.median(c for c, _, _ in ticks)), statistics.median(
        s for _, s, _ in ticks
    )


def _newcomers(scenario: LocalScenario, bot: Controller) -> None:
    """Open a request about every second, and post a comment elsewhere; the webhook reports both."""
    watcher, rng, nums = Watcher(bot, POLL_SECONDS), random.Random(7), []
    with serving(watcher) as url:
        scenario.api.create_webhook(
            url=url,
            watched=[{"type": "space", "name": SPACE}],
            domains=["discussion"],
            secret=SECRET,
        )
        for number in range(NEWCOMERS):
            nums.append(scenario.open_discussion(PEOPLE[number % len(PEOPLE)], "Kurdish"))
            scenario.add_comment(PEOPLE[0], rng.randrange(1, OPEN), "nice weather today")
            time.sleep(rng.expovariate(1.0))
        deadline = time.monotonic() + 120
        while (
            not all(scenario.bot_comments(num) for num in nums[-3:]) and time.monotonic() < deadline
        ):
            time.sleep(1)
    waited = sorted(_waited(scenario, num) for num in nums)
    p50, p99 = waited[len(waited) // 2], waited[int(0.99 * len(waited))]
    print(
        f"{NEWCOMERS} newcomers, {watcher.counts['webhooks']} webhooks, "
        f"{watcher.counts['ticks']} ticks: "
        f"first reply after p50 {p50:.1f} s, p99 {p99:.1f} s, at most {waited[-1]:.1f} s "
        f"(ticks are {POLL_SECONDS / 20:.0f} s apart)"
    )


def _waited(scenario: LocalScenario, num: int) -> float:
    """Return the seconds from a request to the bot's first comment, by the Hub's clock."""
    details: Any = scenario.api.get_discussion_details(SPACE, num, repo_type="space")
    replies = [e for e in details.events if e.type == "comment" and e.author == BOT]
    return float((replies[0].created_at - details.created_at).total_seconds())
