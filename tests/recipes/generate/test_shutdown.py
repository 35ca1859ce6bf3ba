"""A run that is told to stop: nothing new is asked, and what is under way comes home in time."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.localhub.testing import LocalHub
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher
from tests.recipes.generate.conftest import CountingTeacher, generate
from tests.recipes.generate.teacher_server import completion, serving, teaching

ASKS, AT_ONCE = 20, 4


async def _stop(folder: Path, answers_after: float, grace: float) -> tuple[int, int, int]:
    """Stop a teacher that has all its hands full: calls that came, answers kept, calls left."""
    came = 0

    async def slow(_: web.Request) -> web.Response:
        nonlocal came
        came += 1
        await asyncio.sleep(answers_after)
        return web.json_response(completion("Bonan tagon"))

    async def ask(teacher: Teacher, number: int) -> None:
        await teacher.ask([Message(role="user", content=str(number))], 1)

    many: dict[str, Any] = {"start": AT_ONCE, "concurrency": AT_ONCE, "timeout": 60}
    async with serving(slow) as url, teaching(url, folder, **many, grace=grace) as teacher:
        asks = [asyncio.create_task(ask(teacher, number)) for number in range(ASKS)]
        while came < AT_ONCE:
            await asyncio.sleep(0.001)
        await teacher.finish()
        left = teacher.pace.in_flight
        for task in asks:
            task.cancel()
        await asyncio.gather(*asks, return_exceptions=True)
    return came, len((folder / "journal.jsonl").read_bytes().splitlines()), left


def test_what_is_under_way_comes_home_and_nothing_new_is_sent(tmp_path: Path) -> None:
    assert asyncio.run(_stop(tmp_path, 0.2, 60)) == (AT_ONCE, AT_ONCE, 0)


def test_nobody_is_waited_for_longer_than_the_grace(tmp_path: Path) -> None:
    began = time.monotonic()
    assert asyncio.run(_stop(tmp_path, 60, 0.1)) == (AT_ONCE, 0, AT_ONCE)
    assert time.monotonic() - began < 30


def test_a_second_signal_ends_a_run_at_once(
    tmp_path: Path, hub: LocalHub, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    counting_teacher.delay = 60
    recipe.write_text(recipe.read_text("utf-8").replace("grace: 2", "grace: 60"), "utf-8")
    out = ("--out", str(tmp_path / "out"))
    process = generate(hub, tmp_path / "home", recipe, counting_teacher.url, *out)
    while not counting_teacher.asked:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.stdout
    told = next(line for line in process.stdout if line.startswith("told to stop"))
    assert "calls are under way and have 60 s to be answered; once more ends it at once" in told
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == -signal.SIGINT
    process.stdout.close()
