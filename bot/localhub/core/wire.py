"""How the local Hub reads requests and words its answers; nothing here knows what is stored."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Json = dict[str, Any]

BODY_LIMIT = 10 << 20
KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}


class HubError(Exception):
    """An answer that is a refusal: an HTTP status, one sentence, perhaps the Hub's error code."""

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


def refusal(_: Request, error: Exception) -> Response:
    """A HubError as the Hub sends it: JSON ``{"error": …}`` and the headers clients go by."""
    assert isinstance(error, HubError)
    headers = {**error.headers, "X-Error-Message": header_text(error.message)}
    if error.code:
        headers["X-Error-Code"] = error.code
    return JSONResponse({"error": error.message, **error.body}, error.status, headers)


def header_text(text: str) -> str:
    """Text fit for an HTTP header: one line of Latin letters, at most 500 of them."""
    line = " ".join(text.split())[:500]
    return line.encode("ascii", "replace").decode("ascii")


def path_param(request: Request, name: str) -> str:
    """A part of the path, percent-decoded; HubError 400 if that is not UTF-8 or holds a NUL."""
    try:
        value = unquote(str(request.path_params[name]), errors="strict")
    except UnicodeDecodeError as error:
        raise HubError(400, f"The {name} in the URL is not UTF-8") from error
    if "\0" in value:
        raise HubError(400, f"The {name} in the URL holds a NUL character")
    return value


async def body_bytes(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The whole body; HubError 413 as soon as it is over the limit."""
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > limit:
            raise HubError(413, f"The request body is over {limit} bytes")
    return bytes(pieces)


async def json_body(request: Request, limit: int = BODY_LIMIT) -> Json:
    """The body as a JSON object, ``{}`` for an empty one; HubError 400 for anything else."""
    return parse_json(await body_bytes(request, limit))


def parse_json(body: bytes) -> Json:
    """Bytes as a JSON object, ``{}`` for none; HubError 400 for anything else."""
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


def takes_json(
    handler: Callable[[Request, Json], Response], limit: int = BODY_LIMIT
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads a JSON object and runs ``handler(request, body)`` in a thread."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(handler, request, await json_body(request, limit))

    endpoint.__name__, endpoint.__doc__ = handler.__name__, handler.__doc__
    return endpoint


def text_field(body: Json, name: str, default: str | None = None, most: int = 65536) -> str:
    """A string of the body; HubError 400 if missing without a default, no string, or too long."""
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise HubError(400, f'"{name}" must be a string')
    if len(value) > most or "\0" in value:
        raise HubError(400, f'"{name}" must have at most {most} characters and no NUL')
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise HubError(400, f'"{name}" holds half a surrogate pair') from error
    return value


def flag(request: Request, name: str, default: bool = False) -> bool:
    """A true/false (or 1/0) query parameter."""
    value = request.query_params.get(name)
    return default if value is None else value.lower() in ("true", "1", "")


def whole(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole-number query parameter, brought into its range; HubError 400 if it is none."""
    value = request.query_params.get(name)
    if value is None:
        return default
    try:
        return max(least, min(most, int(value[:20])))
    except ValueError as error:
        raise HubError(400, f'"{name}" must be a whole number') from error


def page(request: Request, items: Sequence[Any], base: str, limit: int) -> Response:
    """One page of a list, from ``cursor`` on, with the ``Link`` to the next one."""
    start = whole(request, "cursor", 0, 0, len(items))
    more = start + limit if start + limit < len(items) else None
    return listing(request, list(items[start : start + limit]), base, more)


def listing(request: Request, items: list[Any], base: str, following: int | str | None) -> Response:
    """A page already cut, with the ``Link`` to the cursor that follows, if any."""
    headers = {}
    if following is not None:
        query = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
        target = f"{base}{request.url.path}?{urlencode([*query, ('cursor', str(following))])}"
        headers["Link"] = f'<{target}>; rel="next"'
    return JSONResponse(items, headers=headers)


class KindConvertor(Convertor[str]):
    """``{kind:kind}`` in a route: models, datasets or spaces, read as model, dataset, space."""

    regex = "|".join(KINDS)

    def convert(self, value: str) -> str:
        """The kind's name in the singular."""
        return KINDS[value]

    def to_string(self, value: str) -> str:
        """The kind's name in the plural."""
        return value + "s"


register_url_convertor("kind", KindConvertor())


class Envelope:
    """Around every request: routes on the raw path; gives answers ``X-Request-Id`` and ``Date``.

    Revisions arrive percent-encoded as one segment (``refs%2Fpr%2F1``); a decoded path would
    lose where they end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the raw path in and the request id out."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        raw = scope.get("raw_path") or scope["path"].encode()
        scope = {**scope, "path": raw.split(b"?")[0].decode("ascii", "replace")}
        request_id = f"Root={secrets.token_hex(12)}"

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = formatdate(usegmt=True)  # uvicorn's own lags when the machine is busy
                headers = [
                    *message.get("headers", []),
                    (b"x-request-id", request_id.encode()),
                    (b"date", now.encode()),
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, labelled)
