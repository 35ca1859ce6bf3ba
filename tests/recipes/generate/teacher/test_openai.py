"""Addresses, lists of models, and the fields that servers refuse."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web

from recipes.generate.schema import Message
from recipes.generate.teacher.openai import OPTIONAL_FIELDS, model_names, refused_field
from tests.recipes.generate.teacher.responses import completion, error, response, stream
from tests.recipes.generate.teacher_server import serving, teaching

SENT = tuple(OPTIONAL_FIELDS)
REFUSED_FIELDS = {
    "another spelling (A5)": (
        400, error("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
                   "unsupported_parameter", param="max_tokens"), "max_tokens",
    ),
    "only in words": (400, error("Unrecognized request argument supplied: seed"), "seed"),
    "an effort": (400, error("Unsupported value: 'reasoning_effort' does not support 'low'"),
                  "reasoning_effort"),
    "reasoning": (400, error("This model does not support thinking"), "reasoning_effort"),
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
    "a filter": (400, error("Your prompt was flagged", param="seed"), None),
    "too many calls": (429, error("stream"), None),
    "an answer": (200, completion(content="seed"), None),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_FIELDS)
def test_a_refused_field_is_found(name: str) -> None:
    status, body, field = REFUSED_FIELDS[name]
    assert refused_field(response(body, status), SENT) == field


def test_without_a_schema_a_500_refuses_no_field() -> None:
    assert refused_field(response(error("Exception"), 500), SENT[1:]) is None


def test_a_server_that_counts_no_streamed_tokens_is_not_asked_to_stream(tmp_path: Path) -> None:
    streamed: list[bool] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        streamed.append("stream" in await request.json())
        uncounted = stream({"content": "Jes."}).replace(b"prompt_tokens", b"words")
        body = uncounted if streamed[-1] else json.dumps(completion(content="Jes.")).encode()
        return web.Response(body=body)

    async def run() -> list[int]:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:
            turn = [Message(role="user", content="?")]
            return [(await teacher.complete(turn, seed)).tokens_out for seed in range(5)]

    assert asyncio.run(run()) == [0, 0, 0, 3, 3] and streamed == [True] * 3 + [False] * 2


@pytest.mark.parametrize(("content", "names"), [
    ({"data": [{"id": "a"}, {"id": "b"}]}, ("a", "b")),
    ({"data": [{"id": 3}, "x", {}]}, ()),
    ({"model_id": "m"}, ()),
    ("text", ()),
])  # fmt: skip
def test_lists_of_models_are_read(content: object, names: tuple[str, ...]) -> None:
    assert model_names(content) == names
