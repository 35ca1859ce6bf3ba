"""The web app of the bot: who may call the webhook, what it causes, health and metrics.

The app and the watcher are real; the controller only counts its ticks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
from fastapi.testclient import TestClient

from bot.controller.serve import Watcher, listen, make_app
from bot.controller.tick import Report
from bot.hub.client import Refused, TryLater

SECRET = "webhook-secret"


def test_a_port_in_use_is_refused_in_a_sentence() -> None:
    with listen("127.0.0.1", 0) as first:
        first.listen()
        with pytest.raises(Refused, match="cannot listen on .*in use.*PORT to a free port"):
            listen("127.0.0.1", first.getsockname()[1])
    with pytest.raises(Refused, match="KAKUGO_HOST"):
        listen("no such host", 0)


@dataclass
class CountingController:
    """A controller that counts its ticks and records their hints."""

    fails: bool = False
    ticks: int = 0
    hints: list[int] = field(default_factory=list)

    def tick(self, hints: Iterable[int] = ()) -> Report:
        self.ticks += 1
        self.hints += hints
        if self.fails:
            raise TryLater("cannot see the Hub: the Hub answered 503")
        return Report()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _app(controller: CountingController, poll: float = 1000.0) -> TestClient:
    return TestClient(make_app(Watcher(controller, poll), SECRET))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-Webhook-Secret": "wrong"}, 403),
        ({"X-Webhook-Secret": ""}, 401),
        ({"X-Webhook-Secret": SECRET}, 202),
    ],
)
def test_only_a_delivery_with_the_secret_is_accepted(headers: dict[str, str], status: int) -> None:
    controller = CountingController()
    watcher = Watcher(controller, 1000)  # type: ignore[arg-type]
    with TestClient(make_app(watcher, SECRET)) as web:
        wait_until(lambda: controller.ticks == 1)
        assert web.post("/webhook", headers=headers, content=b"{ not json").status_code == status
        assert watcher.is_notified is (status == 202)


def test_many_deliveries_cause_few_ticks() -> None:
    controller = CountingController()
    with _app(controller, 20) as web:
        started_at = time.monotonic()
        for _ in range(200):
            web.post("/webhook", headers={"X-Webhook-Secret": SECRET})
        wait_until(lambda: controller.ticks >= 2)
        assert controller.ticks <= 3 + time.monotonic() - started_at


def test_the_timer_ticks_without_a_webhook() -> None:
    controller = CountingController()
    with _app(controller, 0.05):
        wait_until(lambda: controller.ticks >= 3)


def test_health_reports_an_error_and_the_watcher_continues() -> None:
    controller = CountingController(fails=True)
    with _app(controller, 0.05) as web:
        wait_until(lambda: "503" in web.get("/health").json()["last_error"])
        assert not web.get("/health").json()["ok"]
        controller.fails = False
        wait_until(lambda: web.get("/health").json()["ok"])


def test_metrics_have_counts_and_no_secrets() -> None:
    controller = CountingController()
    with _app(controller, 1000) as web:
        wait_until(lambda: controller.ticks == 1)
        web.post("/webhook", headers={"X-Webhook-Secret": SECRET})
        web.post("/webhook", headers={"X-Webhook-Secret": "guess"})
        text = web.get("/metrics").text
    assert "kakugo_webhooks_total 1" in text and "kakugo_rejected_total 1" in text
    assert 'kakugo_requests{status="open"} 0' in text
    assert SECRET not in text


def test_a_stopped_watcher_is_unhealthy() -> None:
    watcher = Watcher(CountingController(), 0.1)  # type: ignore[arg-type]
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
def test_only_the_discussion_is_read_from_a_delivery(body: bytes, hints: list[int]) -> None:
    controller = CountingController()
    watcher = Watcher(controller, 1000)  # type: ignore[arg-type]
    web = TestClient(make_app(watcher, SECRET))
    response = web.post("/webhook", headers={"X-Webhook-Secret": SECRET}, content=body)
    assert response.status_code == 202 and watcher.is_notified
    watcher.tick()
    assert controller.hints == hints
