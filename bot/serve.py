"""The doorbell and the timer. A webhook carries no news: it only says that a look is due."""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

from bot.hub.connect import Refused, TryLater
from bot.loop import Controller, Report
from bot.request import ForeignRecord

log = logging.getLogger(__name__)

HOST = "127.0.0.1"


@dataclass
class Bell:
    """Rung by webhooks, answered by the watch; many rings while it is away count as one."""

    controller: Controller
    poll_seconds: float
    _rung: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    ticks: int = 0
    last_tick: float = 0.0
    trouble: str = ""

    def ring(self) -> None:
        self._rung.set()

    def stop(self) -> None:
        self._stopped.set()
        self._rung.set()

    def watch(self) -> None:
        """Tick when rung or when the time is up, until stopped."""
        while not self._stopped.is_set():
            self._rung.clear()
            wait, more = self._look()
            # A breath between looks keeps a flood of deliveries inside the Hub's rate limit.
            self._stopped.wait(max(wait, self.poll_seconds / 20))
            if not more:
                self._rung.wait(self.poll_seconds)

    def _look(self) -> tuple[float, bool]:
        """One tick; how long the Hub wants us to wait, and whether there is more to do at once."""
        wait, more = 0.0, False
        try:
            report = self.controller.tick()
            _tell(report)
            wait, more, self.trouble = report.wait, report.more, ""
        except TryLater as error:
            wait, self.trouble = error.after, str(error)
            log.warning("no tick: %s", error)
        except (Refused, ForeignRecord) as error:
            self.trouble = str(error)
            log.warning("no tick: %s", error)
        except Exception:
            # A bug in one tick must not end the watch; the next one sees the same world again.
            self.trouble = "a bug: see the log"
            log.exception("the tick failed")
        self.ticks += 1
        self.last_tick = time.time()
        return wait, more


def _tell(report: Report) -> None:
    for line in report.why:
        log.info("%s", line)
    if report.lost_race:
        log.info("another bot was faster")


def make_app(bell: Bell, secret: str) -> FastAPI:
    """The web side: `POST /webhook` (needs the secret) and `GET /health`."""

    @asynccontextmanager
    async def watching(_: FastAPI) -> AsyncIterator[None]:
        thread = threading.Thread(target=bell.watch, name="watch", daemon=True)
        thread.start()
        yield
        bell.stop()
        await asyncio.to_thread(thread.join, 10)

    app = FastAPI(title="Kakugo", lifespan=watching, docs_url=None, redoc_url=None)

    @app.post("/webhook", status_code=202)
    async def webhook(request: Request) -> Response:
        shown = request.headers.get("x-webhook-secret", "")
        if not shown:
            return Response("The header X-Webhook-Secret is missing.", 401)
        if not hmac.compare_digest(shown.encode(), secret.encode()):
            return Response("The header X-Webhook-Secret is wrong.", 403)
        bell.ring()
        return Response(status_code=202)

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {
            "ok": not bell.trouble,
            "trouble": bell.trouble,
            "ticks": bell.ticks,
            "last_tick": bell.last_tick,
        }

    return app


def serve(controller: Controller, secret: str, port: int, poll_seconds: float) -> None:
    """Listen until SIGINT or SIGTERM. Raises Refused when the port is taken."""
    bell = Bell(controller, poll_seconds)
    config = uvicorn.Config(
        make_app(bell, secret), host=HOST, port=port, log_level="warning", access_log=False
    )
    server = uvicorn.Server(config)
    try:
        server.run()
    except SystemExit as exit_:
        raise Refused(f"cannot listen on {HOST}:{port}: choose another PORT") from exit_
