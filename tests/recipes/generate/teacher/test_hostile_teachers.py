"""Teachers with every fault at once: the run ends, and every row is kept, dropped or lost."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from pathlib import Path
from random import Random
from zlib import crc32

import pytest
from aiohttp import web

from recipes.core import language
from recipes.core.config import load
from recipes.generate.context import GenerationContext
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.gates import build_gates
from recipes.generate.schema import Message
from recipes.generate.settings import parse
from recipes.generate.sources import topics, translation
from recipes.generate.teacher.budget import Price
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.failures import NoAnswer
from recipes.generate.teacher.http import MAX_BYTES
from recipes.generate.teacher.workers import run_workers
from recipes.practice import exercises
from recipes.practice.rule_based import respond
from tests.recipes.generate.teacher_server import completion, serving, teaching

MESSAGES = [Message(role="user", content="Saluton")]
FAULTS = (
    "half a list",
    "fenced",
    "wrong keys",
    "wrong language",
    "nothing",
    "null",
    "cut off",
    "html",
    "half a body",
    "large",
    "redirect",
    "reset",
    "hang",
    "numbers",
    "half a character",
    "nested",
    "no usage",
)


async def faulty_response(request: web.Request, fault: str, correct: str) -> web.StreamResponse:
    """Return a response with this fault."""
    if fault == "reset":
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError
    if fault == "hang":
        await asyncio.sleep(2)
    if fault == "redirect":
        raise web.HTTPTemporaryRedirect(request.path)
    if fault == "html":
        return web.Response(text="<html><h1>502</h1></html>", content_type="text/html")
    if fault == "large":
        return web.Response(body=b"[" + b"x" * (MAX_BYTES + 1))
    contents: dict[str, object] = {
        "half a list": '["half a',
        "fenced": f"```json\n{correct}\n```",
        "wrong keys": '{"a": 1, "b": ["c"]}',
        "wrong language": json.dumps(["The old man and the sea are friends of this house."] * 2),
        "nothing": "",
        "null": None,
        "numbers": "[1, 2, 3]",
        "half a character": '["\\ud83d", "\\ud83d"]',
        "nested": "[" * 20_000 + "]" * 20_000,
    }
    wire = completion(contents.get(fault, correct), "length" if fault == "cut off" else "stop")
    if fault == "no usage":
        assert isinstance(wire, dict)
        del wire["usage"]
    text = json.dumps(wire)
    return web.Response(text=text[: len(text) // 2] if fault == "half a body" else text)


def faulty_teacher(share: float, *faults: str) -> tuple[Counter[str], object]:
    """Return a practice teacher whose responses have faults in this share of calls."""
    counts: Counter[str] = Counter()
    numbers = itertools.count()

    async def complete(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        wire = json.loads(body)
        correct = respond(wire["messages"], wire.get("seed", 0)).text
        chance = Random(crc32(body) + next(numbers))
        if chance.random() >= share:
            return web.json_response(completion(correct))
        fault = chance.choice(faults)
        counts[fault] += 1
        return await faulty_response(request, fault, correct)

    return counts, complete


def conversations(number: int) -> list[tuple[Message, ...]]:
    """Return English conversations of the practice world."""
    conversations = []
    for seed in range(number):
        exercise = exercises.random_exercise(Random(seed), "topic", "eng")
        answer = exercises.answer(exercise, Random(seed))
        prompt = Message(role="user", content=exercises.prompt(exercise))
        conversations.append((prompt, Message(role="assistant", content=answer)))
    return conversations


async def generate(teacher: Teacher, rows: int, folder: Path) -> GenerationContext:
    """Generate translations and a tree of topics."""
    settings = parse(load("practice", "o", "epo_Latn").generate)
    esperanto = language.get("epo_Latn")
    context = GenerationContext(
        teacher, esperanto, 1, build_gates(settings.gates, esperanto), RowStore(folder / "rows")
    )
    tree = topics.TopicSettings(2, 0, 2, 2, 3)
    roots = itertools.chain(
        translation.root_work(context, settings.answers, conversations(rows)),
        topics.root_work(context, tree, settings.answers, tree.rows),
    )
    await run_workers(roots, 64)
    return context


@pytest.mark.parametrize("share", [0.3, 0.95])
def test_with_any_faults_the_run_ends_and_the_counts_add_up(share: float, tmp_path: Path) -> None:
    counts, complete = faulty_teacher(share, *FAULTS)

    async def run() -> tuple[GenerationContext, Teacher]:
        calm = {"failures_in_a_row": 10**6, "start": 64, "concurrency": 64}
        async with (
            serving(complete) as url,  # type: ignore[arg-type]
            teaching(url, tmp_path, max_tokens=512, **calm) as teacher,
        ):
            return await generate(teacher, 120, tmp_path), teacher

    context, teacher = asyncio.run(run())
    assert set(counts) == set(FAULTS) if share > 0.5 else len(counts) > 10
    context.rows.sort()
    judged = [(row, reason) for _, row, reason in context.rows.in_order()]
    translated = sum(row.source == "translation" for row, _ in judged)
    assert translated <= 120 <= context.finished == len(judged) + context.lost.total()
    assert context.lost and "" not in context.lost
    assert teacher.limiter.in_flight == 0
    for row, _ in judged:
        json.dumps(row.messages).encode()
        assert row.id


def test_translations_add_up_to_the_conversations(tmp_path: Path) -> None:
    counts, complete = faulty_teacher(0.5, *(fault for fault in FAULTS if fault != "hang"))

    async def run() -> GenerationContext:
        async with (
            serving(complete) as url,  # type: ignore[arg-type]
            teaching(url, tmp_path, max_tokens=512, failures_in_a_row=10**6) as teacher,
        ):
            settings = parse(load("practice", "o", "epo_Latn").generate)
            esperanto = language.get("epo_Latn")
            store = RowStore(tmp_path / "rows")
            gates = build_gates(settings.gates, esperanto)
            context = GenerationContext(teacher, esperanto, 1, gates, store)
            await run_workers(
                translation.root_work(context, settings.answers, conversations(200)), 8
            )
            return context

    context = asyncio.run(run())
    assert (
        context.finished == context.rows.kept + context.rows.dropped + context.lost.total() == 200
    )
    assert counts.total() > 50
    assert context.lost_examples.keys() == context.lost.keys()
    assert context.lost_examples["not_texts"] in ("[1, 2, 3]", '["\\ud83d", "\\ud83d"]')


def test_resets_of_a_tenth_of_calls_lose_nothing(tmp_path: Path) -> None:
    counts, complete = faulty_teacher(0.1, "reset")

    async def run() -> Teacher:
        async with (
            serving(complete) as url,  # type: ignore[arg-type]
            teaching(url, tmp_path, attempts=6) as teacher,
        ):
            for number in range(20):
                asked = [Message(role="user", content=f"{number} {n}") for n in range(8)]
                await asyncio.gather(*(teacher.complete([turn], 1) for turn in asked))
            return teacher

    teacher = asyncio.run(run())
    assert (teacher.stats.answered, teacher.stats.failed) == (160, 0)
    assert teacher.stats.retried == counts["reset"] > 5
    assert teacher.limiter.cuts == 0


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("large", "too_large"), ("redirect", "status_307"), ("html", "no_completion")],
)
def test_a_useless_response_has_a_reason(fault: str, reason: str, tmp_path: Path) -> None:
    counts, complete = faulty_teacher(1.0, fault)

    async def run() -> None:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:  # type: ignore[arg-type]
            with pytest.raises(NoAnswer, match=reason):
                await teacher.complete(MESSAGES, 1)

    asyncio.run(run())
    assert counts[fault] == (1 if fault == "redirect" else 3)


def test_an_endless_body_is_not_read_to_the_end(tmp_path: Path) -> None:
    sent = 0

    async def complete(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(50):
            await response.write(b" " * (1 << 20))
            sent += 1
        return response

    async def run() -> None:
        async with serving(complete) as url, teaching(url, tmp_path, timeout=20) as teacher:
            with pytest.raises(NoAnswer, match="too_large"):
                await teacher.complete(MESSAGES, 1)

    asyncio.run(run())
    assert sent < 3 * 20


def test_a_teacher_that_refuses_a_schema_gets_none_from_then_on(tmp_path: Path) -> None:
    had_schema: list[bool] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        had_schema.append("response_format" in body)
        if had_schema[-1]:
            return web.json_response({"error": "response_format is not supported"}, status=400)
        return web.json_response(completion('["a"]'))

    async def run() -> list[Answer]:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:
            return [await teacher.complete(MESSAGES, n, schema={"type": "array"}) for n in range(3)]

    assert [answer.text for answer in asyncio.run(run())] == ['["a"]'] * 3
    assert had_schema == [True, False, False, False]


def test_a_request_that_is_refused_without_a_schema_too_proves_nothing(tmp_path: Path) -> None:
    had_schema: list[bool] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        had_schema.append("response_format" in body)
        wrong = "seed" not in body
        return web.json_response(completion("[]"), status=400 if wrong else 200)

    async def run() -> None:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:
            with pytest.raises(NoAnswer, match="status_400"):
                await teacher.complete(MESSAGES, 0, schema={"type": "array"})
            await teacher.complete(MESSAGES, 1, schema={"type": "array"}, sends_seed=True)

    asyncio.run(run())
    assert had_schema == [True, False, False, True]  # streamed, too, until the last


def test_the_cap_ends_a_run_with_the_answers_so_far(tmp_path: Path) -> None:
    _, complete = faulty_teacher(0.2, "half a list", "reset", "no usage", "html")
    price = Price(usd_per_million_in=1.0, usd_per_million_out=1.0)

    async def run() -> tuple[GenerationContext, Teacher]:
        async with (
            serving(complete) as url,  # type: ignore[arg-type]
            teaching(url, tmp_path, price, cap=0.02, max_tokens=512) as teacher,
        ):
            return await generate(teacher, 200, tmp_path), teacher

    context, teacher = asyncio.run(run())
    assert teacher.budget.stop_reason == "cap" and context.lost["cap"] > 0
    assert not teacher.has_all_answers
    assert context.rows.kept and 0 < teacher.budget.spent <= 0.02
    assert context.finished >= 200


def test_calls_with_the_same_long_prefix_follow_each_other(tmp_path: Path) -> None:
    received: list[str] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        received.append(body["messages"][-1]["content"][0])
        await asyncio.sleep(0.001)
        return web.json_response(completion("Jes."))

    async def run() -> None:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:

            async def leaf(text: str) -> tuple[()]:
                await teacher.complete([Message(role="user", content=text)], 1)
                return ()

            async def root(letter: str) -> list[object]:
                await teacher.complete([Message(role="user", content=letter)], 1)
                return [lambda n=n: leaf(f"{letter}{n}") for n in range(6)]

            await run_workers((lambda c=c: root(c) for c in "abcdefghijklmnop"), 8)  # type: ignore[arg-type, misc, return-value]

    asyncio.run(run())
    changes = sum(a != b for a, b in itertools.pairwise(received))
    assert len(received) == 16 * 7 and changes < 60  # 105 if they were mixed at random
