"""Test controls under `/control/`: set the clock, count calls, and make calls fail or lag.

They require a write token. Faults and counts are kept in memory only, so a restart clears them.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.localhub.compute import jobs
from bot.localhub.compute.hub import hub_of as compute_hub_of
from bot.localhub.core import accounts, auth
from bot.localhub.core.clock import iso
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Json
from bot.localhub.core.wire import (
    HubError,
    error_response,
    json_body,
    json_endpoint,
    text_field,
)
from bot.localhub.discussions import threads
from bot.localhub.repos import repos
from bot.localhub.webhooks.delivery import delivery_json

PREFIX = "/control/"
CALLS_KEPT = 100_000
MAX_SECONDS = 600.0
FAULT_KEYS = ("method", "path", "times", "status", "delay", "cut", "lag")
ACCOUNT_KEYS = {
    "plan": "plan",
    "canPay": "can_pay",
    "spendLimitReached": "spend_limit_reached",
    "deleted": "deleted",
}
KEPT_TABLES = ("accounts", "account_states", "members", "tokens", "sqlite_sequence")


@dataclass
class Fault:
    """What happens to the next `times` calls that match a method and a path (a regex, searched).

    status: the call is not performed and answers this. delay: the call waits this many seconds.
    cut: the call is performed, but the connection breaks after this many bytes of the response.
    lag: a GET repeats an earlier response that is at most this many seconds old.
    """

    method: str
    path: re.Pattern[str]
    times: int
    status: int
    delay: float
    cut: int
    lag: float

    def applies_to(self, method: str, path: str) -> bool:
        """Return whether a call matches; if it does, count it against `times`."""
        if self.times < 1 or self.method not in ("", method) or not self.path.search(path):
            return False
        self.times -= 1
        return True


@dataclass
class State:
    """The active faults, the recorded calls, and the responses that lagging calls repeat."""

    faults: list[Fault] = field(default_factory=list)
    calls: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))
    responses: dict[tuple[str, str, str], tuple[float, list[Message]]] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget everything."""
        self.faults.clear()
        self.calls.clear()
        self.responses.clear()


class ConnectionCut(Exception):
    """Breaks a connection in the middle of a response, as a fault demands."""


# ── middleware ───────────────────────────────────────────────────────────────────────────────


class FaultInjection:
    """Records each call and applies the first fault that matches it."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self.app, self.state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        self.state.calls.append((method, path))
        fault = next((f for f in list(self.state.faults) if f.applies_to(method, path)), None)
        if fault is None:
            await self.app(scope, receive, send)
            return
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.status:
            error = HubError(fault.status, f"A fault of the local Hub made {method} {path} fail")
            await error_response(Request(scope), error)(scope, receive, send)
        elif fault.lag and method == "GET":
            await self._repeat(fault.lag, scope, receive, send)
        elif fault.cut >= 0:
            await self.app(scope, receive, cut_after(send, fault.cut))
        else:
            await self.app(scope, receive, send)

    async def _repeat(self, lag: float, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the last response to the same caller; perform the call if it is too old."""
        token = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        key = (scope["path"], scope["query_string"].decode("latin-1"), token)
        cached = self.state.responses.get(key)
        if cached is None or time.monotonic() - cached[0] > lag:
            messages: list[Message] = []

            async def record(message: Message) -> None:
                messages.append(message)

            await self.app(scope, receive, record)
            cached = self.state.responses[key] = (time.monotonic(), messages)
        for message in cached[1]:
            await send({**message})


def cut_after(send: Send, size: int) -> Send:
    """Return a `send` that raises ConnectionCut once `size` bytes of the body are sent."""
    left = size

    async def sender(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            if len(body) >= left:
                await send({**message, "body": body[:left], "more_body": True})
                raise ConnectionCut
            left -= len(body)
        await send(message)

    return sender


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def _state(request: Request) -> State:
    state = request.app.state.control
    assert isinstance(state, State)
    return state


def set_fault(request: Request, body: Json) -> Response:
    """Add a fault; a call takes the first fault that matches it."""
    auth.require_write_token(request)
    if unknown := set(body) - set(FAULT_KEYS):
        raise HubError(
            400,
            f"A fault has no {', '.join(sorted(unknown))}: its keys are {', '.join(FAULT_KEYS)}",
        )
    try:
        fault = Fault(
            str(body.get("method", "")).upper(),
            re.compile(str(body.get("path", ""))),
            int(body.get("times", 1)),
            int(body.get("status", 0)),
            min(float(body.get("delay", 0)), MAX_SECONDS),
            int(body.get("cut", -1)),
            min(float(body.get("lag", 0)), MAX_SECONDS),
        )
    except (re.error, ValueError, TypeError, OverflowError) as error:
        raise HubError(400, f"This fault is not valid: {error}") from error
    if fault.status and not 400 <= fault.status <= 599:
        raise HubError(400, "The status of a fault must be from 400 to 599")
    faults = _state(request).faults
    faults.append(fault)
    return JSONResponse({"faults": len(faults)})


def list_calls(request: Request) -> Response:
    """Count the calls that match `method` and `path` (a regex), in total and each."""
    auth.require_write_token(request)
    method = request.query_params.get("method", "").upper()
    try:
        pattern = re.compile(request.query_params.get("path", ""))
    except re.error as error:
        raise HubError(400, f"`path` must be a regular expression: {error}") from error
    counts = Counter(
        f"{verb} {path}"
        for verb, path in list(_state(request).calls)
        if method in ("", verb) and pattern.search(path)
    )
    return JSONResponse({"count": counts.total(), "calls": counts})


def set_clock(request: Request, body: Json) -> Response:
    """Apply `{reset: true}`, `{freeze: true or a date}`, `{advance: seconds}`; return the time."""
    auth.require_write_token(request)
    clock = hub_of(request).clock
    try:
        if body.get("reset"):
            clock.reset()
        if freeze := body.get("freeze"):
            clock.freeze(None if freeze is True else datetime.fromisoformat(str(freeze)))
        if advance := body.get("advance"):
            clock.advance(float(advance))
    except (ValueError, TypeError, OverflowError) as error:
        raise HubError(400, f"The clock cannot be set: {error}") from error
    return JSONResponse({"now": iso(clock.now())})


async def set_account(request: Request) -> Response:
    """Change an account: `{name, plan?, canPay?, spendLimitReached?, deleted?}`.

    Jobs that wait or run are canceled when the spend limit of their namespace is reached.
    """
    body = await json_body(request)
    job_ids = await run_in_threadpool(_save_account, request, body)
    await asyncio.gather(*(compute_hub_of(request).jobs.cancel(job_id) for job_id in job_ids))
    return JSONResponse({"canceled": len(job_ids)})


def _save_account(request: Request, body: Json) -> list[str]:
    """Store the state of an account, and return the ids of the jobs to cancel."""
    auth.require_write_token(request)
    changes = {ACCOUNT_KEYS[key]: value for key, value in body.items() if key in ACCOUNT_KEYS}
    with hub_of(request).store.write() as db:
        account = auth.find_account(db, text_field(body, "name"))
        if account is None:
            raise HubError(404, "There is no such account")
        state = replace(accounts.state_of(db, account["id"]), **changes)
        if state.plan not in accounts.PLANS[account["type"]]:
            raise HubError(400, f"{state.plan!r} is not a plan of this account")
        accounts.set_state(db, account["id"], state)
        return jobs.announce_spend_limit(db, account["id"]) if state.spend_limit_reached else []


def lock_thread(request: Request, body: Json) -> Response:
    """Lock or unlock a discussion: `{type, repo, num, locked}`; the Hub has no API for it."""
    user, hub = auth.require_write_token(request), hub_of(request)
    with hub.store.write() as db:
        repo = repos.find_visible(db, user, text_field(body, "type"), text_field(body, "repo"))
        if repo is None:
            raise repos.not_found(user)
        thread = threads.find(db, repo, str(body.get("num")))
        threads.set_flag(hub, db, thread["id"], user.id, "locked", body.get("locked") is True)
    return JSONResponse({})


async def reset(request: Request) -> Response:
    """Clear faults, counts and the clock; with `{data: true}`, also everything but accounts."""
    auth.require_write_token(request)
    hub, body = hub_of(request), await json_body(request)
    _state(request).clear()
    hub.clock.reset()
    if body.get("data"):
        await request.app.state.lifecycle.stop()
        _delete_data(hub)
        await request.app.state.lifecycle.start()
    return JSONResponse({})


def _delete_data(hub: Hub) -> None:
    with hub.store.write() as db:
        db.execute("PRAGMA defer_foreign_keys = ON")
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for table in tables:
            if table["name"] not in KEPT_TABLES:
                db.execute(f'DELETE FROM "{table["name"]}"')


def list_deliveries(request: Request) -> Response:
    """List the deliveries of all users' webhooks, newest first, filtered by `state`."""
    auth.require_write_token(request)
    state = request.query_params.get("state", "%")
    with hub_of(request).store.read() as db:
        rows = db.execute(
            "SELECT * FROM webhook_deliveries WHERE state LIKE ? ORDER BY seq DESC LIMIT 1000",
            (state,),
        ).fetchall()
    return JSONResponse([delivery_json(row) for row in rows])


ROUTES = [
    Route(PREFIX + "deliveries", list_deliveries),
    Route(PREFIX + "faults", json_endpoint(set_fault), methods=["POST"]),
    Route(PREFIX + "calls", list_calls),
    Route(PREFIX + "clock", json_endpoint(set_clock), methods=["POST"]),
    Route(PREFIX + "account", set_account, methods=["POST"]),
    Route(PREFIX + "thread", json_endpoint(lock_thread), methods=["POST"]),
    Route(PREFIX + "reset", reset, methods=["POST"]),
]
