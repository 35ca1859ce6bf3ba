"""TGI's own protocol, through its client, against a server of its shape."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from recipes.core.errors import UserError
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.connect import authorization, endpoint
from recipes.generate.teacher.openai import Answer, NoAnswer
from tests.recipes.generate.teacher_server import Handler, serving, teaching

ASKED = [Message(role="system", content="Be kind."), Message(role="user", content="Saluton")]
SCHEMA = {"type": "array", "items": {"type": "string"}}


def told(text: str | None, finish: str = "stop") -> dict[str, object]:
    """TGI's answer to a chat, every field that it sends."""
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
    """What a TGI server that answers so is understood to say."""

    async def run() -> tuple[Answer, Teacher]:
        async with (
            serving(complete, info) as url,
            teaching(f"tgi+{url}", folder, **more) as teacher,
        ):
            await teacher.wait_until_ready()
            for number in range(times):
                answer = await teacher.complete(ASKED, number, schema=SCHEMA)
            return answer, teacher

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("said", "reasoning", "text"),
    [
        ('<think>\nHm.\n</think>\n\n["a"]', "Hm.", '["a"]'),
        ('Hm.\n</think>\n\n["a"]', "Hm.", '["a"]'),  # the template had opened it
        ("<think>\n\n</think>\n\na", "", "a"),
        ("a <think>Hm.</think> b", "", "a <think>Hm.</think> b"),  # a leak, for the gates
        ("<think>Hm. It never", "", "<think>Hm. It never"),
    ],
)
def test_reasoning_in_the_text_is_parted_from_it(
    said: str, reasoning: str, text: str, tmp_path: Path
) -> None:
    async def complete(request: web.Request) -> web.StreamResponse:
        return web.json_response(told(said))

    answer, _ = ask(complete, tmp_path)
    assert (answer.reasoning, answer.text) == (reasoning, text)


def test_tokens_less_than_none_do_not_pay_for_other_calls(tmp_path: Path) -> None:
    async def complete(request: web.Request) -> web.StreamResponse:
        wire = told("a")
        return web.json_response({**wire, "usage": {"prompt_tokens": -9, "completion_tokens": -9}})

    answer, _ = ask(complete, tmp_path)
    assert (answer.tokens_in, answer.tokens_out) == (0, 0)


@pytest.mark.parametrize(
    ("finish", "means"),
    [("stop", "stop"), ("eos_token", "stop"), ("stop_sequence", "stop"), ("length", "length")],
)
def test_tokens_and_the_reason_of_the_end_are_read_right(
    finish: str, means: str, tmp_path: Path
) -> None:
    seen: list[dict[str, object]] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        seen.append(await request.json())
        return web.json_response(told('["a"]', finish))

    answer, teacher = ask(complete, tmp_path)
    assert answer == Answer('["a"]', "", means, 11, 5)
    assert (teacher.stats.tokens_in, teacher.stats.tokens_out) == (11, 5)
    (wire,) = seen
    assert wire["messages"] == ASKED and wire["response_format"] == {
        "type": "json",
        "value": SCHEMA,
    }
    assert (wire["max_tokens"], wire["seed"], wire["temperature"]) == (16, 0, 1.0)


def test_a_server_that_knows_no_grammar_is_asked_without_from_then_on(tmp_path: Path) -> None:
    seen: list[bool] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        seen.append("response_format" in await request.json())
        error = {"error": "Input validation error: grammar is disabled", "error_type": "validation"}
        return web.json_response(
            *((error,) if seen[-1] else (told("[]"),)), status=422 if seen[-1] else 200
        )

    ask(complete, tmp_path, times=3)
    assert seen == [True, False, False, False]


def test_an_overloaded_server_is_asked_again_more_slowly(tmp_path: Path) -> None:
    seen = 0

    async def complete(request: web.Request) -> web.StreamResponse:
        nonlocal seen
        seen += 1
        error = {"error": "Model is overloaded", "error_type": "overloaded"}
        return web.json_response(
            error if seen == 1 else told("[]"), status=429 if seen == 1 else 200
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
        ({**told("x"), "choices": [{"message": {}}]}, 200, "no_completion"),
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
        return web.json_response(told(None))

    answer, _ = ask(complete, tmp_path, times=20)
    assert answer.text == "" and len(seen) == 1


def test_a_missing_client_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "text_generation", None)
    monkeypatch.delitem(sys.modules, "recipes.generate.teacher.tgi", raising=False)

    async def run() -> None:
        async with aiohttp.ClientSession() as http:
            endpoint(http, "tgi+http://127.0.0.1:9")

    with pytest.raises(UserError, match="pip install --no-deps text-generation"):
        asyncio.run(run())


def test_the_prefix_changes_nothing_about_tokens() -> None:
    known = {"HF_TOKEN": "hf_secret", "HF_ENDPOINT": "http://127.0.0.1:9"}
    assert authorization("tgi+http://127.0.0.1:9/x", known) == {"Authorization": "Bearer hf_secret"}
    assert authorization("tgi+https://evil.example", known) == {}
    with pytest.raises(UserError, match="http or https"):
        authorization("tgi+ftp://x", known)
