"""Teachers that fail: every request ends with an answer or a reason, within limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from recipes.core.errors import UserError
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.connect import authorization
from recipes.generate.teacher.failures import NoAnswer
from tests.recipes.generate.teacher_server import SETTINGS, Handler, serving, teaching

MESSAGES = [Message(role="user", content="Saluton")]
GOOD = {"choices": [{"message": {"content": "Bonan tagon"}, "finish_reason": "stop"}]}


async def _with(
    handler: Handler, tmp_path: Path, use: Callable[[Teacher], Awaitable[object]], **more: object
) -> tuple[object, Teacher]:
    """Serve `handler` as a teacher and use it."""
    async with serving(handler) as url, teaching(url, tmp_path, **more) as teacher:
        return await use(teacher), teacher


def after(failures: int, bad: Callable[[], Awaitable[web.StreamResponse]]) -> Handler:
    """Return a handler that answers correctly after this number of failures."""
    calls = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        return await bad() if calls <= failures else web.json_response(GOOD)

    return handler


async def _slow() -> web.StreamResponse:
    await asyncio.sleep(2)
    return web.json_response(GOOD)


async def _reset() -> web.StreamResponse:
    raise ConnectionResetError


def _text(text: str, status: int = 200, **headers: str) -> Callable[[], Awaitable[web.Response]]:
    async def respond() -> web.Response:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(text=text, status=status, headers=fields)

    return respond


FAILURES = {
    "too many requests": (_text("{}", 429, Retry_After="1"), "status_429"),
    "server error": (_text("oops", 500), "status_500"),
    "starting": (_text("", 503), "status_503"),
    "paused": (_text('{"error":"Bad Request: The endpoint is paused"}', 400), "status_503"),
    "half JSON": (_text(json.dumps(GOOD)[:30]), "no_completion"),
    "HTML with status 200": (_text("<html>Bad gateway</html>"), "no_completion"),
    "empty": (_text(""), "no_completion"),
    "a list": (_text("[]"), "no_completion"),
    "no choices (A4 #5)": (_text('{"choices": []}'), "no_completion"),
    "an error object": (_text('{"error": {"message": "x"}}'), "no_completion"),
    "a number for text": (_text('{"choices": [{"message": {"content": 3}}]}'), "no_completion"),
    "endless": (_slow, "timeout"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_temporary_failure_is_retried(name: str, tmp_path: Path) -> None:
    bad, _ = FAILURES[name]
    answer, teacher = asyncio.run(
        _with(after(2, bad), tmp_path, lambda teacher: teacher.complete(MESSAGES, 1))
    )
    assert isinstance(answer, Answer) and answer.text == "Bonan tagon"
    assert (teacher.stats.answered, teacher.stats.retried, teacher.stats.failed) == (1, 2, 0)


@pytest.mark.parametrize("name", sorted(FAILURES.keys() - {"starting", "paused"}))
def test_a_permanent_failure_ends_with_its_reason(name: str, tmp_path: Path) -> None:
    bad, reason = FAILURES[name]
    teachers: list[Teacher] = []

    async def use(teacher: Teacher) -> None:
        teachers.append(teacher)
        await teacher.complete(MESSAGES, 1)

    with pytest.raises(NoAnswer, match=reason):
        asyncio.run(_with(after(99, bad), tmp_path, use))
    assert (teachers[0].stats.failed, teachers[0].stats.retried) == (1, 2)
    assert not (tmp_path / "journal.jsonl").read_bytes()


def test_an_invalid_request_is_not_repeated(tmp_path: Path) -> None:
    async def use(teacher: Teacher) -> None:
        with pytest.raises(NoAnswer, match="status_422"):
            await teacher.complete(MESSAGES, 1)

    _, teacher = asyncio.run(_with(after(99, _text("", 422)), tmp_path, use))
    assert teacher.stats.retried == 0


@pytest.mark.parametrize(
    ("status", "message"), [(401, "token"), (402, "credit"), (403, "token"), (404, "path")]
)
def test_a_permanent_refusal_ends_the_run_at_once(
    status: int, message: str, tmp_path: Path
) -> None:
    refusing = after(99, _text("", status))
    with pytest.raises(UserError, match=message):
        asyncio.run(_with(refusing, tmp_path, lambda teacher: teacher.complete(MESSAGES, 1)))


def test_a_dead_teacher_ends_the_run(tmp_path: Path) -> None:
    async def use(teacher: Teacher) -> None:
        for number in range(10):
            try:
                await teacher.complete([Message(role="user", content=str(number))], 1)
            except NoAnswer:
                assert number < 4

    with pytest.raises(UserError, match="failed 5 requests in a row .status_500."):
        asyncio.run(_with(after(99, _text("", 500)), tmp_path, use))


def test_the_same_request_is_paid_once(tmp_path: Path) -> None:
    async def use(teacher: Teacher) -> None:
        first = await asyncio.gather(*(teacher.complete(MESSAGES, 1) for _ in range(20)))
        assert {answer.text for answer in [*first, await teacher.complete(MESSAGES, 1)]} == {
            "Bonan tagon"
        }

    _, teacher = asyncio.run(_with(after(0, _slow), tmp_path, use))
    assert teacher.stats.answered == 1
    assert (tmp_path / "journal.jsonl").read_bytes().count(b"\n") == 1


def test_a_cold_start_is_awaited_but_a_dead_teacher_is_not(tmp_path: Path) -> None:
    cold = after(3, _text("", 503))
    asyncio.run(_with(cold, tmp_path, lambda teacher: teacher.wait_until_ready(), ready_within=5.0))
    with pytest.raises(UserError, match="not ready after 0.2 s: status_503"):
        asyncio.run(
            _with(after(9**9, _text("", 503)), tmp_path, lambda teacher: teacher.wait_until_ready())
        )


def test_a_teacher_that_wakes_slowly_uses_up_no_attempts(tmp_path: Path) -> None:
    asleep = after(9, _text("", 503))
    answer, teacher = asyncio.run(
        _with(asleep, tmp_path, lambda teacher: teacher.complete(MESSAGES, 1), ready_within=5.0)
    )
    assert isinstance(answer, Answer) and teacher.stats.failed == 0
    assert teacher.limiter.limit == SETTINGS.start and teacher.limiter.asleep_since is None
    with pytest.raises(UserError, match="not ready after 0.2 s: status_503"):
        asyncio.run(
            _with(after(9**9, _text("", 503)), tmp_path / "2", lambda t: t.complete(MESSAGES, 1))
        )


def test_only_the_hub_gets_the_hubs_token() -> None:
    tokens = {"HF_TOKEN": "hf_secret"}
    assert authorization("http://127.0.0.1:9/v1", tokens) == {}
    local = {**tokens, "HF_ENDPOINT": "http://127.0.0.1:9"}
    token = {"Authorization": "Bearer hf_secret"}
    assert authorization("http://127.0.0.1:9/inference/o/n", local) == token
    assert authorization("http://127.0.0.1:99/v1", local) == {}
    assert authorization("https://evil.example/endpoints.huggingface.cloud", tokens) == {}
    assert authorization("https://x.us-east-1.aws.endpoints.huggingface.cloud", tokens) == {
        "Authorization": "Bearer hf_secret"
    }
    named = {**tokens, "KAKUGO_TEACHER_TOKEN": "sk"}
    assert authorization("https://api.example/v1", named) == {"Authorization": "Bearer sk"}
