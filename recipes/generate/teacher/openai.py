"""One call over the wire: OpenAI's chat completions over aiohttp, and what each ending means.

A call is an answer, or one of four endings; what follows from an ending (another try, a slower
pace) is decided in `teacher.py`. Whatever a server sends, no more than `LARGEST` bytes are read.
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

LARGEST = 4 << 20  # bytes of an answer: far above what the longest one in any script takes
TOO_MANY = {429, 529}
NOT_READY = {502, 503, 504}
AGAIN = {408, 409, 424, 425, 500, 520, 522, 524}
NEVER = {401: "refuses the token", 403: "refuses the token", 404: "does not know the model or path"}
TIMEOUT = "timeout"
NOT_SO = {400, 422, 501}  # what servers say to a field that they do not know


@dataclass(frozen=True)
class Request:
    """What is asked: all that determines the answer, and a JSON schema that it should follow."""

    model: str
    messages: tuple[Message, ...]
    temperature: float
    max_tokens: int
    seed: int
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """What the teacher said; `finish` is OpenAI's finish_reason, 0 tokens were not counted."""

    text: str
    reasoning: str
    finish: str
    tokens_in: int
    tokens_out: int


class Ending(Enum):
    """How a call failed: too many of them, nobody there yet, or broken."""

    TOO_MANY = auto()
    NOT_READY = auto()
    BROKEN = auto()


class NoAnswer(Exception):
    """The teacher gave none to this request; the text is a reason for the counts."""


class Again(Exception):
    """This call failed and another may not; `after` seconds when the server named them.

    `billed`: whether the server may have done the work all the same.
    """

    def __init__(
        self, ending: Ending, reason: str, after: float = 0.0, billed: bool = False
    ) -> None:
        super().__init__(reason)
        self.ending = ending
        self.reason = reason
        self.after = after
        self.billed = billed


class Endpoint(Protocol):
    """Something that answers: OpenAI's protocol here, TGI's in `tgi.py`."""

    base: str

    async def look(self) -> int:
        """The HTTP status of a look at what is served, which costs nothing."""
        ...

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Ask once, for so many seconds at most; raises Again, NoAnswer or UserError."""
        ...


class Chat:
    """OpenAI's protocol: Inference Endpoints and Providers, vLLM, llama.cpp."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.base = url.rstrip("/").removesuffix("/v1") + "/v1"
        self._http = http
        self._structured = True

    async def look(self) -> int:
        """The status of the list of models."""
        return await look(self._http, f"{self.base}/models")

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Ask, with the schema as long as the server takes it: one that does not is remembered."""
        wire: dict[str, Any] = {
            "model": request.model,
            "messages": request.messages,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "seed": request.seed,
        }
        if request.schema is None or not self._structured:
            return read(await self._post(wire, seconds), self.base)
        got = await self._post({**wire, "response_format": response_format(request)}, seconds)
        if got.status not in NOT_SO:
            return read(got, self.base)
        answer = read(await self._post(wire, seconds), self.base)
        self._structured = False
        return answer

    async def _post(self, wire: dict[str, Any], seconds: float) -> Got:
        return await post(self._http, f"{self.base}/chat/completions", wire, seconds)


def response_format(request: Request) -> dict[str, Any]:
    """The schema as OpenAI's API wants it."""
    named = {"name": "answer", "strict": True, "schema": request.schema}
    return {"type": "json_schema", "json_schema": named}


@dataclass(frozen=True)
class Got:
    """An HTTP answer; `after` is the Retry-After in seconds from now, 0 when there is none."""

    status: int
    after: float
    body: bytes


async def look(http: aiohttp.ClientSession, url: str) -> int:
    """The status of a GET."""
    async with http.get(url, timeout=aiohttp.ClientTimeout(total=30)) as got:
        return got.status


async def post(http: aiohttp.ClientSession, url: str, wire: object, seconds: float) -> Got:
    """Send JSON and read what comes, up to the bound; raises Again when nothing comes."""
    try:
        async with http.post(
            url,
            data=aiohttp.BytesPayload(orjson.dumps(wire), content_type="application/json"),
            timeout=aiohttp.ClientTimeout(total=seconds),
            allow_redirects=False,
        ) as got:
            return Got(got.status, retry_after(got.headers), await _bounded(got))
    except TimeoutError as error:
        raise Again(Ending.TOO_MANY, TIMEOUT, billed=True) from error
    except aiohttp.ClientConnectorError as error:
        raise Again(Ending.NOT_READY, "connection") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise Again(Ending.BROKEN, "connection", billed=True) from error


async def _bounded(got: aiohttp.ClientResponse) -> bytes:
    """The body; raises Again when it is larger than any answer."""
    if got.content_length is not None and got.content_length <= LARGEST:
        return await got.read()
    parts, size = [], 0
    async for part in got.content.iter_any():
        size += len(part)
        if size > LARGEST:
            got.close()
            raise Again(Ending.BROKEN, "too_large", billed=True)
        parts.append(part)
        await asyncio.sleep(0)  # an endless answer must not keep the others waiting
    return b"".join(parts)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that `Retry-After` names, as a number or as an HTTP date; 0 for anything else."""
    told = headers.get("Retry-After")
    if not told:
        return 0.0
    if told.replace(".", "", 1).isdecimal():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except ValueError:
        return 0.0


def read(got: Got, base: str) -> Answer:
    """An answer, or the ending that this status or body means."""
    settle(got, base)
    try:
        wire = orjson.loads(got.body)
        choice = wire["choices"][0]
        said = choice["message"]
        usage = wire.get("usage") or {}
        reasoning = text(said.get("reasoning_content") or said.get("reasoning"))
        whole = text(said.get("content"))
        reasoning, whole = (reasoning, whole) if reasoning else parted(whole)
        return Answer(
            text=whole,
            reasoning=reasoning,
            finish=str(choice.get("finish_reason") or "stop"),
            tokens_in=counted(usage, "prompt_tokens"),
            tokens_out=counted(usage, "completion_tokens"),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Again(Ending.BROKEN, "no_completion", billed=True) from error


def settle(got: Got, base: str) -> None:
    """Nothing for status 200; raises the ending that any other one means."""
    refuse(got.status, base)
    if got.status in TOO_MANY:
        raise Again(Ending.TOO_MANY, f"status_{got.status}", got.after)
    if got.status in NOT_READY:
        raise Again(Ending.NOT_READY, f"status_{got.status}", got.after)
    if got.status in AGAIN:
        raise Again(Ending.BROKEN, f"status_{got.status}", got.after)
    if got.status != 200:
        raise NoAnswer(f"status_{got.status}")


def text(value: object) -> str:
    """A text as it is, "" for null; raises TypeError for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("text is wanted")
    return value


def counted(usage: Mapping[str, Any], key: str) -> int:
    """Tokens, 0 when they were not counted: what is less than nothing would pay for other calls."""
    return max(0, int(usage.get(key) or 0))


def parted(said: str) -> tuple[str, str]:
    """Reasoning and text, where a server leaves both in one; what opens the reasoning may stand in
    the chat template, unseen."""
    thought, end, rest = said.rpartition("</think>")
    thought = thought.strip().removeprefix("<think>").strip()
    return (thought, rest.strip()) if end and "think>" not in thought else ("", said)


def refuse(status: int, base: str) -> None:
    """Raises UserError for what no other try will mend."""
    if status in NEVER:
        raise UserError(f"The teacher {base} {NEVER[status]} (status {status}).")


def size_of(messages: Sequence[Message]) -> int:
    """More tokens than these messages can be: no tokenizer makes two of one byte."""
    return sum(len(turn["content"].encode()) + 32 for turn in messages) + 32
