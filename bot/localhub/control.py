"""What a test may do to the Hub: stop its clock, make calls fail, be late, be lost or be counted.

Under ``/control/`` and only with a write token.  Everything here is in memory: a restart is a
Hub without faults.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.localhub.core import auth
from bot.localhub.core.clock import iso
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, json_body, path_param, refusal, takes_json
from bot.localhub.webhooks import delivery, routes

PREFIX = "/control/"
CALLS_KEPT = 100_000
LONGEST = 600.0
KEYS = ("method", "path", "times", "status", "delay", "cut", "lag")


@dataclass
class Fault:
    """What happens to the next ``times`` calls whose method and path (a regex, searched) match.

    status: refused with it, not performed.  delay: seconds before anything.  cut: performed, but
    the connection breaks after so many bytes of the answer.  lag: a GET answers what it answered
    before, as long as that is at most so many seconds old.
    """

    method: str
    path: re.Pattern[str]
    times: int
    status: int
    delay: float
    cut: int
    lag: float

    def takes(self, method: str, path: str) -> bool:
        """Whether this call is meant; if so, one time is used up."""
        if self.times < 1 or self.method not in ("", method) or not self.path.search(path):
            return False
        self.times -= 1
        return True


@dataclass
class State:
    """The faults that are set, the calls that came, the answers that lagging calls repeat."""

    faults: list[Fault] = field(default_factory=list)
    calls: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))
    answers: dict[tuple[str, str, str], tuple[float, list[Message]]] = field(default_factory=dict)


class Cut(Exception):
    """Ends a connection in the middle of its answer, as was asked for."""


def state_of(hub: Hub) -> State:
    """The Hub's faults and counts."""
    state = hub.services.setdefault("control", State())
    assert isinstance(state, State)
    return state


# ── around every request ─────────────────────────────────────────────────────────────────────


class Faults:
    """Counts each call and lets it go through the fault that is meant for it, if any."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self.app, self.hub = app, hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or do what a fault says."""
        if scope["type"] != "http" or scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        state = state_of(self.hub)
        method, path = scope["method"], scope["path"]
        state.calls.append((method, path))
        fault = next((f for f in list(state.faults) if f.takes(method, path)), None)
        if fault is None:
            await self.app(scope, receive, send)
            return
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.status:
            error = HubError(fault.status, f"The control of this Hub made {method} {path} fail")
            await refusal(Request(scope), error)(scope, receive, send)
        elif fault.lag and method == "GET":
            await self._late(state, fault.lag, scope, receive, send)
        elif fault.cut >= 0:
            await self.app(scope, receive, cutting(send, fault.cut))
        else:
            await self.app(scope, receive, send)

    async def _late(
        self, state: State, lag: float, scope: Scope, receive: Receive, send: Send
    ) -> None:
        who = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        key = (scope["path"], scope["query_string"].decode("latin-1"), who)
        kept = state.answers.get(key)
        if kept is None or time.monotonic() - kept[0] > lag:
            messages: list[Message] = []

            async def keep(message: Message) -> None:
                messages.append(message)

            await self.app(scope, receive, keep)
            kept = state.answers[key] = (time.monotonic(), messages)
        for message in kept[1]:
            await send({**message})


def cutting(send: Send, most: int) -> Send:
    """A ``send`` that raises Cut once ``most`` bytes of the body are out."""
    left = most

    async def sender(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            if len(body) >= left:
                await send({**message, "body": body[:left], "more_body": True})
                raise Cut
            left -= len(body)
        await send(message)

    return sender


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def set_fault(request: Request, body: Json) -> Response:
    """Set a fault; the first one that matches a call takes it."""
    auth.require_writer(request)
    if unknown := set(body) - set(KEYS):
        raise HubError(400, f"A fault has no {sorted(unknown)}: it has {', '.join(KEYS)}")
    try:
        fault = Fault(
            str(body.get("method", "")).upper(),
            re.compile(str(body.get("path", ""))),
            int(body.get("times", 1)),
            int(body.get("status", 0)),
            min(float(body.get("delay", 0)), LONGEST),
            int(body.get("cut", -1)),
            min(float(body.get("lag", 0)), LONGEST),
        )
    except (re.error, ValueError, TypeError, OverflowError) as error:
        raise HubError(400, f"This is no fault: {error}") from error
    if fault.status and not 400 <= fault.status <= 599:
        raise HubError(400, "The status of a fault must be from 400 to 599")
    state_of(hub_of(request)).faults.append(fault)
    return JSONResponse({"faults": len(state_of(hub_of(request)).faults)})


def list_calls(request: Request) -> Response:
    """How many calls matched ``method`` and ``path`` (a regex), and how many of each."""
    auth.require_writer(request)
    method = request.query_params.get("method", "").upper()
    try:
        path = re.compile(request.query_params.get("path", ""))
    except re.error as error:
        raise HubError(400, f'"path" must be a regular expression: {error}') from error
    found: dict[str, int] = {}
    for verb, where in list(state_of(hub_of(request)).calls):
        if method in ("", verb) and path.search(where):
            found[f"{verb} {where}"] = found.get(f"{verb} {where}", 0) + 1
    return JSONResponse({"count": sum(found.values()), "calls": found})


def set_clock(request: Request, body: Json) -> Response:
    """``{freeze: true or a date}``, ``{advance: seconds}``, ``{reset: true}``; the time after."""
    auth.require_writer(request)
    clock = hub_of(request).clock
    try:
        if body.get("reset"):
            clock.reset()
        if freeze := body.get("freeze"):
            clock.freeze(None if freeze is True else datetime.fromisoformat(str(freeze)))
        if advance := body.get("advance"):
            clock.advance(float(advance))
    except (ValueError, TypeError, OverflowError) as error:
        raise HubError(400, f"The clock cannot do that: {error}") from error
    return JSONResponse({"now": iso(clock.now())})


async def reset(request: Request) -> Response:
    """No faults, no counts, the machine's time; with ``{data: true}`` only accounts stay."""
    auth.require_writer(request)
    hub, body = hub_of(request), await json_body(request)
    hub.services["control"] = State()
    hub.clock.reset()
    if body.get("data"):
        await request.app.state.stop(hub)
        _forget(hub)
        await request.app.state.start(hub)
    return JSONResponse({})


def _forget(hub: Hub) -> None:
    kept = ("accounts", "members", "tokens", "sqlite_sequence")
    with hub.store.write() as db:
        db.execute("PRAGMA defer_foreign_keys = ON")
        tables: list[Any] = db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        for row in tables:
            if row["name"] not in kept:
                db.execute(f'DELETE FROM "{row["name"]}"')


def list_deliveries(request: Request) -> Response:
    """The deliveries of everybody's webhooks, newest first; ``state`` chooses among them."""
    auth.require_writer(request)
    state = request.query_params.get("state", "%")
    with hub_of(request).store.read() as db:
        rows = db.execute(
            "SELECT * FROM webhook_deliveries WHERE state LIKE ? ORDER BY seq DESC LIMIT 1000",
            (state,),
        ).fetchall()
    return JSONResponse([{**delivery.as_wire(r), "webhook": r["webhook_id"]} for r in rows])


def replay(request: Request) -> Response:
    """Send any delivery once more, as a new one."""
    auth.require_writer(request)
    made = routes.again(hub_of(request), path_param(request, "delivery"))
    return JSONResponse({"id": made})


ROUTES = [
    Route(PREFIX + "deliveries", list_deliveries),
    Route(PREFIX + "deliveries/{delivery}/replay", replay, methods=["POST"]),
    Route(PREFIX + "faults", takes_json(set_fault), methods=["POST"]),
    Route(PREFIX + "calls", list_calls),
    Route(PREFIX + "clock", takes_json(set_clock), methods=["POST"]),
    Route(PREFIX + "reset", reset, methods=["POST"]),
]
