"""Tick when a webhook or a timer says so. A webhook only says that something may have changed."""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse

from bot import connections
from bot.connections import BoundedProtocol
from bot.controller.tick import Controller, Report
from bot.controller.until_idle import discussion_of
from bot.domain.codec import UnreadableRecord
from bot.domain.request import Status
from bot.hub.client import Refused, TryLater

log = logging.getLogger(__name__)

MAX_TICK_SECONDS = 600.0
MAX_BODY_BYTES = 1 << 20
MAX_HINTS = 1_000
STOP_SECONDS = 10.0


@dataclass
class Watcher:
    """Ticks in a thread of its own; events that arrive during a tick cause one more tick.

    `last_error` is empty after a successful tick. `counts` are totals since the start, `requests`
    the numbers of requests by status.
    """

    controller: Controller
    poll_seconds: float
    last_tick_at: float = field(default_factory=time.time)
    last_error: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    requests: Mapping[str, int] = field(default_factory=dict)
    _notified: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _hints: set[int] = field(default_factory=set)

    def notify(self, discussion: int = 0) -> None:
        """Tick soon; `discussion` is where something may have happened, 0 if unknown."""
        if discussion and len(self._hints) < MAX_HINTS:
            self._hints.add(discussion)
        self._notified.set()

    @property
    def is_notified(self) -> bool:
        return self._notified.is_set()

    def stop(self) -> None:
        self._stopped.set()
        self._notified.set()

    def watch(self) -> None:
        """Tick when notified and every `poll_seconds`, until stopped."""
        while not self._stopped.is_set():
            wait, more = self.tick()
            # A pause between ticks keeps a flood of webhooks within the Hub's rate limit.
            self._stopped.wait(max(wait, self.poll_seconds / 20))
            if not more:
                self._notified.wait(self.poll_seconds)

    def tick(self) -> tuple[float, bool]:
        """Tick once; return the seconds to wait, and whether to tick again at once."""
        self._notified.clear()
        wait, more = 0.0, False
        try:
            hints, self._hints = self._hints, set()
            report = self.controller.tick(hints)
            self._record(report)
            wait, more, self.last_error = report.wait, report.more, ""
        except TryLater as error:
            wait, self.last_error = error.after, str(error)
            log.warning("no tick: %s", error)
        except (Refused, UnreadableRecord) as error:
            self.last_error = str(error)
            log.warning("no tick: %s", error)
        except Exception:
            # A bug must not end the thread: the next tick starts from the Hub's state again.
            self.last_error = "internal error, see the log"
            log.exception("the tick failed")
        self.counts["ticks"] += 1
        self.counts["failed ticks"] += bool(self.last_error)
        self.last_tick_at = time.time()
        return wait, more

    def _record(self, report: Report) -> None:
        for summary in report.summaries:
            log.info("%s", summary)
        if report.lost_race:
            log.info("another bot committed first")
        self.counts.update(
            actions=report.done, postponed=len(report.postponed), races=report.lost_race
        )
        self.requests = report.counts

    @property
    def is_stalled(self) -> bool:
        """Whether the last tick was so long ago that something must be wrong."""
        return time.time() - self.last_tick_at > 3 * self.poll_seconds + MAX_TICK_SECONDS


def make_app(watcher: Watcher, secret: str) -> FastAPI:
    """Build the web app: `POST /webhook` (requires the secret), `GET /health`, `GET /metrics`."""

    @asynccontextmanager
    async def watching(_: FastAPI) -> AsyncIterator[None]:
        thread = threading.Thread(target=watcher.watch, name="watch", daemon=True)
        thread.start()
        yield
        watcher.stop()
        await asyncio.to_thread(thread.join, STOP_SECONDS)

    app = FastAPI(title="Kakugo", lifespan=watching, docs_url=None, redoc_url=None)

    @app.post("/webhook", status_code=202)
    async def webhook(request: Request) -> Response:
        """Schedule a tick. Only the discussion's number is read from the body, as a hint."""
        given = request.headers.get("x-webhook-secret", "")
        if not given or not hmac.compare_digest(given.encode(), secret.encode()):
            watcher.counts["rejected"] += 1
            if not given:
                return Response("The header X-Webhook-Secret is missing.", 401)
            return Response("The header X-Webhook-Secret is wrong.", 403)
        watcher.counts["webhooks"] += 1
        watcher.notify(await _discussion(request))
        return Response(status_code=202)

    @app.get("/", response_class=PlainTextResponse)
    def index() -> str:
        """Say what runs here: the Hub shows it as the Space's page, and checks that it answers."""
        return "Kakugo's bot. It answers in discussions; see /health and /metrics for its state.\n"

    @app.get("/health")
    def health(response: Response) -> dict[str, Any]:
        response.status_code = 503 if watcher.is_stalled else 200
        return {
            "ok": not watcher.last_error and not watcher.is_stalled,
            "last_error": watcher.last_error,
            "ticks": watcher.counts["ticks"],
            "last_tick_at": watcher.last_tick_at,
        }

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> str:
        return "".join(f"{line}\n" for line in _metrics(watcher))

    return app


async def _discussion(request: Request) -> int:
    """Return the discussion that a webhook is about; 0 if none, or if the body is too big."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return 0
    return discussion_of(body)


def _metrics(watcher: Watcher) -> Iterator[str]:
    """Yield lines in the text format of Prometheus; they have numbers only, no names."""
    for name in ("ticks", "failed ticks", "races", "actions", "postponed", "webhooks", "rejected"):
        metric = f"kakugo_{name.replace(' ', '_')}_total"
        yield f"# TYPE {metric} counter"
        yield f"{metric} {watcher.counts[name]}"
    yield "# TYPE kakugo_last_tick_timestamp_seconds gauge"
    yield f"kakugo_last_tick_timestamp_seconds {watcher.last_tick_at:.3f}"
    yield "# TYPE kakugo_requests gauge"
    for status in Status:
        count = watcher.requests.get(status.value, 0)
        yield f'kakugo_requests{{status="{status.value}"}} {count}'


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address of this machine. Raises Refused.

    It comes before the first tick: a bot that cannot listen does nothing.
    """
    try:
        return connections.listen(host, port)
    except OSError as error:
        raise Refused(
            f"cannot listen on {host}:{port} ({error}): set KAKUGO_HOST to an address of this "
            "machine and PORT to a free port"
        ) from error


def serve(
    controller: Controller, secret: str, listener: socket.socket, poll_seconds: float
) -> None:
    """Serve until SIGINT or SIGTERM."""
    watcher = Watcher(controller, poll_seconds)
    config = uvicorn.Config(
        make_app(watcher, secret), log_level="warning", access_log=False, http=BoundedProtocol
    )
    uvicorn.Server(config).run(sockets=[listener])
