"""Middleware that compares requests and responses with the real Hub's contract.

Requests that the Hub refuses get 400. Keys that it ignores are recorded, and so are responses of
another shape, as lines in a file of the data folder that survives a crash. `testing.LocalHub` fails
the test that caused them.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.localhub.contract.checker import check_request, check_response, parse_body
from bot.localhub.contract.operations import contract
from bot.localhub.core import auth
from bot.localhub.core.rules import FINDINGS_FILE, Rules
from bot.localhub.core.wire import HubError, error_response

MAX_CHECKED_BYTES = 4 << 20
REASONS_SHOWN = 3
JSON_TYPES = ("application/json", "application/x-ndjson", "application/x-www-form-urlencoded")


class ContractChecks:
    """Answers 400 to what the Hub refuses, and records what differs from its contract."""

    def __init__(self, app: ASGIApp, rules: Rules, data: Path) -> None:
        self.app, self.rules, self.file = app, rules, data / FINDINGS_FILE
        self._reported: set[str] = set()
        self._lock = threading.Lock()
        contract()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.rules.check_requests:
            try:
                receive = await self._check_request(Request(scope, receive), receive)
            except HubError as error:
                await error_response(Request(scope), error)(scope, receive, send)
                return
        if self.rules.check_answers:
            send = self._checked_send(scope, send)
        await self.app(scope, receive, send)

    async def _check_request(self, request: Request, receive: Receive) -> Receive:
        """Return a `receive` that yields the body again; raises HubError 400 or 401."""
        method, path = request.method, request.url.path
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        size = request.headers.get("content-length", "0")
        body: Any = None
        if size.isdecimal() and 0 < int(size) <= MAX_CHECKED_BYTES and kind in JSON_TYPES:
            data, receive = await _read_ahead(receive)
            body = parse_body(kind, data)
        elif size != "0" or "transfer-encoding" in request.headers:
            body = b""
        findings = check_request(method, path, request.url.query, body)
        if findings.refused and await _is_answered_here(request):
            raise HubError(400, "; ".join(findings.refused[:REASONS_SHOWN]))
        for key in findings.ignored:
            self.record(f"{method} {path}: the Hub ignores {key} ({findings.operation})")
        return receive

    def _checked_send(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that compares a JSON response before its end is sent."""
        start: Message = {}
        body: bytearray | None = None

        async def sender(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start, headers = message, dict(message.get("headers", []))
                is_json = headers.get(b"content-type", b"").startswith(b"application/json")
                body = bytearray() if is_json or message["status"] < 300 else None
                if headers.get(b"content-type", b"").startswith(b"text/event-stream"):
                    body = None
            elif body is not None:
                body += message.get("body", b"")
                if len(body) > MAX_CHECKED_BYTES:
                    body = None
                elif not message.get("more_body"):
                    self._check_response(scope, start["status"], bytes(body))
            await send(message)

        return sender

    def _check_response(self, scope: Scope, status: int, data: bytes) -> None:
        method, path = scope["method"], scope["path"]
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            body = data
        for reason in check_response(method, path, status, body):
            self.record(f"{method} {path}: the response {status} is not the Hub's: {reason}")

    def record(self, finding: str) -> None:
        """Append a finding to the file, and print it once to stderr."""
        with self._lock:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(f"{finding}\n")
            if finding not in self._reported:
                self._reported.add(finding)
                sys.stderr.write(f"contract: {finding}\n")


async def _is_answered_here(request: Request) -> bool:
    """Return whether a bad request gets 400; an anonymous one is left to its handler's 401.

    Raises HubError 401 for a token that is not valid.
    """
    is_anonymous = await run_in_threadpool(auth.current_user, request) is None
    return not is_anonymous or request.method in ("GET", "HEAD")


async def _read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """Return a whole body, and a `receive` that yields the same messages again."""
    messages: list[Message] = []
    while not messages or messages[-1].get("more_body"):
        messages.append(await receive())
    data = b"".join(message.get("body", b"") for message in messages)
    left = iter(messages)

    async def replay() -> Message:
        message = next(left, None)
        return message if message is not None else await receive()

    return data, replay
