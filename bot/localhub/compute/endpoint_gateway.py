"""The way to Inference Endpoints: `/inference/{namespace}/{name}/…`, passed on to the process.

Here tokens are checked, an endpoint at zero is woken by a request, and one that nobody asks goes
to zero. What runs, and how it starts and ends, is the matter of `endpoints.py`.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import aiohttp
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from yarl import URL

from bot.localhub.compute import endpoints
from bot.localhub.core import auth
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, path_param

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
POLL_SECONDS = 0.5
LONGEST_WAIT = 600.0
LONGEST_IDLE_MINUTES = 366 * 24 * 60
OF_THE_CONNECTION = frozenset(
    "connection keep-alive proxy-connection te trailer transfer-encoding upgrade host".split()
)


@dataclass
class Gateway:
    """What passes just now.  visits: requests under way; last: when one came or went."""

    client: aiohttp.ClientSession
    watch: asyncio.Task[None] | None = None
    visits: dict[str, int] = field(default_factory=dict)
    last: dict[str, datetime] = field(default_factory=dict)


async def start(hub: Hub) -> None:
    """Open the way and watch for idleness.

    aiohttp, since httpx looks at its whole pool for every request: 2.7 ms each with 64 under way.
    """
    client = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
    hub.services["gateway"] = gateway = Gateway(client)
    gateway.watch = asyncio.create_task(watch(hub, gateway))


async def stop(hub: Hub) -> None:
    """Close it."""
    gateway = gateway_of(hub)
    if gateway.watch is not None:
        gateway.watch.cancel()
        await asyncio.gather(gateway.watch, return_exceptions=True)
    await gateway.client.close()


def gateway_of(hub: Hub) -> Gateway:
    """Return the Hub's gateway."""
    gateway = hub.services["gateway"]
    assert isinstance(gateway, Gateway)
    return gateway


# ── to zero and back ─────────────────────────────────────────────────────────────────────────


async def watch(hub: Hub, gateway: Gateway) -> None:
    """Scale to zero what nobody asked for long enough, again and again."""
    keeper = endpoints.keeper_of(hub)
    while True:
        await asyncio.sleep(POLL_SECONDS)
        for endpoint_id in list(keeper.kept):
            if keeper.url(endpoint_id) is None:
                gateway.last.pop(endpoint_id, None)
                continue
            gateway.last.setdefault(endpoint_id, hub.clock.now())
            patience = await asyncio.to_thread(patience_of, hub, endpoint_id)
            if patience is not None:
                await rest_if_idle(hub, endpoint_id, patience)


async def rest_if_idle(hub: Hub, endpoint_id: str, patience: timedelta) -> None:
    """Scale an endpoint to zero if nobody asked it for that long and it runs still."""
    keeper, gateway = endpoints.keeper_of(hub), gateway_of(hub)
    async with keeper.lock(endpoint_id):
        if keeper.url(endpoint_id) is None or gateway.visits.get(endpoint_id):
            return
        if hub.clock.now() - gateway.last[endpoint_id] > patience:
            await endpoints.end(hub, endpoint_id, "scaledToZero")


def patience_of(hub: Hub, endpoint_id: str) -> timedelta | None:
    """Return how long an endpoint may idle; None for one that never goes to zero."""
    query = f"{endpoints.SELECT} WHERE e.id = ?"
    for row in endpoints.all_rows(hub, query, endpoint_id):
        scaling = json.loads(row["spec"])["compute"].get("scaling")
        if isinstance(scaling, dict) and scaling.get("minReplica") == 0:
            minutes = scaling.get("scaleToZeroTimeout")
            if isinstance(minutes, int | float) and 0 < minutes < LONGEST_IDLE_MINUTES:
                return timedelta(minutes=minutes)
    return None


async def reach(hub: Hub, row: sqlite3.Row, patience: float) -> str:
    """Return where the process answers; wake it, and wait so many seconds for it.

    HubError 400 for a paused one, 503 while it is not there.
    """
    keeper, clock = endpoints.keeper_of(hub), asyncio.get_running_loop().time
    deadline = clock() + patience
    while True:
        url = keeper.url(row["id"])
        if url is not None:
            return url
        row = await asyncio.to_thread(endpoints.by_id, hub, row["id"])
        if row["state"] == "paused":
            raise HubError(400, "The endpoint is paused, ask a maintainer to restart it")
        if row["state"] in ("failed", "updateFailed"):
            raise HubError(503, f"The endpoint failed: {row['message'][:300]}")
        if row["state"] == "scaledToZero":
            await endpoints.wake(hub, row["id"])
        if clock() >= deadline:
            why = "Service Unavailable: the endpoint is starting"
            raise HubError(503, why, headers={"Retry-After": "1"})
        await asyncio.sleep(0.1)


# ── passing on ───────────────────────────────────────────────────────────────────────────────


def allowed(request: Request) -> sqlite3.Row:
    """Return the endpoint of the path, if the one who asks may use it; HubError 401 or 404."""
    hub, namespace = hub_of(request), path_param(request, "namespace")
    row = endpoints.find(hub, namespace, path_param(request, "name"))
    if json.loads(row["spec"])["type"] == "public":
        return row
    user = auth.require(request)
    with hub.store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(401, f"{user.name} may not use the endpoints of {namespace}")
    return row


class Passed(StreamingResponse):
    """The process's answer on its way; what it was is let go however it ends."""

    def __init__(
        self, gateway: Gateway, hub: Hub, key: str, answer: aiohttp.ClientResponse
    ) -> None:
        super().__init__(answer.content.iter_any(), answer.status)
        self.raw_headers = [
            (name.lower(), value)
            for name, value in answer.raw_headers
            if name.decode("latin-1").lower() not in OF_THE_CONNECTION | {"date", "server"}
        ]
        self.gateway, self.hub, self.key, self.answer = gateway, hub, key, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            leave(self.gateway, self.hub, self.key)
            # What was read to its end has gone back to the pool by itself; the rest is cut off.
            self.answer.close()


async def pass_on(request: Request) -> Response:
    """Pass a request on to an endpoint's process; a header X-Scale-Up-Timeout waits for it."""
    hub, row = hub_of(request), await run_in_threadpool(allowed, request)
    gateway, key = gateway_of(hub), str(row["id"])
    gateway.visits[key] = gateway.visits.get(key, 0) + 1
    gateway.last[key] = hub.clock.now()
    try:
        url = await reach(hub, row, wait_asked(request))
        answer = await asked(gateway, request, url)
    except (aiohttp.ClientError, OSError) as error:
        leave(gateway, hub, key)
        raise HubError(502, f"Bad Gateway: {type(error).__name__}") from error
    except BaseException:
        leave(gateway, hub, key)
        raise
    return Passed(gateway, hub, key, answer)


def leave(gateway: Gateway, hub: Hub, key: str) -> None:
    """Note that a request is over."""
    gateway.visits[key] -= 1
    gateway.last[key] = hub.clock.now()


def wait_asked(request: Request) -> float:
    """Return for how many seconds a request is willing to wait for the process to start."""
    asked_for = request.headers.get("x-scale-up-timeout", "0")
    return min(LONGEST_WAIT, float(asked_for[:10])) if asked_for.isdecimal() else 0.0


async def asked(gateway: Gateway, request: Request, url: str) -> aiohttp.ClientResponse:
    """Ask the process and return its answer's head; a token that was for us stays here."""
    rest = str(request.path_params.get("rest", ""))
    query = f"?{request.url.query}" if request.url.query else ""
    ours = "authorization" if "auth" in request.scope else ""
    headers = [
        (name, value)
        for name, value in request.headers.items()
        if name not in OF_THE_CONNECTION and name != ours
    ]
    has_body = {"content-length", "transfer-encoding"} & set(request.headers)
    return await gateway.client.request(
        request.method,
        URL(f"{url}/{quote(rest)}{query}", encoded=True),
        headers=headers,
        data=request.stream() if has_body else None,
        allow_redirects=False,
    )


def path_of(namespace: str, name: str) -> str:
    """Return where an endpoint is reached."""
    return f"/inference/{namespace}/{name}"


BASE = path_of("{namespace}", "{name}")
ROUTES = [
    Route(BASE, pass_on, methods=METHODS),
    Route(f"{BASE}/{{rest:path}}", pass_on, methods=METHODS),
]
