"""The generate recipe's engine on a simulated endpoint: how full it keeps it, and what a row costs.

The endpoint has a process and, where there are two, a core of its own. Nothing is gated on a time:
figures and ratios are printed; what is asserted is that the run was a sound one.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import pytest
import uvloop

from recipes.core import language
from recipes.core.config import load
from recipes.generate.context import GenerationContext
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.gates import build_gates
from recipes.generate.journal.local import Journal
from recipes.generate.schema import Message
from recipes.generate.settings import parse
from recipes.generate.sources import translation
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.client import Teacher, TeacherSettings
from recipes.generate.teacher.connect import endpoint, session
from recipes.generate.teacher.workers import run_workers
from recipes.practice.texts import passage, write_text

SERVER = Path(__file__).with_name("simulated_endpoint.py")
DISTINCT = 997
TOKENS = 300.0  # of an answer, on average
NUMBERS = TeacherSettings(
    model="simulated",
    start=16,
    concurrency=1024,
    temperature=1.0,
    max_tokens=4096,
    timeout=120,
    attempts=6,
    tries=2,
    backoff=0.5,
    longest_backoff=10,
    ready_within=600,
    failures_in_a_row=200,
    grace=1,
)


@dataclass(frozen=True)
class Seen:
    """One run: seconds by the clock and of our processor, and what both sides counted."""

    harvest: GenerationContext
    seconds: float
    cpu: float
    served: list[tuple[float, float]]
    calls: int
    refused: int

    def share(self, since: float, until: float, tokens_a_second: float) -> float:
        done = sum(tokens for when, tokens in self.served if since <= when < until)
        return done / (until - since) / tokens_a_second


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Translations of about 1.3 kB that pass the gates, of very different token counts."""
    chance = Random(7)
    path = tmp_path_factory.mktemp("answers") / "answers.jsonl"
    with path.open("w") as file:
        for number in range(DISTINCT):
            asked, said = (
                " ".join(write_text(passage(chance, "health"), "epo") for _ in range(count))
                for count in (4, 5)
            )
            text = json.dumps([f"{asked} {number}", said], ensure_ascii=False)
            told = {
                "choices": [
                    {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
                ],
                "usage": {
                    "prompt_tokens": 400,
                    "completion_tokens": max(1, round(chance.lognormvariate(0, 0.5) * TOKENS)),
                },
            }
            file.write(json.dumps(told, ensure_ascii=False) + "\n")
    return path


def mean_tokens(answers: Path) -> float:
    lines = answers.read_text("utf-8").splitlines()
    counts = [json.loads(line)["usage"]["completion_tokens"] for line in lines]
    return sum(counts) / len(counts)


@cache
def english() -> list[str]:
    """Texts of about 0.8 kB."""
    chance = Random(5)
    return [
        " ".join(write_text(passage(chance, "health"), "eng") for _ in range(6))
        for _ in range(DISTINCT)
    ]


def conversations(number: int | None, seconds: float) -> Iterator[tuple[Message, ...]]:
    """English conversations of about 1.6 kB, so many or until the time is up."""
    until, pool = time.monotonic() + seconds, english()
    for at in itertools.count():
        if at == number or time.monotonic() > until:
            return
        asked, said = pool[at % DISTINCT], pool[(at * 7 + 1) % DISTINCT]
        yield (
            Message(role="user", content=f"{at} {asked}"),
            Message(role="assistant", content=said),
        )


@contextmanager
def serving(answers: Path, **spec: object) -> Iterator[str]:
    """The endpoint, on the other core."""
    cores = sorted(os.sched_getaffinity(0))
    with subprocess.Popen(
        [sys.executable, str(SERVER), json.dumps(spec), str(answers)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        os.sched_setaffinity(process.pid, {cores[-1]})
        os.sched_setaffinity(0, {cores[0]})
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(10)
            os.sched_setaffinity(0, cores)


def run(
    url: str,
    folder: Path,
    rows: int | None = None,
    seconds: float = 1e9,
    width: int = 1024,
    start: int = NUMBERS.start,
) -> Seen:
    """Translate conversations: one call a row, judged by all gates, each answer journaled."""
    folder.mkdir()
    config = load("practice", "o", "epo_Latn")
    settings, told = parse(config.generate), language.get("epo_Latn")
    journal = Journal(folder / "journal.jsonl", told.code)
    numbers = TeacherSettings(**{**vars(NUMBERS), "concurrency": width, "start": start})

    async def work() -> GenerationContext:
        async with session({}) as http:
            purse = Budget(Price(usd_per_million_in=0.15, usd_per_million_out=0.6), 1e6)
            teacher = Teacher(endpoint(http, url), numbers, journal, purse)
            harvest = GenerationContext(
                teacher, told, 1, build_gates(settings.gates, told), RowStore(folder / "rows")
            )
            roots = translation.grow(harvest, settings.answers, conversations(rows, seconds))
            await run_workers(roots, width)
            return harvest

    english()  # made before the clock runs
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    harvest = uvloop.run(work())
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    journal.close()
    with urllib.request.urlopen(f"{url}/stats") as stats:
        counted = json.load(stats)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Seen(harvest, took, cpu, counted["served"], counted["calls"], counted["refused"])


def told(what: str, figure: str) -> None:
    print(f"\n  {what}: {figure}", end="")


def bare(url: str, calls: int) -> float:
    """Processor seconds of a call that does nothing but send and receive, 64 at once."""

    async def work() -> None:
        async with session({}) as http:
            numbers = iter(range(calls))

            async def worker() -> None:
                for _ in numbers:
                    async with http.post(f"{url}/v1/chat/completions", data=b"x" * 1600) as got:
                        await got.read()

            await asyncio.gather(*(worker() for _ in range(64)))

    before = time.process_time()
    uvloop.run(work())
    return (time.process_time() - before) / calls


def test_what_a_row_costs(answers: Path, tmp_path: Path) -> None:
    with serving(answers, slots=10**6) as url:
        least = min(bare(url, 2_000) for _ in range(3))
        run(url, tmp_path / "warm", rows=500, width=64, start=64)
        seen = run(url, tmp_path / "run", rows=10_000, width=64, start=64)
    assert seen.harvest.spool.kept > 9_900, seen.harvest.lost
    done = seen.harvest.done
    told(
        "64 in flight, no latency",
        f"{seen.cpu / done * 1000:.3f} ms of processor a row, {done / seen.cpu:.0f} rows a second "
        f"of it, {done / seen.seconds:.0f} rows/s by the clock; "
        f"{seen.cpu / done / least:.1f} times a bare aiohttp call of {least * 1000:.3f} ms",
    )


def test_a_thousand_calls_in_flight(answers: Path, tmp_path: Path) -> None:
    rate = mean_tokens(answers) / 2
    with serving(answers, slots=1000, queue=100, rate=rate) as url:
        seen = run(url, tmp_path / "run", seconds=40, width=1000, start=1000)
    share = seen.share(6, 38, 1000 * rate)
    each = seen.cpu / seen.harvest.done * 1000
    told("1,000 in flight x 2 s", f"{share:.3f} of ideal, {each:.2f} ms of processor a row")
    assert share > 0.5


@pytest.mark.parametrize(
    ("name", "queue", "retry_after"),
    [("hard limit", 0, 1), ("queue of a quarter", 16, 1), ("endless queue", 10**9, 0)],
)
def test_a_capacity_that_is_halved_and_comes_back(
    name: str, queue: int, retry_after: int, answers: Path, tmp_path: Path
) -> None:
    rate = mean_tokens(answers) / 0.5
    spec = {"slots": 64, "queue": queue, "rate": rate, "retry_after": retry_after}
    changes = [(25, 32, queue // 2), (45, 64, queue)]
    with serving(answers, changes=changes, **spec) as url:
        seen = run(url, tmp_path / "run", seconds=70)
    steady, halved = seen.share(10, 25, 64 * rate), seen.share(30, 45, 32 * rate)
    told(
        name,
        f"steady {steady:.3f}, from 5 s after the halving {halved:.3f}, doubled again "
        f"{seen.share(57, 69, 64 * rate):.3f}; refused {seen.refused / seen.calls:.4f}",
    )
    assert min(steady, halved) > 0.5


def test_a_cold_start(answers: Path, tmp_path: Path) -> None:
    rate = mean_tokens(answers) / 0.5
    with serving(answers, slots=64, queue=16, rate=rate, retry_after=1, cold=20) as url:
        seen = run(url, tmp_path / "run", seconds=45)
    told(
        "cold for 20 s",
        f"{seen.share(30, 44, 64 * rate):.3f} of capacity from 10 s after it woke, "
        f"{seen.harvest.lost.total()} rows lost",
    )
    assert not seen.harvest.lost
