"""One call by OpenAI's chat completions protocol, streamed.

A call returns an answer or raises what `failures.py` makes of its failure. `client.py` decides what
follows: another attempt, or fewer calls in flight. A field that a server refuses is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import aiohttp

from recipes.generate.schema import Message
from recipes.generate.teacher.completion import Answer, error_of, parse_completion, read_content
from recipes.generate.teacher.failures import (
    CONTEXT_LIMIT,
    REFUSAL,
    NoAnswer,
    failure_of,
    server_error,
)
from recipes.generate.teacher.http import HttpResponse, get, post
from recipes.validation.teacher_urls import CANNOT_LIST, base_of

REFUSES_FIELDS = {400, 404, 415, 422, 500, 501}  # a 500 only of a schema
# What a request can do without, the least needed first, and how servers call it.
OPTIONAL_FIELDS = {
    "response_format": re.compile(r"response_format|json_schema|grammar|guided|structured", re.I),
    "stream_options": re.compile(r"stream_options|include_usage", re.I),
    "stream": re.compile(r"\bstream(?:ing)?\b", re.I),
    "reasoning_effort": re.compile(r"reasoning[_ ]effort|\b(?:reasoning|thinking)\b", re.I),
    "seed": re.compile(r"\bseed\b", re.I),
    "temperature": re.compile(r"\btemperature\b", re.I),
    "max_tokens": re.compile(r"\bmax_tokens\b", re.I),
}
UNNAMED = ("response_format", "stream")  # left out if the server names no field
MIN_FAILURES = 3  # statuses 500, or streams without usage, in a row until a field is left out
Effort = Literal["low", "medium", "high"]


@dataclass(frozen=True)
class Request:
    """A chat completion: all that determines the answer, and a JSON schema for it.

    effort: how much a model thinks that can be told so, None for its own default
    sends_seed: whether the server is told the seed, which makes vLLM sample the call on its own
    """

    model: str
    messages: tuple[Message, ...]
    temperature: float
    max_tokens: int
    seed: int
    schema: Mapping[str, Any] | None = None
    effort: Effort | None = None
    sends_seed: bool = False


class Endpoint(Protocol):
    """A server that completes chats: by OpenAI's protocol here, by TGI's in `tgi.py`."""

    base: str

    async def models(self) -> tuple[str, ...]:
        """Return the names of the models that it serves, none if it cannot list them.

        Raises RetryableError while it does not serve yet, and UserError if it refuses the token.
        """
        ...

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Make one call of at most `seconds`.

        Raises RetryableError, NoAnswer or UserError.
        """
        ...


class OpenAIEndpoint:
    """OpenAI's protocol: Inference Endpoints and Providers, vLLM, SGLang, llama.cpp."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.base = base_of(url)
        self._http = http
        self._refusals: Counter[str] = Counter()  # in a row, by field

    async def models(self) -> tuple[str, ...]:
        """Return the names in `/v1/models`, which some servers do not have."""
        return await self._list_models(f"{self.base}/models")

    async def _list_models(self, url: str) -> tuple[str, ...]:
        response = await get(self._http, url)
        content = read_content(response)
        if (error := server_error(response.status, content)) is None:
            return model_names(content)
        failure = failure_of(error, response.retry_after, self.base, "")
        if response.status in CANNOT_LIST or isinstance(failure, NoAnswer):
            return ()
        raise failure

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Make one call; one more for each field that the server refuses.

        A field counts as refused when the call succeeds without it. Streaming also does when the
        server then counts no tokens, as llama-cpp-python's does not: what a call costs is unknown.
        """
        body, left_out = self.body(request), Counter[str]()
        for name in [name for name in body if self._refusals[name] >= MIN_FAILURES]:
            leave_out(body, name)
        while True:
            sent = [field for field in OPTIONAL_FIELDS if field in body]
            response = await self._post(body, seconds)
            field = refused_field(response, sent)
            if field is None:
                break
            leave_out(body, field)
            left_out[field] = 1 if response.status == 500 else MIN_FAILURES
        answer = parse_completion(response, self.base, request.model)
        self._refusals.update(left_out)
        for name in sent:
            is_uncounted = name == "stream" and not answer.tokens_out
            self._refusals[name] = self._refusals[name] + 1 if is_uncounted else 0
        return answer

    def body(self, request: Request) -> dict[str, Any]:
        """Return the JSON of a request."""
        body: dict[str, Any] = {
            "model": request.model,
            "messages": request.messages,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.sends_seed:
            body["seed"] = request.seed
        if request.effort is not None:
            body["reasoning_effort"] = request.effort
        if request.schema is not None:
            body["response_format"] = response_format(request.schema)
        return body

    async def _post(self, body: dict[str, Any], seconds: float) -> HttpResponse:
        return await post(self._http, f"{self.base}/chat/completions", body, seconds)


def model_names(content: object) -> tuple[str, ...]:
    """Return the names in a list of models that can be printed, none if it is not one."""
    entries = content.get("data") if isinstance(content, Mapping) else None
    if not isinstance(entries, list):
        return ()
    names = (entry.get("id") for entry in entries if isinstance(entry, Mapping))
    return tuple(name for name in names if isinstance(name, str) and name and name.isprintable())


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema as OpenAI's API expects it."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }


def refused_field(response: HttpResponse, sent: Sequence[str]) -> str | None:
    """Return which of the optional fields that were sent the server refuses; None if none.

    A server that names none may mean any of a few.
    """
    if response.status not in REFUSES_FIELDS:
        return None
    error = error_of(response)
    if error is None:
        return None
    if response.status == 500:
        return "response_format" if "response_format" in sent else None
    failure = failure_of(error, 0.0, "", "")
    if isinstance(failure, NoAnswer) and str(failure) in (CONTEXT_LIMIT, REFUSAL):
        return None
    if error.field in sent:
        return error.field
    for field in sent:
        if OPTIONAL_FIELDS[field].search(error.words):
            return field
    if isinstance(failure, NoAnswer):
        return next((field for field in UNNAMED if field in sent), None)
    return None


def leave_out(body: dict[str, Any], field: str) -> None:
    """Remove a field; the limit of tokens gets its newer name, because it limits the cost."""
    value = body.pop(field, None)
    if field == "max_tokens":
        body["max_completion_tokens"] = value
    elif field == "stream":
        body.pop("stream_options", None)


def max_tokens_of(messages: Sequence[Message]) -> int:
    """Return an upper bound of the tokens of messages: a token has at least one byte."""
    return sum(len(turn["content"].encode()) + 32 for turn in messages) + 32
