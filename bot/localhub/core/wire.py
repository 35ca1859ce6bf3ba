"""Helpers for reading requests and writing responses in the format of the Hub's API.

Nothing here knows what is stored.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.utils import format_datetime
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.localhub.core.clock import Clock
from bot.localhub.core.records import Json

BODY_LIMIT = 10 << 20
REPO_TYPES = {"models": "model", "datasets": "dataset", "spaces": "space"}


class HubError(Exception):
    """An error response: an HTTP status, a message, and perhaps one of the Hub's error codes."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "",
        headers: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers = dict(headers or {})
        self.body = body or {}


def error_response(_: Request, error: Exception) -> Response:
    """Return a HubError as the Hub does: JSON `{"error": …}`, and headers that clients read."""
    assert isinstance(error, HubError)
    headers = {**error.headers, "X-Error-Message": header_text(error.message)}
    if error.code:
        headers["X-Error-Code"] = error.code
    return JSONResponse({"error": error.message, **error.body}, error.status, headers)


def header_text(text: str) -> str:
    """Make text safe for an HTTP header: one line of printable ASCII, at most 500 characters."""
    line = " ".join(text.split())[:500]
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in line)


def path_param(request: Request, name: str) -> str:
    """Return a decoded part of the path; raises HubError 400 if it is not UTF-8 or has a NUL."""
    try:
        value = unquote(str(request.path_params[name]), errors="strict")
    except UnicodeDecodeError as error:
        raise HubError(400, f"The {name} in the URL is not UTF-8") from error
    if "\0" in value:
        raise HubError(400, f"The {name} in the URL contains a NUL character")
    return value


def split_url(text: str) -> SplitResult:
    """Return the parts of a URL that somebody sent; all are empty if it is not a URL."""
    try:
        return urlsplit(text)
    except ValueError:  # half an IPv6 address
        return urlsplit("")


async def body_bytes(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """Return the whole body; raises HubError 413 as soon as it exceeds the limit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HubError(413, f"The request body is larger than {limit} bytes")
    return bytes(body)


async def json_body(request: Request, limit: int = BODY_LIMIT) -> Json:
    """Return the body as a JSON object, `{}` if empty; raises HubError 400 for anything else."""
    body = await body_bytes(request, limit)
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise HubError(400, "The request body is not valid JSON") from error
    if not isinstance(value, dict):
        raise HubError(400, "The request body must be a JSON object")
    return value


def json_endpoint(
    handler: Callable[[Request, Json], Response], limit: int = BODY_LIMIT
) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint that reads a JSON object and runs `handler(request, body)` in a thread."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(handler, request, await json_body(request, limit))

    endpoint.__name__, endpoint.__doc__ = handler.__name__, handler.__doc__
    return endpoint


def text_field(body: Json, name: str, default: str | None = None, max_length: int = 65536) -> str:
    """Return a string field of the body.

    Raises HubError 400 if it is not a string, is too long, or is missing and has no default.
    """
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise HubError(400, f"`{name}` must be a string")
    if len(value) > max_length or "\0" in value:
        raise HubError(400, f"`{name}` must have at most {max_length} characters and no NUL")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise HubError(400, f"`{name}` contains an unpaired surrogate") from error
    return value


def choice_field(body: Json, name: str, choices: Sequence[str], default: str | None = None) -> str:
    """Return a string field of the body that must be one of the choices; else HubError 400."""
    value = text_field(body, name, default)
    if value not in choices:
        raise HubError(400, f"`{name}` must be one of {', '.join(choices)}")
    return value


def bool_param(request: Request, name: str) -> bool:
    """Return a query parameter that is true or false (or 1 or 0); false if it is missing."""
    return request.query_params.get(name, "0").lower() in ("true", "1", "")


def int_param(request: Request, name: str, default: int, minimum: int, maximum: int) -> int:
    """Return an integer query parameter, clamped to its range; raises HubError 400 for others."""
    value = request.query_params.get(name)
    if value is None:
        return default
    try:
        return max(minimum, min(maximum, int(value[:20])))
    except ValueError as error:
        raise HubError(400, f"`{name}` must be an integer") from error


def paginate(request: Request, items: Sequence[Any], base: str, limit: int) -> Response:
    """Return the page of a list that starts at `cursor`, with a `Link` to the next page."""
    start = int_param(request, "cursor", 0, 0, len(items))
    following = start + limit if start + limit < len(items) else None
    return page_response(request, list(items[start : start + limit]), base, following)


def page_response(
    request: Request,
    items: list[Any],
    base: str,
    following: int | str | None,
    parameter: str = "cursor",
) -> Response:
    """Return one page, with a `Link` to the cursor that follows it, if any."""
    headers = {}
    if following is not None:
        query = [(k, v) for k, v in request.query_params.multi_items() if k != parameter]
        target = f"{base}{request.url.path}?{urlencode([*query, (parameter, str(following))])}"
        headers["Link"] = f'<{target}>; rel="next"'
    return JSONResponse(items, headers=headers)


class RepoTypeConvertor(Convertor[str]):
    """`{type:repo_type}` in a route: matches models, datasets or spaces and yields the singular."""

    regex = "|".join(REPO_TYPES)

    def convert(self, value: str) -> str:
        """Return the singular."""
        return REPO_TYPES[value]

    def to_string(self, value: str) -> str:
        """Return the plural."""
        return value + "s"


register_url_convertor("repo_type", RepoTypeConvertor())


class RawPathMiddleware:
    """Routes on the raw path, and adds `X-Request-Id` and `Date` to every response.

    The date is that of the Hub's clock, which tests may set forward. Revisions arrive
    percent-encoded as one segment (`refs%2Fpr%2F1`); a decoded path would lose where they end.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self.app, self.clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        raw = scope.get("raw_path") or scope["path"].encode()
        scope = {**scope, "path": raw.split(b"?")[0].decode("ascii", "replace")}
        request_id = f"Root={secrets.token_hex(12)}"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = format_datetime(self.clock.now(), usegmt=True)
                headers = [
                    *message.get("headers", []),
                    (b"x-request-id", request_id.encode()),
                    (b"date", now.encode()),
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_with_headers)
