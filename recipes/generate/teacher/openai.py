"""One call by OpenAI's chat completions protocol, and what each failure means.

A call returns an answer or raises RetryableError, NoAnswer or UserError. `client.py` decides what
follows from a failure: another attempt, or fewer calls in flight. Never more than `MAX_BYTES` of a
response are read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any, Protocol

import aiohttp
import orjson

from recipes.core.errors import UserError
from recipes.generate.schema import Message

MAX_BYTES = 4 << 20  # of a response: far more than the longest answer in any script
OVERLOADED = {429, 529}
NOT_READY = {502, 503, 504}
PAUSED = b"endpoint is paused"  # in the body of the 400 of a paused Inference Endpoint
RETRYABLE = {408, 409, 424, 425, 500, 520, 522, 524}
PERMANENT = {
    401: "refuses the token",
    402: "asks for payment: the credit is used up",
    403: "refuses the token",
    404: "does not know the model or path",
}
UNKNOWN_FIELD = {400, 422, 501}  # from servers that do not know a field of the request
TIMEOUT = "timeout"


@dataclass(frozen=True)
class Request:
    """A chat completion: all that determines the answer, and a JSON schema for it."""

    model: str
    messages: tuple[Message, ...]
    temperature: float
    max_tokens: int
    seed: int
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """The teacher's answer; journals store these fields.

    `finish` is OpenAI's finish_reason. Tokens are 0 where the server did not count them.
    """

    text: str
    reasoning: str
    finish: str
    tokens_in: int
    tokens_out: int


class Failure(Enum):
    """The kind of a failed call, for the limiter."""

    OVERLOADED = auto()
    NOT_READY = auto()
    BROKEN = auto()


class NoAnswer(Exception):
    """The teacher has no answer to this request; the message is a reason of `gates/reasons.py`."""


class RetryableError(Exception):
    """A call failed, but another attempt may succeed.

    `retry_after`: seconds that the server named, 0 if none. `may_be_billed`: whether the server may
    have done the work and bill it.
    """

    def __init__(
        self,
        failure: Failure,
        reason: str,
        retry_after: float = 0.0,
        may_be_billed: bool = False,
    ) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason
        self.retry_after = retry_after
        self.may_be_billed = may_be_billed


class Endpoint(Protocol):
    """A server that completes chats: by OpenAI's protocol here, by TGI's in `tgi.py`."""

    base: str

    async def status(self) -> int:
        """Return the HTTP status of a request that costs nothing."""
        ...

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Make one call of at most `seconds`.

        Raises RetryableError, NoAnswer or UserError.
        """
        ...


class OpenAIEndpoint:
    """OpenAI's protocol: Inference Endpoints and Providers, vLLM, llama.cpp."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.base = url.rstrip("/").removesuffix("/v1") + "/v1"
        self._http = http
        self._supports_schemas = True

    async def status(self) -> int:
        """Return the status of the list of models."""
        return await get_status(self._http, f"{self.base}/models")

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Make one call, without the schema once the server has refused one."""
        body: dict[str, Any] = {
            "model": request.model,
            "messages": request.messages,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "seed": request.seed,
        }
        if request.schema is None or not self._supports_schemas:
            return parse_completion(await self._post(body, seconds), self.base)
        with_schema = {**body, "response_format": response_format(request)}
        response = await self._post(with_schema, seconds)
        if response.status not in UNKNOWN_FIELD:
            return parse_completion(response, self.base)
        answer = parse_completion(await self._post(body, seconds), self.base)
        self._supports_schemas = False
        return answer

    async def _post(self, body: dict[str, Any], seconds: float) -> HttpResponse:
        return await post(self._http, f"{self.base}/chat/completions", body, seconds)


def response_format(request: Request) -> dict[str, Any]:
    """Return the schema as OpenAI's API expects it."""
    schema = {"name": "answer", "strict": True, "schema": request.schema}
    return {"type": "json_schema", "json_schema": schema}


@dataclass(frozen=True)
class HttpResponse:
    """An HTTP response; `retry_after` in seconds from now, 0 without that header."""

    status: int
    retry_after: float
    body: bytes


async def get_status(http: aiohttp.ClientSession, url: str) -> int:
    """Return the status of a GET."""
    async with http.get(url, timeout=aiohttp.ClientTimeout(total=30)) as response:
        return response.status


async def post(
    http: aiohttp.ClientSession, url: str, message: object, seconds: float
) -> HttpResponse:
    """Post JSON and return the response; raises RetryableError when there is none."""
    try:
        async with http.post(
            url,
            data=aiohttp.BytesPayload(orjson.dumps(message), content_type="application/json"),
            timeout=aiohttp.ClientTimeout(total=seconds),
            allow_redirects=False,
        ) as response:
            retry_after = parse_retry_after(response.headers)
            body = await _read_body(response)
            is_paused = response.status == 400 and PAUSED in body
            return HttpResponse(503 if is_paused else response.status, retry_after, body)
    except TimeoutError as error:
        raise RetryableError(Failure.OVERLOADED, TIMEOUT, may_be_billed=True) from error
    except aiohttp.ClientConnectorError as error:
        raise RetryableError(Failure.NOT_READY, "connection") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise RetryableError(Failure.BROKEN, "connection", may_be_billed=True) from error


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body; raises RetryableError when it has more than `MAX_BYTES`."""
    if response.content_length is not None and response.content_length <= MAX_BYTES:
        return await response.read()
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MAX_BYTES:
            response.close()
            raise RetryableError(Failure.BROKEN, "too_large", may_be_billed=True)
        parts.append(part)
        await asyncio.sleep(0)  # an endless response must not block other calls
    return b"".join(parts)


def parse_retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds of `Retry-After`, a number or an HTTP date; 0 for anything else."""
    value = headers.get("Retry-After")
    if not value:
        return 0.0
    if value.replace(".", "", 1).isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0


def parse_completion(response: HttpResponse, base: str) -> Answer:
    """Return the answer of a response, or raise what its status or body means."""
    raise_for_status(response, base)
    try:
        body = orjson.loads(response.body)
        choice = body["choices"][0]
        message = choice["message"]
        usage = body.get("usage") or {}
        reasoning = optional_text(message.get("reasoning_content") or message.get("reasoning"))
        text = optional_text(message.get("content"))
        if not reasoning:
            reasoning, text = split_reasoning(text)
        return Answer(
            text=text,
            reasoning=reasoning,
            finish=str(choice.get("finish_reason") or "stop"),
            tokens_in=token_count(usage, "prompt_tokens"),
            tokens_out=token_count(usage, "completion_tokens"),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise RetryableError(Failure.BROKEN, "no_completion", may_be_billed=True) from error


def raise_for_status(response: HttpResponse, base: str) -> None:
    """Raise what any status but 200 means."""
    raise_if_permanent(response.status, base)
    reason = f"status_{response.status}"
    for statuses, failure in (
        (OVERLOADED, Failure.OVERLOADED),
        (NOT_READY, Failure.NOT_READY),
        (RETRYABLE, Failure.BROKEN),
    ):
        if response.status in statuses:
            raise RetryableError(failure, reason, response.retry_after)
    if response.status != 200:
        raise NoAnswer(reason)


def optional_text(value: object) -> str:
    """Return a text, empty for null; raises TypeError for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("the value must be a text")
    return value


def token_count(usage: Mapping[str, Any], key: str) -> int:
    """Return a count of tokens, 0 if there is none; a negative one would pay for other calls."""
    return max(0, int(usage.get(key) or 0))


def split_reasoning(content: str) -> tuple[str, str]:
    """Return reasoning and text of a server that leaves both in the content.

    The opening `<think>` may be missing, because the chat template can have it.
    """
    reasoning, end, text = content.rpartition("</think>")
    reasoning = reasoning.strip().removeprefix("<think>").strip()
    return (reasoning, text.strip()) if end and "think>" not in reasoning else ("", content)


def raise_if_permanent(status: int, base: str) -> None:
    """Raise UserError for a status that no other attempt will change."""
    if status in PERMANENT:
        raise UserError(f"The teacher {base} {PERMANENT[status]} (status {status}).")


def max_tokens_of(messages: Sequence[Message]) -> int:
    """Return an upper bound of the tokens of messages: a token has at least one byte."""
    return sum(len(turn["content"].encode()) + 32 for turn in messages) + 32
