"""A run that is stopped: no new calls, and calls in flight end within the grace period."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher
from tests.recipes.generate.conftest import CountingTeacher, generate
from tests.recipes.generate.teacher_server import completion, serving, teaching
from tests.recipes.recipe_runner import RecipeRunner

ASKS, AT_ONCE = 20, 4


async def _stop(folder: Path, answers_after: float, grace: float) -> tuple[int, int, int]:
    """Stop a busy teacher; return the calls made, the answers kept and the calls left."""
    calls = 0

    async def slow(_: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        await asyncio.sleep(answers_after)
        return web.json_response(completion("Bonan tagon"))

    async def complete(teacher: Teacher, number: int) -> None:
        await teacher.complete([Message(role="user", content=str(number))], 1)

    settings: dict[str, Any] = {"start": AT_ONCE, "concurrency": AT_ONCE, "timeout": 60}
    async with serving(slow) as url, teaching(url, folder, **settings, grace=grace) as teacher:
        tasks = [asyncio.create_task(complete(teacher, number)) for number in range(ASKS)]
        while calls < AT_ONCE:
            await asyncio.sleep(0.001)
        await teacher.finish_calls()
        left = teacher.limiter.in_flight
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return calls, len((folder / "journal.jsonl").read_bytes().splitlines()), left


def test_calls_in_flight_end_and_no_new_ones_are_sent(tmp_path: Path) -> None:
    assert asyncio.run(_stop(tmp_path, 0.2, 60)) == (AT_ONCE, AT_ONCE, 0)


def test_a_stop_takes_no_longer_than_the_grace_period(tmp_path: Path) -> None:
    began = time.monotonic()
    assert asyncio.run(_stop(tmp_path, 60, 0.1)) == (AT_ONCE, 0, AT_ONCE)
    assert time.monotonic() - began < 30


def test_a_second_signal_ends_a_run_at_once(
    tmp_path: Path, jobs: RecipeRunner, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    counting_teacher.delay = 60
    recipe.write_text(recipe.read_text("utf-8").replace("grace: 2", "grace: 60"), "utf-8")
    out = ("--out", str(tmp_path / "out"))
    run = generate(jobs, tmp_path / "home", recipe, counting_teacher.url, *out)
    while not counting_teacher.requests:
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGINT)
    while "stopping: " not in run.stdout:
        assert run.poll() is None
        time.sleep(0.01)
    said = r"up to 60 s for \d+ calls? in flight; signal again to stop at once"
    assert re.search(said, run.stdout)
    os.kill(run.pid, signal.SIGINT)
    assert run.wait(20) == -signal.SIGINT
