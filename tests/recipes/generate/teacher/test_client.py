"""Teachers that fail: every request ends with an answer or a reason, within limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from recipes.core.errors import UserError
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher, key_of
from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.connect import authorization
from recipes.generate.teacher.failures import NoAnswer
from recipes.generate.teacher.openai import Request
from recipes.generate.teacher.retry import complete_parsed, list_in
from recipes.practice.server import events
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
    assert teacher.has_all_answers


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
    assert not teachers[0].has_all_answers
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
    with pytest.raises(UserError, match="after 0.2 s: it answers with the HTTP status 503"):
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
    with pytest.raises(UserError, match="after 0.2 s: it answers with the HTTP status 503"):
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


def _once(status: int, content: object) -> tuple[list[dict[str, Any]], Handler]:
    """Return the bodies that were sent, and a handler that answers all with this content."""
    bodies: list[dict[str, Any]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        return web.json_response(content, status=status)

    return bodies, handler


def test_a_limit_that_has_another_name_is_sent_by_it_from_then_on(tmp_path: Path) -> None:
    names: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        names.extend(key for key in body if "tokens" in key)
        if "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return web.json_response({"error": {"message": message}}, status=400)
        assert body["max_completion_tokens"] == 16
        return web.json_response(GOOD)

    async def use(teacher: Teacher) -> None:
        for seed in range(2):
            await teacher.complete(MESSAGES, seed)

    asyncio.run(_with(handler, tmp_path, use))
    assert names == ["max_tokens", "max_completion_tokens", "max_completion_tokens"]


def test_a_schema_that_breaks_a_server_is_left_out_after_a_few_calls(tmp_path: Path) -> None:
    had_schema: list[bool] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        had_schema.append("response_format" in await request.json())
        return web.json_response(GOOD, status=500 if had_schema[-1] else 200)

    async def use(teacher: Teacher) -> None:
        for seed in range(5):
            await teacher.complete(MESSAGES, seed, schema={"type": "array"})

    _, teacher = asyncio.run(_with(handler, tmp_path, use))
    assert had_schema == [True, False] * 3 + [False] * 2 and teacher.stats.retried == 0


def test_without_credit_the_first_call_is_the_last(tmp_path: Path) -> None:
    error = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    bodies, handler = _once(429, error)
    with pytest.raises(UserError, match="credit is used up .status 402.. It says: You exceeded"):
        asyncio.run(_with(handler, tmp_path, lambda teacher: teacher.complete(MESSAGES, 1)))
    assert len(bodies) == 1


def test_the_servers_words_are_printed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, handler = _once(422, {"error": {"message": "Saluton is a forbidden word"}})

    async def use(teacher: Teacher) -> None:
        for seed in range(3):
            with pytest.raises(NoAnswer, match="status_422"):
                await teacher.complete(MESSAGES, seed)

    asyncio.run(_with(handler, tmp_path, use))
    assert capsys.readouterr().out.count("Saluton is a forbidden word") == 1


def test_an_answer_is_streamed_for_longer_than_a_gateway_waits(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert (await request.json())["stream"] is True
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events({**GOOD, "usage": None}, 5):
            await response.write(event)
            await asyncio.sleep(0.01)
        return response

    answer, _ = asyncio.run(_with(handler, tmp_path, lambda teacher: teacher.complete(MESSAGES, 1)))
    assert answer == Answer("Bonan tagon", "", "stop", 0, 0)


def _models(*names: str, status: int = 200) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": [{"id": name} for name in names]}, status=status)

    return handler


@pytest.mark.parametrize(
    ("handler", "model"),
    [
        (_models("m", "n"), "m"),
        (_models("n"), "n"),
        (_models(), "m"),
        (_models(status=404), "m"),
        (_models(status=500), "m"),
    ],
)
def test_the_model_is_the_recipes_or_the_only_one(
    handler: Handler, model: str, tmp_path: Path
) -> None:
    _, teacher = asyncio.run(_with(handler, tmp_path, lambda teacher: teacher.wait_until_ready()))
    assert teacher.settings.model == model


def test_one_of_several_other_models_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not serve 'm', but a, b: name one"):
        asyncio.run(_with(_models("a", "b"), tmp_path, lambda teacher: teacher.wait_until_ready()))


@pytest.mark.parametrize(("heeds", "calls"), [(True, 8), (False, 7)])
def test_a_teacher_that_repeats_its_answers_is_not_asked_twice(
    heeds: bool, calls: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies: list[dict[str, Any]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        text = f"no list {bodies[-1].get('seed') if heeds else ''}"
        return web.json_response({"choices": [{"message": {"content": text}}]})

    async def use(teacher: Teacher) -> None:
        for number in range(4):
            with pytest.raises(NoAnswer, match="broken_json"):
                asked = [Message(role="user", content=str(number))]
                await complete_parsed(teacher, asked, 1, partial(list_in, 3))

    _, teacher = asyncio.run(_with(handler, tmp_path, use))
    assert len(bodies) == calls and teacher.has_all_answers is heeds
    assert ("same answer to every seed" in capsys.readouterr().out) is not heeds
    seeds = {body.get("seed") for body in bodies}
    assert seeds == {None, 2}, "only a second try pays for a seed"


def test_a_timeout_is_asked_again_with_half_of_the_tokens(tmp_path: Path) -> None:
    limits: list[int] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        limits.append((await request.json())["max_tokens"])
        return await _slow() if limits[-1] > 4 else web.json_response(GOOD)

    answer, _ = asyncio.run(_with(handler, tmp_path, lambda teacher: teacher.complete(MESSAGES, 1)))
    assert isinstance(answer, Answer) and limits == [16, 8, 4]


def test_an_effort_is_sent_and_makes_another_request(tmp_path: Path) -> None:
    bodies, handler = _once(200, GOOD)

    async def use(teacher: Teacher) -> None:
        await teacher.complete(MESSAGES, 1)
        await teacher.complete(MESSAGES, 1, effort="high")
        await teacher.complete(MESSAGES, 1)

    asyncio.run(_with(handler, tmp_path, use, effort="low"))
    assert [body["reasoning_effort"] for body in bodies] == ["low", "high"]


def test_the_key_of_a_request_without_new_fields_is_that_of_older_journals() -> None:
    request = Request("m", tuple(MESSAGES), 1.0, 16, 1)
    assert key_of(request) == "c53089f4d7eebcf8fe4664853da6ed88926e75f5c29db7af324a9c5e59ca4014"
    assert key_of(replace(request, sends_seed=True, schema={"type": "array"})) == key_of(request)
    assert key_of(replace(request, effort="low")) != key_of(request)


def test_jobs_and_providers_on_the_hub_get_its_token_and_the_payer() -> None:
    tokens = {"HF_TOKEN": "hf_secret"}
    token = {"Authorization": "Bearer hf_secret"}
    assert authorization("https://687f--8000.hf.jobs", tokens, "org") == token
    assert authorization("http://687f--8000.hf.jobs", tokens) == {}
    assert authorization("https://evilrouter.huggingface.co", tokens) == {}
    providers = "https://router.huggingface.co/v1"
    assert authorization(providers, tokens) == token
    assert authorization(providers, tokens, "org") == {**token, "X-HF-Bill-To": "org"}
