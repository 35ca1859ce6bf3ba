"""100,000 webhooks, lost, doubled, reordered, replayed or forged: always the same outcome.

They go through the real web application; behind it a real controller on the Hub in memory.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

from bot.controller.serve import Watcher, make_app
from tests.scenarios.crash_story import ASKED, POLICY, expected, outcome_of
from tests.scenarios.memory_hub import HubModel
from tests.scenarios.simulation import Simulation, told

DELIVERIES = 100_000
SECRET = "the-house-has-one-secret"


async def deliver(app: Any, secret: str | None, body: bytes) -> int:
    """The status with which the application answers one delivery."""
    headers = [(b"content-type", b"application/json")]
    if secret is not None:
        headers.append((b"x-webhook-secret", secret.encode()))
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/webhook",
        "raw_path": b"/webhook",
        "query_string": b"",
        "headers": headers,
        "scheme": "http",
        "server": ("127.0.0.1", 1),
        "client": ("127.0.0.1", 2),
        "http_version": "1.1",
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


def _genuine(random_: random.Random) -> tuple[str | None, bytes]:
    body = b'{"event":{"action":"create","scope":"discussion"},"discussion":{"num":%d}}'
    return SECRET, body % random_.choice((1, 2, 3, 3, 99))


def _forged(random_: random.Random) -> tuple[str | None, bytes]:
    guess = random_.choice((None, "", "guess", SECRET[:-1], SECRET + " ", SECRET.upper(), "\u00e9"))
    return guess, random_.choice((b"", b"{", b"[]" * 100, b'{"discussion":{"num":1}}'))


def test_one_outcome_whatever_the_webhooks_do() -> None:
    hub = HubModel()
    simulation = Simulation(hub, POLICY)
    watcher = Watcher(simulation.controller(lambda name, effect: effect()), 1000.0)
    app, luck = make_app(watcher, SECRET), random.Random(7)
    answers: Counter[tuple[bool, int]] = Counter()
    done = told(simulation, len(ASKED))

    async def story() -> None:
        past: list[tuple[str | None, bytes]] = []
        for number in range(DELIVERIES):
            _people(hub, number)
            forged = luck.random() < 0.5
            if forged:
                delivery = _forged(luck)
            else:
                fresh = luck.random() < 0.3 or not past  # the others are doubled, late or replayed
                delivery = _genuine(luck) if fresh else luck.choice(past)
                past = [*past[-500:], delivery]
            answers[forged, await deliver(app, *delivery)] += 1
            if number % 400 == 0:  # nobody looks at every ring
                hub.move(hub.now + luck.choice((1, 5, 20)))
                if watcher.is_notified:
                    watcher.tick()

    asyncio.run(story())
    for _ in range(10):
        hub.move(hub.now + 120)
        watcher.tick()
    assert done()
    expected(outcome_of(simulation), retried=False)
    genuine = {status for forged, status in answers if not forged}
    refused = {status for forged, status in answers if forged}
    assert genuine == {202} and refused == {401, 403}
    assert watcher.counts["webhooks"] + watcher.counts["rejected"] == DELIVERIES
    assert watcher.counts["ticks"] < DELIVERIES / 300
    print(f"{DELIVERIES} deliveries, {watcher.counts['rejected']} forged ones refused: one outcome")


def _people(hub: HubModel, number: int) -> None:
    """Three people ask at different times; one of them is asked back."""
    if number in (10, 20_000, 40_000):
        asked = {10: 1, 20_000: 2, 40_000: 3}[number]
        hub.asks("ludoviko", ASKED[asked])
    if number == 60_000:
        hub.says(2, "ludoviko", "1")
    if number == 42_000:
        hub.says(3, "ludoviko", "/estimate")
