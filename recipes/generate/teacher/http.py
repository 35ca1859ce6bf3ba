"""Send one HTTP request and read what comes back, within a time and a size."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
import orjson

from recipes.generate.teacher.failures import TIMEOUT, Failure, RetryableError

MAX_BYTES = 4 << 20  # of a response: far more than the longest answer in any script
MAX_STREAM_BYTES = 64 << 20  # of a streamed one, where each token comes with 100 to 400 bytes


@dataclass(frozen=True)
class HttpResponse:
    """An HTTP response; `retry_after` in seconds from now, 0 without that header."""

    status: int
    retry_after: float
    body: bytes


async def get(http: aiohttp.ClientSession, url: str) -> HttpResponse:
    """Get a URL; raises RetryableError when there is no response."""
    return await _send(http, "GET", url, None, 30)


async def post(
    http: aiohttp.ClientSession, url: str, message: object, seconds: float
) -> HttpResponse:
    """Post JSON and return the response; raises RetryableError when there is none."""
    payload = aiohttp.BytesPayload(orjson.dumps(message), content_type="application/json")
    return await _send(http, "POST", url, payload, seconds)


async def _send(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    payload: aiohttp.BytesPayload | None,
    seconds: float,
) -> HttpResponse:
    try:
        async with http.request(
            method,
            url,
            data=payload,
            timeout=aiohttp.ClientTimeout(total=seconds),
            allow_redirects=False,
        ) as response:
            retry_after = parse_retry_after(response.headers)
            return HttpResponse(response.status, retry_after, await _read_body(response))
    except TimeoutError as error:
        raise RetryableError(Failure.OVERLOADED, TIMEOUT, may_be_billed=True) from error
    except aiohttp.ClientConnectorError as error:
        raise RetryableError(Failure.NOT_READY, "connection") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise RetryableError(Failure.BROKEN, "connection", may_be_billed=True) from error


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body; raises RetryableError when it is too large."""
    is_stream = response.content_type == "text/event-stream"
    max_bytes = MAX_STREAM_BYTES if is_stream else MAX_BYTES
    if response.content_length is not None and response.content_length <= max_bytes:
        return await response.read()
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > max_bytes:
            response.close()
            raise RetryableError(Failure.BROKEN, "too_large", may_be_billed=True)
        parts.append(part)
    return b"".join(parts)


def parse_retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds of `Retry-After`, a number or an HTTP date; 0 for anything else.

    Some servers also send the milliseconds.
    """
    if milliseconds := _number(headers.get("Retry-After-Ms", "")):
        return milliseconds / 1000
    value = headers.get("Retry-After", "").strip()
    if seconds := _number(value.removesuffix("s")):
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0


def _number(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdecimal() else 0.0
