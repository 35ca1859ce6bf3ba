"""The web app of the bot: who may call the webhook, what it causes, health and metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from fastapi.testclient import TestClient

from bot.controller.serve import Watcher, make_app
from bot.controller.tick import Report
from bot.hub.client import TryLater

SECRET = "s3cret-of-the-house"


@dataclass
class Ticker:
    """A controller that counts; it stands where the Hub would be."""

    fails: bool = False
    ticks: int = 0
    hints: list[int] = field(default_factory=list)
    ticked: threading.Event = field(default_factory=threading.Event)

    def tick(self, hints: Iterable[int] = ()) -> Report:
        self.ticks += 1
        self.hints += hints
        self.ticked.set()
        if self.fails:
            raise TryLater("cannot see the Hub: the Hub answered 503")
        return Report()


def _app(ticker: Ticker, poll: float = 1000.0) -> TestClient:
    return TestClient(make_app(Watcher(ticker, poll), SECRET))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-Webhook-Secret": "wrong"}, 403),
        ({"X-Webhook-Secret": ""}, 401),
        ({"X-Webhook-Secret": SECRET}, 202),
    ],
)
def test_only_the_secret_rings(headers: dict[str, str], status: int) -> None:
    ticker = Ticker()
    with _app(ticker, 40) as web:
        assert ticker.ticked.wait(5)
        ticker.ticked.clear()
        assert web.post("/webhook", headers=headers, content=b"{ not json").status_code == status
        assert ticker.ticked.wait(5) is (status == 202)


def test_many_rings_are_few_looks() -> None:
    ticker = Ticker()
    with _app(ticker, 20) as web:
        began = time.monotonic()
        for _ in range(200):
            web.post("/webhook", headers={"X-Webhook-Secret": SECRET})
        time.sleep(1.5)
        assert 1 <= ticker.ticks <= 3 + time.monotonic() - began


def test_the_timer_looks_without_a_ring() -> None:
    ticker = Ticker()
    with _app(ticker, 0.05):
        time.sleep(0.6)
    assert ticker.ticks >= 3


def test_health_tells_trouble_and_the_watch_goes_on() -> None:
    ticker = Ticker(fails=True)
    with _app(ticker, 0.05) as web:
        time.sleep(0.3)
        seen = web.get("/health").json()
        assert not seen["ok"] and "503" in seen["last_error"]
        ticker.fails = False
        time.sleep(0.4)
        assert web.get("/health").json()["ok"]


def test_metrics_count_and_name_nobody() -> None:
    ticker = Ticker()
    with _app(ticker, 1000) as web:
        assert ticker.ticked.wait(5)
        web.post("/webhook", headers={"X-Webhook-Secret": SECRET})
        web.post("/webhook", headers={"X-Webhook-Secret": "guess"})
        text = web.get("/metrics").text
    assert "kakugo_webhooks_total 1" in text and "kakugo_rejected_total 1" in text
    assert 'kakugo_requests{status="open"} 0' in text
    assert SECRET not in text


def test_a_watch_that_has_stopped_is_unhealthy() -> None:
    watcher = Watcher(Ticker(), 0.1)  # type: ignore[arg-type]
    app = make_app(watcher, SECRET)
    assert TestClient(app).get("/health").status_code == 200
    watcher.last_tick_at -= 10_000
    assert TestClient(app).get("/health").status_code == 503


@pytest.mark.parametrize(
    ("body", "hints"),
    [
        (b'{"discussion": {"num": 7}}', [7]),
        (b'{"discussion": {"num": "7; rm -rf /"}}', []),
        (b'{"discussion": {"num": true}}', []),
        (b'{"discussion": {"num": -1}}', []),
        (b'{"repo": {}}', []),
        (b"[" * 100_000, []),
        (b"{" + b" " * (1 << 21) + b"}", []),
        (b"", []),
    ],
)
def test_of_a_delivery_only_a_number_is_taken(body: bytes, hints: list[int]) -> None:
    ticker = Ticker()
    watcher = Watcher(ticker, 1000)  # type: ignore[arg-type]
    web = TestClient(make_app(watcher, SECRET))
    answer = web.post("/webhook", headers={"X-Webhook-Secret": SECRET}, content=body)
    assert answer.status_code == 202 and watcher.is_notified
    watcher.tick()
    assert ticker.hints == hints
