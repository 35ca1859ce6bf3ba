"""TGI's own protocol: its client with a server that answers like TGI."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from recipes.core.errors import Unworkable, UserError
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.connect import authorization, endpoint
from recipes.generate.teacher.failures import NoAnswer
from tests.recipes.generate.teacher_server import Handler, serving, teaching

MESSAGES = [Message(role="system", content="Be kind."), Message(role="user", content="Saluton")]
SCHEMA = {"type": "array", "items": {"type": "string"}}


def completion(text: str | None, finish: str = "stop") -> dict[str, object]:
    """Return TGI's response to a chat, with every field."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return {
        "object": "chat.completion",
        "id": "",
        "created": 1,
        "model": "m",
        "system_fingerprint": "3.3.5-native",
        "choices": [choice],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16},
    }


async def info(request: web.Request) -> web.StreamResponse:
    return web.json_response({"model_id": "m", "max_concurrent_requests": 128})


def ask(complete: Handler, folder: Path, times: int = 1, **more: object) -> tuple[Answer, Teacher]:
    """Send requests to such a TGI server; return the last answer and the teacher."""

    async def run() -> tuple[Answer, Teacher]:
        async with (
            serving(complete, info) as url,
            teaching(f"tgi+{url}", folder, **more) as teacher,
        ):
            await teacher.wait_until_ready()
            for number in range(times):
                answer = await teacher.complete(MESSAGES, number, schema=SCHEMA)
            return answer, teacher

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("content", "reasoning", "text"),
    [
        ('<think>\nHm.\n</think>\n\n["a"]', "Hm.", '["a"]'),
        ('Hm.\n</think>\n\n["a"]', "Hm.", '["a"]'),  # the template had opened it
        ("<think>\n\n</think>\n\na", "", "a"),
        ("a <think>Hm.</think> b", "", "a <think>Hm.</think> b"),  # a leak, for the gates
        ("<think>Hm. It never", "", "<think>Hm. It never"),
    ],
)
def test_reasoning_is_split_from_the_text(
    content: str, reasoning: str, text: str, tmp_path: Path
) -> None:
    async def complete(request: web.Request) -> web.StreamResponse:
        return web.json_response(completion(content))

    answer, _ = ask(complete, tmp_path)
    assert (answer.reasoning, answer.text) == (reasoning, text)


def test_negative_token_counts_do_not_pay_for_other_calls(tmp_path: Path) -> None:
    async def complete(request: web.Request) -> web.StreamResponse:
        wire = completion("a")
        return web.json_response({**wire, "usage": {"prompt_tokens": -9, "completion_tokens": -9}})

    answer, _ = ask(complete, tmp_path)
    assert (answer.tokens_in, answer.tokens_out) == (0, 0)


@pytest.mark.parametrize(
    ("finish", "expected"),
    [("stop", "stop"), ("eos_token", "stop"), ("stop_sequence", "stop"), ("length", "length")],
)
def test_tokens_and_the_finish_reason_are_parsed(
    finish: str, expected: str, tmp_path: Path
) -> None:
    bodies: list[dict[str, object]] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        return web.json_response(completion('["a"]', finish))

    answer, teacher = ask(complete, tmp_path)
    assert answer == Answer('["a"]', "", expected, 11, 5)
    assert (teacher.stats.tokens_in, teacher.stats.tokens_out) == (11, 5)
    (body,) = bodies
    assert body["messages"] == MESSAGES and body["response_format"] == {
        "type": "json",
        "value": SCHEMA,
    }
    assert (body["max_tokens"], body["temperature"]) == (16, 1.0) and "seed" not in body


def test_a_server_that_refuses_a_grammar_gets_none_from_then_on(tmp_path: Path) -> None:
    seen: list[bool] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        seen.append("response_format" in await request.json())
        error = {"error": "Input validation error: grammar is disabled", "error_type": "validation"}
        return web.json_response(
            *((error,) if seen[-1] else (completion("[]"),)), status=422 if seen[-1] else 200
        )

    ask(complete, tmp_path, times=3)
    assert seen == [True, False, False, False]


def test_an_overloaded_server_gets_fewer_calls(tmp_path: Path) -> None:
    seen = 0

    async def complete(request: web.Request) -> web.StreamResponse:
        nonlocal seen
        seen += 1
        error = {"error": "Model is overloaded", "error_type": "overloaded"}
        return web.json_response(
            error if seen == 1 else completion("[]"), status=429 if seen == 1 else 200
        )

    answer, teacher = ask(complete, tmp_path)
    assert answer.text == "[]"
    assert (teacher.stats.refused, teacher.stats.retried, teacher.limiter.cuts) == (1, 1, 1)


@pytest.mark.parametrize(
    ("wire", "status", "reason"),
    [
        ({"error": "out of memory", "error_type": "generation"}, 424, "status_424"),
        ({"error": "too long", "error_type": "validation"}, 422, "status_422"),
        ({"choices": []}, 200, "no_completion"),
        ([], 200, "no_completion"),
        ({**completion("x"), "choices": [{"message": {}}]}, 200, "no_completion"),
    ],
)
def test_what_is_no_answer_has_a_reason(
    wire: object, status: int, reason: str, tmp_path: Path
) -> None:
    async def complete(request: web.Request) -> web.StreamResponse:
        return web.json_response(wire, status=status)

    with pytest.raises(NoAnswer, match=reason):
        ask(complete, tmp_path)


def test_connections_are_kept(tmp_path: Path) -> None:
    seen: set[object] = set()

    async def complete(request: web.Request) -> web.StreamResponse:
        seen.add(request.transport)
        return web.json_response(completion(None))

    answer, _ = ask(complete, tmp_path, times=20)
    assert answer.text == "" and len(seen) == 1


def test_a_missing_client_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "text_generation.types", None)
    monkeypatch.delitem(sys.modules, "recipes.generate.teacher.tgi", raising=False)

    async def run() -> None:
        async with aiohttp.ClientSession() as http:
            endpoint(http, "tgi+http://127.0.0.1:9")

    with pytest.raises(Unworkable, match="pip install --no-deps text-generation"):
        asyncio.run(run())


def test_the_prefix_changes_nothing_about_tokens() -> None:
    known = {"HF_TOKEN": "hf_secret", "HF_ENDPOINT": "http://127.0.0.1:9"}
    assert authorization("tgi+http://127.0.0.1:9/x", known) == {"Authorization": "Bearer hf_secret"}
    assert authorization("tgi+https://evil.example", known) == {}
    with pytest.raises(UserError, match="http or https"):
        authorization("tgi+ftp://x", known)
