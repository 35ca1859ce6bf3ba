"""Responses of servers as they really are, streamed and not: answers, ends, and errors.

The forms are those that public reports of other clients show, and their kin.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from recipes.core.errors import UserError
from recipes.generate.teacher.completion import Answer, parse_completion
from recipes.generate.teacher.failures import MAX_WORDS, Failure, NoAnswer, RetryableError
from recipes.generate.teacher.http import HttpResponse
from recipes.generate.teacher.openai import OPTIONAL_FIELDS, model_names, refused_field

USAGE = {"prompt_tokens": 7, "completion_tokens": 3}
TEXT, THOUGHT = "Saluton.", "Hm."


def parse(body: object, status: int = 200, retry_after: float = 0.0) -> Answer:
    return parse_completion(response(body, status, retry_after), "http://t/v1", "m")


def response(body: object, status: int = 200, retry_after: float = 0.0) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, retry_after, content)


def completion(finish: str | None = "stop", **message: object) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": USAGE}


def stream(*deltas: object, finish: str | None = "stop", end: bytes = b"data: [DONE]") -> bytes:
    """Return the events of a stream with these deltas, and usage in the last."""
    choices = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    choices.append([{"index": 0, "delta": {}, "finish_reason": finish}])
    chunks = [{"choices": each} for each in choices] + [{"choices": [], "usage": USAGE}]
    return b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks) + end


# The message of a completion: (text, reasoning).
MESSAGES: dict[str, tuple[dict[str, Any], str, str]] = {
    "plain": ({"content": TEXT}, TEXT, ""),
    "reasoning_content": ({"content": TEXT, "reasoning_content": THOUGHT}, TEXT, THOUGHT),
    "reasoning": ({"content": TEXT, "reasoning": THOUGHT}, TEXT, THOUGHT),
    "the same reasoning twice (vLLM)": (
        {"content": TEXT, "reasoning": THOUGHT, "reasoning_content": THOUGHT}, TEXT, THOUGHT
    ),
    "thinking (Ollama)": ({"content": TEXT, "thinking": THOUGHT}, TEXT, THOUGHT),
    "reasoning_details (OpenRouter)": (
        {"content": TEXT, "reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]},
        TEXT,
        THOUGHT,
    ),
    "parts of thinking (Mistral)": (
        {"content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
            {"type": "text", "text": TEXT},
        ]},
        TEXT,
        THOUGHT,
    ),
    "a part of thinking as a string": (
        {"content": [{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": TEXT}]},
        TEXT,
        THOUGHT,
    ),
    "parts of reasoning": (
        {"content": [{"type": "reasoning", "text": THOUGHT}, {"type": "text", "text": TEXT}]},
        TEXT,
        THOUGHT,
    ),
    "parts of output (OpenAI)": (
        {"content": [{"type": "output_text", "text": "Sal"}, {"type": "text", "text": "uton."}]},
        TEXT,
        "",
    ),
    "one part": ({"content": {"type": "text", "text": TEXT}}, TEXT, ""),
    "think in the content": ({"content": f"<think>{THOUGHT}</think>\n{TEXT}"}, TEXT, THOUGHT),
    "think in the content and a field": (
        {"content": f"<think>{THOUGHT}</think>\n{TEXT}", "reasoning_content": THOUGHT},
        TEXT,
        THOUGHT,
    ),
    "harmony without its tokens (A1)": (
        {"content": f"analysis{THOUGHT}assistantfinal{TEXT}"}, TEXT, THOUGHT
    ),
    "no content beside the reasoning": ({"reasoning_content": THOUGHT}, "", THOUGHT),
    "null": ({"content": None}, "", ""),
    "unknown fields": ({"content": TEXT, "tool_calls": [], "audio": None}, TEXT, ""),
}  # fmt: skip
ENDS = {
    "stop": "stop",
    "eos_token": "stop",  # TGI (A3)
    "stop_sequence": "stop",
    "eos": "stop",
    "STOP": "stop",
    "end_turn": "stop",
    "COMPLETE": "stop",
    "tool_calls": "stop",
    "length": "length",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "SAFETY": "content_filter",
    "refusal": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_text_and_reasoning_are_separated(name: str) -> None:
    message, text, reasoning = MESSAGES[name]
    assert parse(completion(**message)) == Answer(text, reasoning, "stop", 7, 3)
    content = message.get("content")
    pieces = [{"content": each} for each in content] if isinstance(content, str) else []
    deltas = [{key: value} for key, value in message.items() if not pieces or key != "content"]
    assert parse(stream(*deltas, *pieces)) == Answer(text, reasoning, "stop", 7, 3)


@pytest.mark.parametrize(("finish", "expected"), ENDS.items())
def test_only_limits_and_filters_are_bad_ends(finish: str, expected: str) -> None:
    assert parse(completion(finish, content=TEXT)).finish == expected
    assert parse(stream({"content": TEXT}, finish=finish)).finish == expected


def test_a_missing_end_is_a_stop_only_where_all_has_come() -> None:
    assert parse(completion(None, content=TEXT)).finish == "stop"
    assert parse(stream({"content": TEXT}, finish=None)).finish == "stop"
    with pytest.raises(RetryableError, match="connection"):
        parse(stream({"content": TEXT}, finish=None, end=b""))


@pytest.mark.parametrize("message", [
    {"content": None, "refusal": "Mi ne povas."},
    {"content": [{"type": "refusal", "refusal": "Mi ne povas."}]},
])  # fmt: skip
def test_a_refusal_is_filtered_and_keeps_its_words(message: dict[str, Any]) -> None:
    answer = parse(completion(**message))
    assert (answer.text, answer.finish) == ("Mi ne povas.", "content_filter")


STREAMS = {
    "line feeds": stream({"content": TEXT}),
    "carriage returns": stream({"content": TEXT}).replace(b"\n", b"\r\n"),
    "no space after the colon": stream({"content": TEXT}).replace(b"data: ", b"data:"),
    "comments and names of events": b": OPENROUTER PROCESSING\n\nevent: message\n"
    + stream({"content": TEXT}),
    "a byte order mark": b"\xef\xbb\xbf" + stream({"content": TEXT}),
    "no [DONE]": stream({"content": TEXT}, end=b""),
    "a role first": stream({"role": "assistant", "content": ""}, {"content": TEXT}),
    "null pieces": stream({"content": None}, {"content": TEXT}, {"content": None}),
    "an event without choices": b'data: {"type": "ping"}\n\n' + stream({"content": TEXT}),
    "letters in two events": stream({"content": "Sal"}, {"content": "uton."}),
    "data of several lines": stream({"content": TEXT}).replace(b", ", b",\ndata: "),
    "data of several lines, with names": stream({"content": TEXT})
    .replace(b", ", b",\r\ndata:")
    .replace(b"data: {", b"event: message\r\ndata: {"),
    "a choice that nobody asked for": stream({"content": TEXT}).replace(
        b'[{"index": 0', b'[{"index": 1, "delta": {"content": "x"}}, {"index": 0'
    ),
    "no blank lines": stream({"content": TEXT}).replace(b"\n\n", b"\n"),
    "a plain completion": json.dumps(completion(content=TEXT)).encode(),
    "messages instead of deltas": stream({"content": TEXT}).replace(b'"delta"', b'"message"'),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_read(name: str) -> None:
    assert parse(STREAMS[name]) == Answer(TEXT, "", "stop", 7, 3)


def test_tokens_are_zero_where_the_server_does_not_count() -> None:
    for usage in (None, {}, {"prompt_tokens": -9, "completion_tokens": None}):
        answer = parse(completion(content=TEXT) | {"usage": usage})
        assert (answer.tokens_in, answer.tokens_out) == (0, 0)


def error(message: str, code: object = None, **more: object) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, **more}}


# What ends the run at the first call: (status, body, a word of the sentence).
ENDING: dict[str, tuple[int, object, str]] = {
    "token": (401, error("Incorrect API key provided: sk-12345678"), "token"),
    "no credit": (402, {"error": "You have depleted your monthly included credits."}, "credit"),
    "no permission": (403, error("insufficient permissions"), "token"),
    "quota as a 429 (A7)": (429, error("You exceeded your plan", "insufficient_quota"), "credit"),
    "quota in words": (429, error("You exceeded your current quota, check billing"), "credit"),
    "credit as a 403": (403, {"error": "Your credit balance is exhausted"}, "credit"),
    "balance as a 400": (400, error("Insufficient Balance"), "credit"),
    "402 inside 200 (A8)": (200, error("Insufficient credits", 402), "credit"),
    "401 inside 200": (200, error("no key", "invalid_api_key"), "token"),
    "unknown model": (404, error("The model `m` does not exist", "model_not_found"), "model"),
    "unknown model as a 400": (400, error("Invalid model name passed in model=m"), "'m'"),
    "pinned model (A12)": (400, {"detail": "Server is pinned to a, requested m"}, "pinned to a"),
    "no provider": (400, {"error": "Model not supported by provider x"}, "'m'"),
    "no enabled provider": (
        400, {"error": "The requested model 'm' is not supported by any provider you have"}, "'m'"
    ),
    "wrong path": (404, {"detail": "Not Found"}, "path"),
    "HTML": (404, b"<html>Not here</html>", "path"),
}  # fmt: skip
# What is tried again: (status, body, kind, reason).
TEMPORARY: dict[str, tuple[int, object, Failure, str]] = {
    "rate limit": (429, error("slow down", "rate_limit_exceeded"), Failure.OVERLOADED, "429"),
    "quota for a minute": (
        429, error("You exceeded your current quota. Please retry in 25.3s"), Failure.OVERLOADED,
        "429",
    ),
    "429 inside 200": (200, error("slow down", 429), Failure.OVERLOADED, "status_429"),
    "429 inside 200 by name": (200, error("", "rate_limit_exceeded"), Failure.OVERLOADED, "429"),
    "Google's list": (
        200, [{"error": {"code": 503, "status": "UNAVAILABLE"}}], Failure.NOT_READY, "503"
    ),
    "overloaded (Anthropic)": (529, error("Overloaded"), Failure.OVERLOADED, "529"),
    "loading": (503, {"error": "Model is loading"}, Failure.NOT_READY, "status_503"),
    "paused": (400, {"error": "Bad Request: The endpoint is paused"}, Failure.NOT_READY, "503"),
    "out of memory (TGI)": (424, {"error": "out of memory"}, Failure.BROKEN, "status_424"),
    "vLLM inside 200": (
        200, {"object": "error", "message": "x", "code": 500}, Failure.BROKEN, "status_500"
    ),
    "an unknown error inside 200": (200, error("x", "weird"), Failure.BROKEN, "no_completion"),
    "an error of the choice (OpenRouter)": (
        200, {"choices": [{"error": {"code": 502, "message": "x"}, "message": {"content": ""}}]},
        Failure.NOT_READY, "status_502",
    ),
    "an end with an error": (200, completion("error", content="Sal"), Failure.BROKEN, "no_comp"),
    "an aborted call": (200, completion("abort", content="Sal"), Failure.BROKEN, "no_completion"),
    "HTML with 200": (200, b"<html>Bad gateway</html>", Failure.BROKEN, "no_completion"),
    "empty": (200, b"", Failure.BROKEN, "no_completion"),
    "impossible usage": (
        200, completion(content=TEXT) | {"usage": {"prompt_tokens": 1e300}}, Failure.BROKEN, "no_c"
    ),
    "half of JSON": (200, b'{"choices": [{"mess', Failure.BROKEN, "no_completion"),
    "an error in a stream": (
        200, stream({"content": "Sal"}, end=b'data: {"error": {"code": 500}}'), Failure.BROKEN,
        "status_500",
    ),
    "a bare error in a stream": (
        200, b'data: {"choices": []}\n\n{"error": {"code": 503}}', Failure.NOT_READY, "status_503"
    ),
    "llama.cpp's error in a stream": (
        200, b'error: {"code": 503, "message": "Loading model"}\n\n', Failure.NOT_READY, "503"
    ),
    "a stream cut in an event": (
        200, stream({"content": TEXT})[:-60], Failure.BROKEN, "connection"
    ),
    "a stream of numbers": (200, b"data: 1\n\ndata: [DONE]\n\n", Failure.BROKEN, "no_completion"),
    "deep lists": (
        200, b'{"choices":[{"message":{"content":' + b"[" * 900 + b"]" * 900 + b"}}]}",
        Failure.BROKEN, "no_completion",
    ),
    "endless tokens": (
        200, b'{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":1e400}}',
        Failure.BROKEN, "no_completion",
    ),
}  # fmt: skip
# What no other attempt will change for this request: (status, body, reason).
FINAL: dict[str, tuple[int, object, str]] = {
    "context (OpenAI)": (
        400, error("This model's maximum context length is 4096 tokens", "context_length_exceeded"),
        "context_limit",
    ),
    "context (vLLM)": (
        400,
        {"object": "error", "code": 400, "message": "'max_tokens' is too large: 8192. This model's "
         "maximum context length is 4096 tokens and your request has 30"},
        "context_limit",
    ),
    "context (TGI)": (
        422, {"error": "`inputs` tokens + `max_new_tokens` must be <= 4096. Reduce the length"},
        "context_limit",
    ),
    "context (llama.cpp)": (
        400, error("the request exceeds the available context size"), "context_limit"
    ),
    "validation": (422, {"detail": [{"loc": ["body", "x"], "msg": "required"}]}, "status_422"),
    "a redirect": (307, b"", "status_307"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDING)
def test_some_errors_end_the_run(name: str) -> None:
    status, body, words = ENDING[name]
    with pytest.raises(UserError, match=words) as failure:
        parse(body, status)
    assert "12345678" not in str(failure.value)  # no key that a server repeats


@pytest.mark.parametrize("name", TEMPORARY)
def test_some_errors_are_tried_again(name: str) -> None:
    status, body, kind, reason = TEMPORARY[name]
    with pytest.raises(RetryableError, match=reason) as failure:
        parse(body, status)
    assert failure.value.failure is kind


@pytest.mark.parametrize("name", FINAL)
def test_some_errors_end_the_request(name: str) -> None:
    status, body, reason = FINAL[name]
    with pytest.raises(NoAnswer, match=reason):
        parse(body, status)


def test_the_servers_words_are_short_and_printable() -> None:
    with pytest.raises(NoAnswer) as failure:
        parse(error("a\x1b[31m\nhf_abcdefghijkl " + "x" * 9999), 422)
    words = failure.value.words
    assert words.startswith("a [31m *** xx") and len(words) == MAX_WORDS


SENT = tuple(OPTIONAL_FIELDS)
REFUSED_FIELDS = {
    "another spelling (A5)": (
        400, error("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
                   "unsupported_parameter", param="max_tokens"), "max_tokens",
    ),
    "only in words": (400, error("Unrecognized request argument supplied: seed"), "seed"),
    "an effort": (400, error("Unsupported value: 'reasoning_effort' does not support 'low'"),
                  "reasoning_effort"),
    "a value": (400, error("'temperature' does not support 0.7 with this model"), "temperature"),
    "pydantic": (
        422, {"detail": [{"loc": ["body", "stream_options"], "msg": "extra fields not permitted"}]},
        "stream_options",
    ),
    "a schema": (400, {"error": "json_schema is not supported"}, "response_format"),
    "a grammar (TGI)": (422, {"error": "Input validation error: grammar is disabled"},
                        "response_format"),
    "a 500 to a schema (A11)": (500, error("Exception"), "response_format"),
    "streaming": (501, {"error": "Streaming is not implemented"}, "stream"),
    "unnamed": (400, b"", "response_format"),
    "a context": (400, error("maximum context length is 9; reduce max_tokens"), None),
    "a model": (404, error("model m not found"), None),
    "too many calls": (429, error("stream"), None),
    "an answer": (200, completion(content="seed"), None),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_FIELDS)
def test_a_refused_field_is_found(name: str) -> None:
    status, body, field = REFUSED_FIELDS[name]
    assert refused_field(response(body, status), SENT) == field


def test_without_a_schema_a_500_refuses_no_field() -> None:
    assert refused_field(response(error("Exception"), 500), SENT[1:]) is None


@pytest.mark.parametrize(("content", "names"), [
    ({"data": [{"id": "a"}, {"id": "b"}]}, ("a", "b")),
    ({"data": [{"id": 3}, "x", {}]}, ()),
    ({"model_id": "m"}, ()),
    ("text", ()),
])  # fmt: skip
def test_lists_of_models_are_read(content: object, names: tuple[str, ...]) -> None:
    assert model_names(content) == names
