"""Errors of servers as they really are: what ends the run, what is tried again, and when."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from multidict import CIMultiDict

from recipes.core.errors import UserError
from recipes.generate.teacher.failures import MAX_WORDS, Failure, NoAnswer, RetryableError
from recipes.generate.teacher.http import parse_retry_after
from tests.recipes.generate.teacher.responses import TEXT, completion, error, parse, stream

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
    "balance in base_resp (MiniMax)": (
        200, {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient "
                                             "balance"}}, "credit",
    ),
    "arrears in msg (Zhipu)": (200, {"code": 1113, "msg": "Your account is in arrears"}, "credit"),
    "a model's name inside 200": (200, {"error": "model 'm' not found"}, "'m'"),
    "a region": (403, error("Country, region, or territory not supported"), "region"),
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
    "rate limit in base_resp": (
        200, {"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}},
        Failure.OVERLOADED, "status_429",
    ),
    "limit in error_msg (Baidu)": (
        200, {"error_code": 17, "error_msg": "Open api daily request limit reached"},
        Failure.OVERLOADED, "status_429",
    ),
    "throttled as a 400 (Bedrock)": (
        400, {"__type": "ThrottlingException", "message": "Too many requests"},
        Failure.OVERLOADED, "status_429",
    ),
    "plain text": (429, b"error code: 1015", Failure.OVERLOADED, "status_429"),
    "overloaded in a stream (Anthropic)": (
        200, b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error"}}\n\n',
        Failure.OVERLOADED, "status_529",
    ),
    "words in a stream": (
        200, b"event: error\ndata: Internal error\n\n", Failure.BROKEN, "connection"
    ),
    "detail in a stream": (200, b'data: {"detail": "x"}\n\n', Failure.BROKEN, "no_completion"),
    "wrong path inside 200 (LM Studio)": (
        200, {"error": "Unexpected endpoint or method."}, Failure.BROKEN, "no_completion"
    ),
    "a number as the content": (200, completion(content=42), Failure.BROKEN, "no_completion"),
    "choices that are no list": (200, {"choices": {"0": 1}}, Failure.BROKEN, "no_completion"),
    "a choice with nothing": (200, {"choices": [{}]}, Failure.BROKEN, "no_completion"),
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
    "an error of the choice, listed second": (
        200,
        {"choices": [{"index": 1, "message": {"content": "x"}},
                     {"index": 0, "error": {"code": 502, "message": "x"}}]},
        Failure.NOT_READY, "status_502",
    ),
    "choices with and without an index": (
        200, {"choices": [{"index": 1}, {"error": {"code": 429}}]}, Failure.OVERLOADED,
        "status_429",
    ),
    "an end with an error": (200, completion("error", content="Sal"), Failure.BROKEN, "no_comp"),
    "an aborted call": (200, completion("abort", content="Sal"), Failure.BROKEN, "no_completion"),
    "HTML with 200": (200, b"<html>Bad gateway</html>", Failure.BROKEN, "no_completion"),
    "empty": (200, b"", Failure.BROKEN, "no_completion"),
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
    "context inside 200": (200, {"error": "the prompt is too long"}, "context_limit"),
    "a filter (Azure)": (
        400, error("The response was filtered due to the prompt triggering Azure OpenAI's content "
                   "management policy.", "content_filter", param="prompt"), "refusal",
    ),
    "an inspection (Alibaba)": (
        400, error("Input data may contain inappropriate content.", "data_inspection_failed"),
        "refusal",
    ),
    "moderation as a 403 (OpenRouter)": (
        403, error("m requires moderation and your input was flagged", 403), "refusal"
    ),
    "a policy (OpenAI)": (
        400, error("your prompt was flagged as potentially violating our usage policy"), "refusal"
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


@pytest.mark.parametrize(("headers", "seconds"), [
    ({"Retry-After": "30"}, 30),
    ({"Retry-After": "0.5"}, 0.5),
    ({"Retry-After": "30s"}, 30),
    ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
    ({"Retry-After": "Fri, 31 Dec 2000 23:59:59 GMT"}, 0),
    ({"Retry-After": "-3"}, 0),
    ({"Retry-After": "1.2.3"}, 0),
    ({"Retry-After": "inf"}, 0),
    ({"Retry-After": "soon"}, 0),
    ({}, 0),
])  # fmt: skip
def test_the_seconds_of_retry_after(headers: dict[str, str], seconds: float) -> None:
    assert parse_retry_after(CIMultiDict(headers)) == seconds


def test_a_date_in_retry_after_is_a_time_from_now() -> None:
    assert parse_retry_after({"Retry-After": formatdate(time.time() + 60)}) == pytest.approx(60, 1)


@pytest.mark.parametrize(("words", "seconds"), [
    ("Rate limit reached. Please try again in 20s.", 20),
    ("Please retry in 25.3s", 25.3),
    ("try again in 350ms", 0.35),
    ("try again in 6m0s", 360),
    ("Try again in 1m2.5s", 62.5),
    ("Retry after 20 seconds", 20),
    ("try again in 1 minute", 60),
    ("try again in 7h12m", 0),
    ("try again later", 0),
])  # fmt: skip
def test_a_pause_may_be_named_in_words(words: str, seconds: float) -> None:
    with pytest.raises(RetryableError) as failure:
        parse(error(words), 429)
    assert failure.value.retry_after == pytest.approx(seconds)
