"""Read the response to a chat completion: JSON, or the events of a stream.

The pieces of a stream are put together to what the server would have sent as one JSON object, so
that all that follows is the same for both. https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from recipes.core.reasoning import split_reasoning
from recipes.generate.teacher.failures import (
    NO_COMPLETION,
    Failure,
    RetryableError,
    ServerError,
    failure_of,
    server_error,
)
from recipes.generate.teacher.http import HttpResponse

# Values of `finish_reason`, in lower case. All others mean that the model ended its answer.
CUT = {
    *("length", "max_tokens", "max_output_tokens", "max_length", "model_length", "token_limit"),
    *("timeout", "time_limit"),
}
FILTERED = {
    *("content_filter", "content_filtered", "safety", "refusal", "recitation", "blocklist"),
    *("prohibited_content", "spii", "sensitive", "guardrail_intervened", "moderation"),
    *("error_toxic", "language"),
}
FAILED = {"error", "abort", "aborted", "cancelled", "insufficient_system_resource"}
REASONING_KEYS = (
    *("reasoning_content", "reasoning", "thinking", "thought", "reasoning_details"),
    "thinking_blocks",
)
REASONING_TYPES = ("thinking", "reasoning", "thought", "redacted_thinking")
PART_KEYS = ("text", "content", "thinking", "reasoning", "summary", "refusal")
MOST_TOKENS = 10**9  # of a call
TOKEN_KEYS = (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What reading something else than a completion raises.
INVALID = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
EVENT_FIELDS = (b"data:", b"error:")  # llama.cpp has had `error:` for errors


@dataclass(frozen=True)
class Answer:
    """The teacher's answer; journals store these fields.

    `finish` is `stop`, `length` (the token limit) or `content_filter` (a filter of the server, or a
    refusal). Tokens are 0 where the server did not count them.
    """

    text: str
    reasoning: str
    finish: str
    tokens_in: int
    tokens_out: int


def parse_completion(response: HttpResponse, base: str, model: str) -> Answer:
    """Return the answer of a response, or raise what its status or its content means."""
    content = read_content(response)
    error = server_error(response.status, content) or _error_of_choice(content)
    if error is not None:
        raise failure_of(error, response.retry_after, base, model)
    try:
        return _answer(content)
    except INVALID as invalid:
        raise RetryableError(Failure.BROKEN, NO_COMPLETION, may_be_billed=True) from invalid


def error_of(response: HttpResponse) -> ServerError | None:
    """Return the error that a response reports; None if there is none."""
    return server_error(response.status, read_content(response))


def read_content(response: HttpResponse) -> object:
    """Return the JSON of a body, also of a stream; the text of any other body.

    Raises RetryableError for a stream that broke off.
    """
    body = response.body.removeprefix(BYTE_ORDER_MARK)
    try:
        return orjson.loads(body)
    except ValueError:
        events = _events(body)
    if events is None:
        return body[:4000].decode("utf-8", "replace")
    try:
        return _joined(events)
    except INVALID as invalid:
        raise RetryableError(Failure.BROKEN, NO_COMPLETION, may_be_billed=True) from invalid


def _events(body: bytes) -> list[Any] | None:
    """Return the JSON of each event of a stream, None for `[DONE]`; None if it is no stream."""
    lines = body.splitlines()
    if not any(line.startswith(EVENT_FIELDS) for line in lines):
        return None
    with suppress(ValueError):
        return _values(lines)
    with suppress(ValueError):
        return _values(_whole_events(lines))
    return []  # it broke off in the middle of an event


def _values(lines: Iterable[bytes]) -> list[Any]:
    data = [
        line.partition(b":")[2].strip() if line.startswith(EVENT_FIELDS) else line
        for line in lines
        if line.startswith((*EVENT_FIELDS, b"{"))  # a gateway's error may interrupt a stream
    ]
    joined = b",".join(b"null" if each == b"[DONE]" else each for each in data if each)
    return list(orjson.loads(b"[" + joined + b"]"))


def _whole_events(lines: Iterable[bytes]) -> list[bytes]:
    """Join lines of data without a blank one between; not all servers send blank ones."""
    events = [b""]
    for line in lines:
        if line.startswith(b"data:") and events[-1].startswith(b"data:"):
            events[-1] += line.removeprefix(b"data:")
        else:
            events.append(line)
    return events


def _joined(events: Iterable[Any]) -> object:
    """Return the completion that the events of a stream add up to, or the first error.

    Raises RetryableError if the stream broke off.
    """
    fields: dict[str, Any] = {"content": []}
    usage: object = None
    finish: object = None
    is_done = False
    for event in events:
        if event is None:
            is_done = True
            continue
        choices = event.get("choices")
        if event.get("error") or (choices is None and _is_error(event)):
            return {"error": event.get("error") or event}
        usage = event.get("usage") or usage
        if "x_groq" in event:
            usage = event["x_groq"].get("usage") or usage
        for choice in choices or ():
            if int(choice.get("index") or 0):
                continue  # another answer, which nobody asked for
            if choice.get("error"):
                return {"error": choice["error"]}
            finish = choice.get("finish_reason") or finish
            if "usage" in choice:
                usage = choice["usage"] or usage
            delta = choice.get("delta")
            for key, value in (_message(choice) if delta is None else delta).items():
                if value:
                    fields.setdefault(key, []).append(value)
    if not finish and not is_done:
        raise RetryableError(Failure.BROKEN, "connection", may_be_billed=True)
    return {"choices": [{"message": fields, "finish_reason": finish}], "usage": usage}


def _is_error(event: Mapping[str, Any]) -> bool:
    return bool(server_error(200, event)) or "code" in event


def _first_choice(content: Any) -> Any:
    """Return the choice with the index 0; raises one of several errors if there is none."""
    choices = content["choices"]
    return next((each for each in choices if not each.get("index")), choices[0])


def _error_of_choice(content: object) -> ServerError | None:
    """Return the error in the first choice, where OpenRouter reports those of its providers."""
    try:
        error = _first_choice(content).get("error")
    except INVALID:
        return None
    return server_error(200, {"error": error})


def _answer(content: Any) -> Answer:
    """Read the first choice; raises one of several errors if the content is not a completion."""
    choice = _first_choice(content)
    finish = _finish_reason(choice.get("finish_reason"))
    if finish in FAILED:
        raise RetryableError(Failure.BROKEN, NO_COMPLETION, may_be_billed=True)
    message = _message(choice)
    if not message and not finish:
        raise LookupError("a choice needs a message")
    reasoning = next(filter(None, (_reasoning(message.get(key)) for key in REASONING_KEYS)), "")
    declined = _parts(message.get("refusal")).all
    parts = _parts(message.get("content"))
    declined = parts.refusal or declined
    inside, text = split_reasoning(parts.text)
    tokens_in, tokens_out = token_counts(content.get("usage"))
    return Answer(
        text=text or declined,
        reasoning=reasoning or parts.reasoning or inside,
        finish=_finish(finish, bool(declined and not text)),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
    )


def _message(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the message of a choice; older servers only have a text."""
    text = {"content": choice["text"]} if "text" in choice else {}
    message: Mapping[str, Any] | None = choice.get("message")
    return text if message is None else message


def _reasoning(value: object) -> str:
    """Return the texts of a field of reasoning, none if a server has a setting there."""
    try:
        return _parts(value).all
    except TypeError:
        return ""


def _finish_reason(value: object) -> str:
    """Return why the answer ended: from `MAX_TOKENS`, `content_filter: SAFETY`, `{"type": …}`."""
    if isinstance(value, Mapping):
        value = value.get("type")
    return str(value or "").lower().partition(":")[0]


def _finish(finish: str, has_declined: bool) -> str:
    if has_declined or finish in FILTERED:
        return "content_filter"
    return "length" if finish in CUT else "stop"


@dataclass(frozen=True)
class _Parts:
    """The texts of a message's content by kind."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""

    @property
    def all(self) -> str:
        return self.reasoning + self.text + self.refusal


def _parts(value: object) -> _Parts:
    """Return the texts in a string, a part (an object with a type), or a list of them.

    Raises TypeError for anything else.
    """
    if value is None:
        return _Parts()
    if isinstance(value, str):
        return _Parts(value)
    if isinstance(value, list):
        if all(isinstance(each, str) for each in value):
            return _Parts("".join(value))
        parts = [_parts(each) for each in value]
        return _Parts(
            "".join(part.text for part in parts),
            "".join(part.reasoning for part in parts),
            "".join(part.refusal for part in parts),
        )
    if not isinstance(value, Mapping):
        raise TypeError("the content must be a text")
    kind = str(value.get("type") or "")
    inside = _parts([value[key] for key in PART_KEYS if key in value]).all
    if "thinking" in value or kind.startswith(REASONING_TYPES):
        return _Parts(reasoning=inside)
    return _Parts(refusal=inside) if kind == "refusal" else _Parts(inside)


def token_counts(usage: object) -> tuple[int, int]:
    """Return the tokens that were read and written, both 0 if the server did not count both.

    What no call can have is no count either: the answer is then charged as the longest one.
    """
    if not isinstance(usage, Mapping):
        return 0, 0
    counts: list[Any] = [
        next(filter(None, map(usage.get, keys)), usage.get(keys[0])) for keys in TOKEN_KEYS
    ]
    try:
        read, written = (int(float(count)) for count in counts)
    except (ValueError, TypeError, OverflowError):
        return 0, 0
    is_count = 0 <= read <= MOST_TOKENS and 0 <= written <= MOST_TOKENS
    return (read, written) if is_count else (0, 0)
