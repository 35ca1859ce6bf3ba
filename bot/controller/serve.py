"""The doorbell and the timer. A webhook carries no news: it only says that a look is due."""

from __future__ import annotations

import asyncio
import hmac
import logging
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

from bot.controller.tick import Controller, Report
from bot.controller.until_idle import hint
from bot.domain.codec import UnreadableRecord
from bot.domain.request import Status
from bot.hub.client import Refused, TryLater

log = logging.getLogger(__name__)

LONGEST_TICK = 600.0
LONGEST_BODY = 1 << 20
MOST_HINTS = 1_000


@dataclass
class Watcher:
    """Rung by webhooks, answered by the watch; many rings while it is away count as one."""

    controller: Controller
    poll_seconds: float
    _notified: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    last_tick_at: float = field(default_factory=time.time)
    last_error: str = ""
    count: Counter[str] = field(default_factory=Counter)
    _hints: set[int] = field(default_factory=set)
    requests: Mapping[str, int] = field(default_factory=dict)

    def notify(self, discussion: int = 0) -> None:
        """Have a look soon; `discussion`: perhaps something was said there."""
        if discussion and len(self._hints) < MOST_HINTS:
            self._hints.add(discussion)
        self._notified.set()

    @property
    def is_notified(self) -> bool:
        return self._notified.is_set()

    def stop(self) -> None:
        self._stopped.set()
        self._notified.set()

    def watch(self) -> None:
        """Tick when rung or when the time is up, until stopped."""
        while not self._stopped.is_set():
            wait, more = self.tick()
            # A breath between looks keeps a flood of deliveries inside the Hub's rate limit.
            self._stopped.wait(max(wait, self.poll_seconds / 20))
            if not more:
                self._notified.wait(self.poll_seconds)

    def tick(self) -> tuple[float, bool]:
        """One tick; how long the Hub wants us to wait, and whether there is more to do at once."""
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
            # A bug in one tick must not end the watch; the next one sees the same world again.
            self.last_error = "a bug: see the log"
            log.exception("the tick failed")
        self.count["ticks"] += 1
        self.count["failed ticks"] += bool(self.last_error)
        self.last_tick_at = time.time()
        return wait, more

    def _record(self, report: Report) -> None:
        for line in report.summaries:
            log.info("%s", line)
        if report.lost_race:
            log.info("another bot was faster")
        self.count.update(orders=report.done, left=len(report.postponed), races=report.lost_race)
        self.requests = report.counts

    @property
    def is_stalled(self) -> bool:
        """Whether the watch has not looked for so long that something must be wrong."""
        return time.time() - self.last_tick_at > 3 * self.poll_seconds + LONGEST_TICK


def make_app(watcher: Watcher, secret: str) -> FastAPI:
    """The web side: `POST /webhook` (needs the secret), `GET /health` and `GET /metrics`."""

    @asynccontextmanager
    async def watching(_: FastAPI) -> AsyncIterator[None]:
        thread = threading.Thread(target=watcher.watch, name="watch", daemon=True)
        thread.start()
        yield
        watcher.stop()
        await asyncio.to_thread(thread.join, 10)

    app = FastAPI(title="Kakugo", lifespan=watching, docs_url=None, redoc_url=None)

    @app.post("/webhook", status_code=202)
    async def webhook(request: Request) -> Response:
        """The body is no news; only the number in it is taken, as a hint where to look first."""
        shown = request.headers.get("x-webhook-secret", "")
        if not hmac.compare_digest(shown.encode(), secret.encode()):
            watcher.count["refused"] += 1
            if not shown:
                return Response("The header X-Webhook-Secret is missing.", 401)
            return Response("The header X-Webhook-Secret is wrong.", 403)
        watcher.count["rings"] += 1
        watcher.notify(await _number(request))
        return Response(status_code=202)

    @app.get("/", response_class=PlainTextResponse)
    def door() -> str:
        """Who lives here; the Hub shows it as the Space's page, and asks for it to see it is up."""
        return "Kakugo's bot. It is spoken to in discussions; see /health and /metrics.\n"

    @app.get("/health")
    def health(response: Response) -> dict[str, Any]:
        response.status_code = 503 if watcher.is_stalled else 200
        return {
            "ok": not watcher.last_error and not watcher.is_stalled,
            "trouble": watcher.last_error,
            "ticks": watcher.count["ticks"],
            "last_tick": watcher.last_tick_at,
        }

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> str:
        return "".join(f"{line}\n" for line in _metrics(watcher))

    return app


async def _number(request: Request) -> int:
    """The discussion that a delivery is about; 0 for anything else, and for more than it may be."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return 0
    return hint(body)


def _metrics(watcher: Watcher) -> Iterator[str]:
    """In the text format of Prometheus; counts only, no names."""
    for name in ("ticks", "failed ticks", "races", "orders", "left", "rings", "refused"):
        metric = f"kakugo_{name.replace(' ', '_')}_total"
        yield f"# TYPE {metric} counter"
        yield f"{metric} {watcher.count[name]}"
    yield "# TYPE kakugo_last_tick_timestamp_seconds gauge"
    yield f"kakugo_last_tick_timestamp_seconds {watcher.last_tick_at:.3f}"
    yield "# TYPE kakugo_requests gauge"
    for status in Status:
        yield f'kakugo_requests{{status="{status.value}"}} {watcher.requests.get(status.value, 0)}'


def serve(controller: Controller, secret: str, host: str, port: int, poll_seconds: float) -> None:
    """Listen until SIGINT or SIGTERM. Raises Refused when the port is taken."""
    watcher = Watcher(controller, poll_seconds)
    config = uvicorn.Config(
        make_app(watcher, secret), host=host, port=port, log_level="warning", access_log=False
    )
    server = uvicorn.Server(config)
    try:
        server.run()
    except SystemExit as exit_:
        raise Refused(f"cannot listen on {host}:{port}: choose another PORT") from exit_
