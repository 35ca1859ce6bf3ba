"""Many webhooks, lost, doubled, reordered, replayed or forged: always the same outcome.

The web application and the controller are real; the Hub in memory and the clock are simulated.
`tests/bench` delivers 100,000.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

from bot.controller.serve import Watcher, make_app
from tests.scenarios.in_memory_client import call_directly
from tests.scenarios.in_memory_hub import InMemoryHub
from tests.scenarios.simulation import Simulation, all_reported
from tests.scenarios.three_requests import POLICY, TITLES, assert_expected, outcome_of

SECRET = "webhook-secret"


async def deliver(app: Any, secret: str | None, body: bytes) -> int:
    """Return the status of the application's response to one delivery."""
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


def _genuine(rng: random.Random) -> tuple[str | None, bytes]:
    body = b'{"event":{"action":"create","scope":"discussion"},"discussion":{"num":%d}}'
    return SECRET, body % rng.choice((1, 2, 3, 3, 99))


def _forged(rng: random.Random) -> tuple[str | None, bytes]:
    guess = rng.choice((None, "", "guess", SECRET[:-1], SECRET + " ", SECRET.upper(), "\u00e9"))
    return guess, rng.choice((b"", b"{", b"[]" * 100, b'{"discussion":{"num":1}}'))


def test_requests_end_the_same_whatever_webhooks_arrive() -> None:
    check_deliveries(20_000)


def check_deliveries(count: int) -> None:
    """Deliver so many webhooks; the outcome and every response are as expected."""
    hub = InMemoryHub()
    simulation = Simulation(hub, POLICY)
    watcher = Watcher(simulation.controller(call_directly), 1000.0)
    app, rng = make_app(watcher, SECRET), random.Random(7)
    statuses: Counter[tuple[bool, int]] = Counter()
    is_done = all_reported(simulation, len(TITLES))

    async def deliver_all() -> None:
        past: list[tuple[str | None, bytes]] = []
        for number in range(count):
            _write_as_people(hub, number, count)
            forged = rng.random() < 0.5
            if forged:
                delivery = _forged(rng)
            else:
                fresh = rng.random() < 0.3 or not past  # or doubled, late, replayed
                delivery = _genuine(rng) if fresh else rng.choice(past)
                past = [*past[-500:], delivery]
            statuses[forged, await deliver(app, *delivery)] += 1
            if number % (count // 250) == 0:  # the watcher ticks less often
                hub.advance_to(hub.now + rng.choice((1, 5, 20)))
                if watcher.is_notified:
                    watcher.tick()

    asyncio.run(deliver_all())
    for _ in range(10):
        hub.advance_to(hub.now + 120)
        watcher.tick()
    assert is_done()
    assert_expected(outcome_of(simulation), retried=False)
    genuine = {status for forged, status in statuses if not forged}
    refused = {status for forged, status in statuses if forged}
    assert genuine == {202} and refused == {401, 403}
    assert watcher.counts["webhooks"] + watcher.counts["rejected"] == count
    assert watcher.counts["ticks"] < 330
    print(f"{count} deliveries, {watcher.counts['rejected']} forged: always the same outcome")


def _write_as_people(hub: InMemoryHub, number: int, count: int) -> None:
    """Open three discussions, and later an answer and a command in two of them."""
    for num, at in ((1, 10), (2, count // 5), (3, 2 * count // 5)):
        if number == at:
            hub.open_discussion("ludoviko", TITLES[num])
    if number == 3 * count // 5:
        hub.add_comment(2, "ludoviko", "1")
    if number == 2 * count // 5 + count // 50:
        hub.add_comment(3, "ludoviko", "/estimate")
