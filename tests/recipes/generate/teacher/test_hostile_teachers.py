"""Teachers that lie in every way at once: the run ends, and every row is kept, dropped or lost."""

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
from recipes.generate.teacher.openai import LARGEST, Answer, NoAnswer
from recipes.generate.teacher.workers import run_workers
from recipes.practice import exercises
from recipes.practice.rule_based import respond
from tests.recipes.generate.teacher_server import completion, serving, teaching

ASKED = [Message(role="user", content="Saluton")]
LIES = (
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


async def lie(request: web.Request, how: str, truth: str) -> web.StreamResponse:
    """One answer of each kind of liar."""
    if how == "reset":
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError
    if how == "hang":
        await asyncio.sleep(2)
    if how == "redirect":
        raise web.HTTPTemporaryRedirect(request.path)
    if how == "html":
        return web.Response(text="<html><h1>502</h1></html>", content_type="text/html")
    if how == "large":
        return web.Response(body=b"[" + b"x" * (LARGEST + 1))
    said: dict[str, object] = {
        "half a list": '["half a',
        "fenced": f"```json\n{truth}\n```",
        "wrong keys": '{"a": 1, "b": ["c"]}',
        "wrong language": json.dumps(["The old man and the sea are friends of this house."] * 2),
        "nothing": "",
        "null": None,
        "numbers": "[1, 2, 3]",
        "half a character": '["\\ud83d", "\\ud83d"]',
        "nested": "[" * 20_000 + "]" * 20_000,
    }
    wire = completion(said.get(how, truth), "length" if how == "cut off" else "stop")
    if how == "no usage":
        assert isinstance(wire, dict)
        del wire["usage"]
    text = json.dumps(wire)
    return web.Response(text=text[: len(text) // 2] if how == "half a body" else text)


def liar(share: float, *lies: str) -> tuple[Counter[str], object]:
    """A practice teacher that lies to this share of calls, each time anew."""
    told: Counter[str] = Counter()
    numbers = itertools.count()

    async def complete(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        wire = json.loads(body)
        truth = respond(wire["messages"], wire["seed"]).text
        chance = Random(crc32(body) + next(numbers))
        if chance.random() >= share:
            return web.json_response(completion(truth))
        how = chance.choice(lies)
        told[how] += 1
        return await lie(request, how, truth)

    return told, complete


def conversations(number: int) -> list[tuple[Message, ...]]:
    """English conversations of the practice world."""
    found = []
    for seed in range(number):
        exercise = exercises.random_exercise(Random(seed), "topic", "eng")
        answer = exercises.answer(exercise, Random(seed))
        turns = Message(role="user", content=exercises.prompt(exercise))
        found.append((turns, Message(role="assistant", content=answer)))
    return found


async def harvested(teacher: Teacher, rows: int, folder: Path) -> GenerationContext:
    """A small run: translations and a tree of topics."""
    settings = parse(load("practice", "o", "epo_Latn").generate)
    told = language.get("epo_Latn")
    harvest = GenerationContext(
        teacher, told, 1, build_gates(settings.gates, told), RowStore(folder / "rows")
    )
    tree = topics.TopicSettings(2, 0, 2, 2, 3)
    roots = itertools.chain(
        translation.grow(harvest, settings.answers, conversations(rows)),
        topics.grow(harvest, tree, settings.answers, tree.rows),
    )
    await run_workers(roots, 64)
    return harvest


@pytest.mark.parametrize("share", [0.3, 0.95])
def test_whatever_teachers_say_the_run_ends_and_the_count_adds_up(
    share: float, tmp_path: Path
) -> None:
    told, complete = liar(share, *LIES)

    async def run() -> tuple[GenerationContext, Teacher]:
        calm = {"failures_in_a_row": 10**6, "start": 64, "concurrency": 64}
        async with (
            serving(complete) as url,  # type: ignore[arg-type]
            teaching(url, tmp_path, max_tokens=512, **calm) as teacher,
        ):
            return await harvested(teacher, 120, tmp_path), teacher

    harvest, teacher = asyncio.run(run())
    assert set(told) == set(LIES) if share > 0.5 else len(told) > 10
    harvest.spool.sort()
    judged = [(row, reason) for _, row, reason in harvest.spool.in_order()]
    translated = sum(row.source == "translation" for row, _ in judged)
    assert translated <= 120 <= harvest.done == len(judged) + harvest.lost.total()
    assert harvest.lost and "" not in harvest.lost
    assert teacher.pace.in_flight == 0
    for row, _ in judged:
        json.dumps(row.messages).encode()
        assert row.id


def test_translations_alone_add_up_to_what_there_was(tmp_path: Path) -> None:
    told, complete = liar(0.5, *(how for how in LIES if how != "hang"))

    async def run() -> GenerationContext:
        async with (
            serving(complete) as url,  # type: ignore[arg-type]
            teaching(url, tmp_path, max_tokens=512, failures_in_a_row=10**6) as teacher,
        ):
            settings = parse(load("practice", "o", "epo_Latn").generate)
            told = language.get("epo_Latn")
            spool = RowStore(tmp_path / "rows")
            harvest = GenerationContext(teacher, told, 1, build_gates(settings.gates, told), spool)
            await run_workers(translation.grow(harvest, settings.answers, conversations(200)), 8)
            return harvest

    harvest = asyncio.run(run())
    assert harvest.done == harvest.spool.kept + harvest.spool.dropped + harvest.lost.total() == 200
    assert told.total() > 50


def test_a_tenth_of_resets_loses_nothing(tmp_path: Path) -> None:
    told, complete = liar(0.1, "reset")

    async def run() -> Teacher:
        async with (
            serving(complete) as url,  # type: ignore[arg-type]
            teaching(url, tmp_path, attempts=6) as teacher,
        ):
            for number in range(20):
                asked = [Message(role="user", content=f"{number} {n}") for n in range(8)]
                await asyncio.gather(*(teacher.ask([turn], 1) for turn in asked))
            return teacher

    teacher = asyncio.run(run())
    assert (teacher.usage.asked, teacher.usage.failed) == (160, 0)
    assert teacher.usage.retried == told["reset"] > 5
    assert teacher.pace.cuts == 0


@pytest.mark.parametrize(
    ("how", "reason"),
    [("large", "too_large"), ("redirect", "status_307"), ("html", "no_completion")],
)
def test_what_is_no_answer_has_a_reason(how: str, reason: str, tmp_path: Path) -> None:
    told, complete = liar(1.0, how)

    async def run() -> None:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:  # type: ignore[arg-type]
            with pytest.raises(NoAnswer, match=reason):
                await teacher.ask(ASKED, 1)

    asyncio.run(run())
    assert told[how] == (1 if how == "redirect" else 3)


def test_an_endless_body_is_not_read_to_its_end(tmp_path: Path) -> None:
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
                await teacher.ask(ASKED, 1)

    asyncio.run(run())
    assert sent < 3 * 20


def test_a_teacher_that_takes_no_schema_is_asked_without_one_from_then_on(tmp_path: Path) -> None:
    seen: list[bool] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        wire = await request.json()
        seen.append("response_format" in wire)
        if seen[-1]:
            return web.json_response({"error": "response_format is not supported"}, status=400)
        return web.json_response(completion('["a"]'))

    async def run() -> list[Answer]:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:
            return [await teacher.ask(ASKED, n, schema={"type": "array"}) for n in range(3)]

    assert [answer.text for answer in asyncio.run(run())] == ['["a"]'] * 3
    assert seen == [True, False, False, False]


def test_a_request_that_is_wrong_anyway_says_nothing_about_schemas(tmp_path: Path) -> None:
    seen: list[bool] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        wire = await request.json()
        seen.append("response_format" in wire)
        wrong = wire["seed"] == 0
        return web.json_response(completion("[]"), status=400 if wrong else 200)

    async def run() -> None:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:
            with pytest.raises(NoAnswer, match="status_400"):
                await teacher.ask(ASKED, 0, schema={"type": "array"})
            await teacher.ask(ASKED, 1, schema={"type": "array"})

    asyncio.run(run())
    assert seen == [True, False, True]


def test_the_cap_ends_a_run_with_what_it_has(tmp_path: Path) -> None:
    _, complete = liar(0.2, "half a list", "reset", "no usage", "html")
    price = Price(usd_per_million_in=1.0, usd_per_million_out=1.0)

    async def run() -> tuple[GenerationContext, Teacher]:
        async with (
            serving(complete) as url,  # type: ignore[arg-type]
            teaching(url, tmp_path, price, cap=0.02, max_tokens=512) as teacher,
        ):
            return await harvested(teacher, 200, tmp_path), teacher

    harvest, teacher = asyncio.run(run())
    assert teacher.purse.stopped == "cap" and harvest.lost["cap"] > 0
    assert harvest.spool.kept and 0 < teacher.purse.spent <= 0.02
    assert harvest.done >= 200


def test_calls_with_the_same_long_beginning_go_out_together(tmp_path: Path) -> None:
    heard: list[str] = []

    async def complete(request: web.Request) -> web.StreamResponse:
        wire = await request.json()
        heard.append(wire["messages"][-1]["content"][0])
        await asyncio.sleep(0.001)
        return web.json_response(completion("Jes."))

    async def run() -> None:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:

            async def leaf(text: str) -> tuple[()]:
                await teacher.ask([Message(role="user", content=text)], 1)
                return ()

            async def root(letter: str) -> list[object]:
                await teacher.ask([Message(role="user", content=letter)], 1)
                return [lambda n=n: leaf(f"{letter}{n}") for n in range(6)]

            await run_workers((lambda c=c: root(c) for c in "abcdefghijklmnop"), 8)  # type: ignore[arg-type, misc, return-value]

    asyncio.run(run())
    changes = sum(a != b for a, b in itertools.pairwise(heard))
    assert len(heard) == 16 * 7 and changes < 60  # 105 when they are mixed at random
