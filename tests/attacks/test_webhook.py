"""Strangers at the bot's own server."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi.testclient import TestClient

from bot import connections
from bot.connections import BoundedProtocol
from bot.controller.serve import Watcher, make_app


@contextmanager
def few_connections(count: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "max_connections", lambda: count)
        patch.setattr(connections, "FIRST_REQUEST_SECONDS", 0.2)
        yield


async def respond(scope: object, receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 202, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]


async def attack(idle: int, first_bytes: bytes) -> tuple[bytes, int]:
    """Open idle connections; return the answer to a real request, and how many are open later."""
    config = uvicorn.Config(respond, log_level="error", http=BoundedProtocol, lifespan="off")
    server = uvicorn.Server(config)
    config.load()
    loop = asyncio.get_running_loop()
    state = server.server_state
    listener = await loop.create_server(lambda: BoundedProtocol(config, state, {}), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(idle)]
    for _, writer in streams:
        writer.write(first_bytes)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    status = await asyncio.wait_for(reader.readline(), 5)
    await asyncio.sleep(0.4)
    left = len(state.connections)
    for _, other in [*streams, (reader, writer)]:
        other.close()
    listener.close()
    return status, left


# Failed before: 140 connections without the secret, and the bot could open no file any more.
@pytest.mark.parametrize("first_bytes", [b"", b"G", b"POST / HTTP/1.1\r\nX: "])
def test_idle_connections_keep_nobody_out(first_bytes: bytes) -> None:
    with few_connections(20):
        status, left = asyncio.run(attack(60, first_bytes))
    assert status.startswith(b"HTTP/1.1 202")
    assert left <= 1, "only the one that has sent a request"


# Failed before: the last one.
@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ([("X-Webhook-Secret", "wrong"), ("X-Webhook-Secret", "right")], "right"),
        ([("X-Webhook-Secret", "right, right")], "right"), ([("X-Webhook-Secret", "r")], "right"),
        ([("X-Webhook-Secret", "RIGHT")], "right"), ([("X-Webhook-Secret", "right\x00")], "right"),
        ([("X-Webhook-Secret", "\xff")], "right"), ([("X_Webhook_Secret", "right")], "right"),
        ([("Authorization", "right")], "right"), ([("Cookie", "x-webhook-secret=right")], "right"),
        ([("X-Webhook-Secret", "")], ""), ([], ""),
    ],
)  # fmt: skip
def test_a_ring_without_the_secret_is_refused(headers: list[tuple[str, str]], secret: str) -> None:
    watcher = Watcher(None, 1000.0)  # type: ignore[arg-type]  # it never ticks
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    web = TestClient(make_app(watcher, secret))
    assert web.post("/webhook?x-webhook-secret=right", headers=raw).status_code in (401, 403)
    assert not watcher.is_notified and watcher.counts["rejected"] == 1


def test_connections_leave_files_for_the_bot() -> None:
    assert 0 < connections.max_connections() <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4
