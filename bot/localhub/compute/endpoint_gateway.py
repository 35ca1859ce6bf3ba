"""Forwards `/inference/{namespace}/{name}/…` to the processes of Inference Endpoints.

The gateway checks tokens, wakes an endpoint that is scaled to zero, and scales idle endpoints to
zero.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import quote

import aiohttp
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from yarl import URL

from bot.localhub.compute import endpoints
from bot.localhub.compute.endpoint_spec import idle_minutes
from bot.localhub.compute.hub import ComputeHub, EndpointTraffic, hub_of
from bot.localhub.core import auth
from bot.localhub.core.wire import HubError, path_param

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
POLL_SECONDS = 0.5
MAX_WAIT_SECONDS = 600.0
# The bodies of the real gateway, as a third party measured them in 2026-10.
UNAUTHORIZED = {"error": "401 Unauthorized", "code": "UNAUTHORIZED"}
PAUSED = {
    "error": "Bad Request: The endpoint is paused, ask a maintainer to restart it",
    "code": "BAD_REQUEST",
}
UNAVAILABLE = {"error": "503 Service Unavailable", "code": "SERVICE_UNAVAILABLE"}
HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-connection te trailer transfer-encoding upgrade host".split()
)


@asynccontextmanager
async def lifespan(hub: ComputeHub) -> AsyncIterator[None]:
    """Forward requests, and scale idle endpoints to zero.

    aiohttp, because httpx scans its whole pool for every request: 2.7 ms each with 64 in flight.
    """
    client = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
    hub.endpoint_traffic = EndpointTraffic(client)
    task = asyncio.create_task(_watch(hub))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client.close()


# ── scaling to zero and waking ───────────────────────────────────────────────────────────────


async def _watch(hub: ComputeHub) -> None:
    traffic = hub.endpoint_traffic
    while True:
        await asyncio.sleep(POLL_SECONDS)
        for endpoint_id in list(hub.endpoints.active):
            if hub.endpoints.url(endpoint_id) is None:
                traffic.last_at.pop(endpoint_id, None)
                continue
            traffic.last_at.setdefault(endpoint_id, hub.clock.now())
            timeout = await asyncio.to_thread(_idle_timeout, hub, endpoint_id)
            if timeout is not None:
                await _scale_down_if_idle(hub, endpoint_id, timeout)


async def _scale_down_if_idle(hub: ComputeHub, endpoint_id: str, timeout: timedelta) -> None:
    traffic = hub.endpoint_traffic
    async with hub.endpoints.lock(endpoint_id):
        if hub.endpoints.url(endpoint_id) is None or traffic.in_flight.get(endpoint_id):
            return
        if hub.clock.now() - traffic.last_at[endpoint_id] > timeout:
            await endpoints.stop(hub, endpoint_id, "scaledToZero")


def _idle_timeout(hub: ComputeHub, endpoint_id: str) -> timedelta | None:
    """Return how long an endpoint may be idle, None if it never scales to zero."""
    for row in endpoints.select(hub, f"{endpoints.SELECT} WHERE e.id = ?", endpoint_id):
        minutes = idle_minutes(json.loads(row["spec"]))
        return None if minutes is None else timedelta(minutes=minutes)
    return None


async def _url_of(hub: ComputeHub, row: sqlite3.Row, wait_seconds: float) -> str:
    """Return where the process answers; wake it if needed and wait for it.

    Raises HubError 400 if the endpoint is paused, 503 if it does not run in time.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + wait_seconds
    while True:
        url = hub.endpoints.url(row["id"])
        if url is not None:
            return url
        row = await asyncio.to_thread(endpoints.by_id, hub, row["id"])
        if row["state"] == "paused":
            raise HubError(400, PAUSED["error"], body=PAUSED)
        if row["state"] in ("failed", "updateFailed"):
            raise HubError(503, f"The endpoint failed: {row['message'][:300]}", body=UNAVAILABLE)
        if row["state"] == "scaledToZero":
            await endpoints.wake(hub, row["id"])
        if clock() >= deadline:
            raise HubError(503, UNAVAILABLE["error"], body=UNAVAILABLE)
        await asyncio.sleep(0.1)


# ── forwarding ───────────────────────────────────────────────────────────────────────────────


def _requested(request: Request) -> sqlite3.Row:
    """Return the endpoint in the path; raises HubError 401 or 404 if the user may not use it.

    A private endpoint is for the members of its namespace, an authenticated one for any account
    (https://huggingface.co/docs/inference-endpoints/guides/configuration).
    """
    hub, namespace = hub_of(request), path_param(request, "namespace")
    row = endpoints.find(hub, namespace, path_param(request, "name"))
    kind = json.loads(row["spec"])["type"]
    if kind == "public":
        return row
    try:
        user = auth.require_user(request)
    except HubError as error:
        raise HubError(401, UNAUTHORIZED["error"], body=UNAUTHORIZED) from error
    with hub.store.read() as db:
        if kind == "private" and not auth.may_infer(db, user, namespace):
            raise HubError(401, UNAUTHORIZED["error"], body=UNAUTHORIZED)
    return row


class ForwardedResponse(StreamingResponse):
    """The response of a process; the request stops counting as in flight however it ends."""

    def __init__(self, hub: ComputeHub, endpoint_id: str, upstream: aiohttp.ClientResponse) -> None:
        super().__init__(upstream.content.iter_any(), upstream.status)
        self.raw_headers = [
            (name.lower(), value)
            for name, value in upstream.raw_headers
            if name.decode("latin-1").lower() not in HOP_BY_HOP | {"date", "server"}
        ]
        self.hub, self.endpoint_id, self.upstream = hub, endpoint_id, upstream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.hub.endpoint_traffic.leave(self.endpoint_id, self.hub.clock.now())
            # A connection that was read to its end is back in the pool; any other is closed here.
            self.upstream.close()


async def forward(request: Request) -> Response:
    """Forward a request; the header `X-Scale-Up-Timeout` says how long to wait for a cold start."""
    hub, row = hub_of(request), await run_in_threadpool(_requested, request)
    endpoint_id = str(row["id"])
    hub.endpoint_traffic.enter(endpoint_id, hub.clock.now())
    try:
        url = await _url_of(hub, row, _scale_up_timeout(request))
        upstream = await _send(hub.endpoint_traffic.client, request, url)
    except BaseException as error:
        hub.endpoint_traffic.leave(endpoint_id, hub.clock.now())
        if isinstance(error, aiohttp.ClientError | OSError):
            raise HubError(502, f"Bad Gateway: {type(error).__name__}") from error
        raise
    return ForwardedResponse(hub, endpoint_id, upstream)


def _scale_up_timeout(request: Request) -> float:
    """Return for how many seconds a request is willing to wait for the process to start."""
    value = request.headers.get("x-scale-up-timeout", "0")
    return min(MAX_WAIT_SECONDS, float(value[:10])) if value.isdecimal() else 0.0


async def _send(
    client: aiohttp.ClientSession, request: Request, url: str
) -> aiohttp.ClientResponse:
    """Send a request to the process, without a token that was meant for the Hub."""
    rest = str(request.path_params.get("rest", ""))
    query = f"?{request.url.query}" if request.url.query else ""
    hub_header = "authorization" if "auth" in request.scope else ""
    headers = [
        (name, value)
        for name, value in request.headers.items()
        if name not in HOP_BY_HOP and name != hub_header
    ]
    has_body = {"content-length", "transfer-encoding"} & set(request.headers)
    return await client.request(
        request.method,
        URL(f"{url}/{quote(rest)}{query}", encoded=True),
        headers=headers,
        data=request.stream() if has_body else None,
        allow_redirects=False,
    )


BASE = endpoints.path_of("{namespace}", "{name}")
ROUTES = [
    Route(BASE, forward, methods=METHODS),
    Route(f"{BASE}/{{rest:path}}", forward, methods=METHODS),
]
