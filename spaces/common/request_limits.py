"""Refuse what no page of ours sends: files, large bodies, and names that only fill the memory.

Gradio takes anonymous uploads of any size, and keeps the name of a session as long as its state.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1_000_000
MAX_ADDRESS_LENGTH = 8_000  # of path and query
MAX_SESSION_LENGTH = 64
NO_FILES = ("/upload", "/process_recording")
# Gradio fails for a `page` of the address that it does not know, and our links once had that name.
OWNED_BY_GRADIO = {"page": "p"}


class RequestLimits:
    """ASGI middleware that answers such requests itself, with 400, 413 or 414 and a sentence."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = b""
        refusal = _address_refusal(request)
        if not refusal and request.method not in ("GET", "HEAD", "OPTIONS"):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    break
            refusal = _body_refusal(body)
            receive = _replaying(body, receive)
        if refusal:
            status, sentence = refusal
            await PlainTextResponse(sentence, status)(scope, receive, send)
            return
        if request.url.path == "/":
            scope = scope | {"query_string": _without_owned(request).encode()}
        await self.app(scope, receive, send)


def _address_refusal(request: Request) -> tuple[int, str] | None:
    path = request.url.path.rstrip("/")
    if len(path) + len(request.url.query) > MAX_ADDRESS_LENGTH:
        return 414, "This address is too long."
    if path.endswith(NO_FILES):
        return 413, "This Space takes no files."
    query, headers = request.query_params, request.headers
    names = [*query.getlist("session_hash"), *headers.getlist("session_hash")]
    if "/heartbeat/" in path:
        names.append(path.rpartition("/")[2])
    if any(len(name) > MAX_SESSION_LENGTH for name in names):
        return 400, "This name of a session is too long."
    return None


def _body_refusal(body: bytes) -> tuple[int, str] | None:
    if len(body) > MAX_BODY_BYTES:
        return 413, f"This request is larger than {MAX_BODY_BYTES} bytes."
    try:
        data = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return 400, "This request is not JSON."
    session = data.get("session_hash") if isinstance(data, dict) else None
    if session is not None and (not isinstance(session, str) or len(session) > MAX_SESSION_LENGTH):
        return 400, "This name of a session is too long, or no text."
    return None


def _without_owned(request: Request) -> str:
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    return urlencode([(OWNED_BY_GRADIO.get(name, name), value) for name, value in pairs])


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that starts with a body that was read already."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay
