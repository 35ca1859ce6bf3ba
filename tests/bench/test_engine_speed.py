"""The speed of the generate recipe on a simulated endpoint.

Run with `pytest tests/bench/test_engine_speed.py -s`. Prints the CPU time per row, and the share of
the endpoint's capacity that is used while it is constant, halved, doubled or cold. The endpoint is
a process of its own, on a core of its own if there are two.
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
from tests.bench import baselines

SERVER = Path(__file__).with_name("simulated_endpoint.py")
DISTINCT = 997
TOKENS = 300.0  # per answer, on average
SETTINGS = TeacherSettings(
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
class Measurement:
    """One run: wall-clock and CPU seconds of the client, and what both sides counted."""

    context: GenerationContext
    seconds: float
    cpu: float
    served: list[tuple[float, float]]
    calls: int
    refused: int

    def share(self, start: float, end: float, tokens_per_second: float) -> float:
        """Return the used share of the endpoint's capacity between two times."""
        tokens = sum(tokens for at, tokens in self.served if start <= at < end)
        return tokens / (end - start) / tokens_per_second


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Translations of about 1.3 kB that pass the gates; their token counts differ widely."""
    rng = Random(7)
    path = tmp_path_factory.mktemp("answers") / "answers.jsonl"
    with path.open("w") as file:
        for number in range(DISTINCT):
            question, answer = (
                " ".join(write_text(passage(rng, "health"), "epo") for _ in range(count))
                for count in (4, 5)
            )
            text = json.dumps([f"{question} {number}", answer], ensure_ascii=False)
            completion = {
                "choices": [
                    {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
                ],
                "usage": {
                    "prompt_tokens": 400,
                    "completion_tokens": max(1, round(rng.lognormvariate(0, 0.5) * TOKENS)),
                },
            }
            file.write(json.dumps(completion, ensure_ascii=False) + "\n")
    return path


def mean_tokens(answers: Path) -> float:
    lines = answers.read_text("utf-8").splitlines()
    counts: list[int] = [json.loads(line)["usage"]["completion_tokens"] for line in lines]
    return sum(counts) / len(counts)


@cache
def english() -> list[str]:
    """Return texts of about 0.8 kB."""
    rng = Random(5)
    return [
        " ".join(write_text(passage(rng, "health"), "eng") for _ in range(6))
        for _ in range(DISTINCT)
    ]


def conversations(count: int | None, seconds: float) -> Iterator[tuple[Message, ...]]:
    """Yield English conversations of about 1.6 kB, up to a count or until the time is up."""
    deadline, texts = time.monotonic() + seconds, english()
    for number in itertools.count():
        if number == count or time.monotonic() > deadline:
            return
        question, answer = texts[number % DISTINCT], texts[(number * 7 + 1) % DISTINCT]
        yield (
            Message(role="user", content=f"{number} {question}"),
            Message(role="assistant", content=answer),
        )


@contextmanager
def serving(answers: Path, **spec: object) -> Iterator[str]:
    """Run the endpoint on the last core and this process on the first."""
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
    start: int = SETTINGS.start,
) -> Measurement:
    """Translate conversations with one call per row, all gates and a journal."""
    folder.mkdir()
    config = load("practice", "o", "epo_Latn")
    settings, target = parse(config.generate), language.get("epo_Latn")
    journal = Journal(folder / "journal.jsonl", target.code)
    teacher_settings = TeacherSettings(**{**vars(SETTINGS), "concurrency": width, "start": start})

    async def work() -> GenerationContext:
        async with session({}) as http:
            budget = Budget(Price(usd_per_million_in=0.15, usd_per_million_out=0.6), 1e6)
            teacher = Teacher(endpoint(http, url), teacher_settings, journal, budget)
            context = GenerationContext(
                teacher, target, 1, build_gates(settings.gates, target), RowStore(folder / "rows")
            )
            roots = translation.root_work(context, settings.answers, conversations(rows, seconds))
            await run_workers(roots, width)
            return context

    english()  # generate the texts before the measurement
    before, started_at = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    context = uvloop.run(work())
    seconds, after = time.perf_counter() - started_at, resource.getrusage(resource.RUSAGE_SELF)
    journal.close()
    with urllib.request.urlopen(f"{url}/stats") as stats:
        server = json.load(stats)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measurement(context, seconds, cpu, server["served"], server["calls"], server["refused"])


def show(label: str, figures: str) -> None:
    print(f"\n  {label}: {figures}", end="")


def bare_call_seconds(url: str, calls: int) -> float:
    """Return the CPU seconds of a call that only sends and receives, with 64 at once."""

    async def work() -> None:
        async with session({}) as http:
            remaining = iter(range(calls))

            async def worker() -> None:
                for _ in remaining:
                    async with http.post(
                        f"{url}/v1/chat/completions", data=b"x" * 1600
                    ) as response:
                        await response.read()

            await asyncio.gather(*(worker() for _ in range(64)))

    before = time.process_time()
    uvloop.run(work())
    return (time.process_time() - before) / calls


@pytest.mark.parametrize("events", [0, 8, 300])  # 0: an answer in one piece
def test_cpu_time_per_row(events: int, answers: Path, tmp_path: Path) -> None:
    with serving(answers, slots=10**6, events=events) as url:
        bare = min(bare_call_seconds(url, 2_000) for _ in range(3))
        run(url, tmp_path / "warm", rows=500, width=64, start=64)
        measured = run(url, tmp_path / "run", rows=10_000, width=64, start=64)
    assert measured.context.rows.kept > 9_900, measured.context.lost
    rows = measured.context.finished
    show(
        f"64 in flight, no latency, {events} events",
        f"{measured.cpu / rows * 1000:.3f} ms of CPU per row, {rows / measured.cpu:.0f} rows per "
        f"CPU second, {rows / measured.seconds:.0f} rows/s of wall-clock time; "
        f"{measured.cpu / rows / bare:.1f} times a bare aiohttp call of {bare * 1000:.3f} ms",
    )
    if events == 0:
        baselines.compare("generate client", rows / measured.cpu)


def test_share_of_capacity_with_a_thousand_calls_in_flight(answers: Path, tmp_path: Path) -> None:
    rate = mean_tokens(answers) / 2
    with serving(answers, slots=1000, queue=100, rate=rate, events=8) as url:
        measured = run(url, tmp_path / "run", seconds=40, width=1000, start=1000)
    share = measured.share(6, 38, 1000 * rate)
    milliseconds = measured.cpu / measured.context.finished * 1000
    show(
        "1,000 in flight x 2 s",
        f"{share:.3f} of the capacity, {milliseconds:.2f} ms of CPU per row",
    )
    assert share > 0.5


@pytest.mark.parametrize(
    ("name", "queue", "retry_after"),
    [("hard limit", 0, 1), ("queue of a quarter", 16, 1), ("endless queue", 10**9, 0)],
)
def test_share_of_capacity_that_is_halved_and_doubled_again(
    name: str, queue: int, retry_after: int, answers: Path, tmp_path: Path
) -> None:
    rate = mean_tokens(answers) / 0.5
    spec = {"slots": 64, "queue": queue, "rate": rate, "retry_after": retry_after, "events": 8}
    changes = [(25, 32, queue // 2), (45, 64, queue)]
    with serving(answers, changes=changes, **spec) as url:
        measured = run(url, tmp_path / "run", seconds=70)
    steady, halved = measured.share(10, 25, 64 * rate), measured.share(30, 45, 32 * rate)
    show(
        name,
        f"constant {steady:.3f}, from 5 s after it was halved {halved:.3f}, doubled again "
        f"{measured.share(57, 69, 64 * rate):.3f}; refused {measured.refused / measured.calls:.4f}",
    )
    assert min(steady, halved) > 0.5


def test_share_of_capacity_after_a_cold_start(answers: Path, tmp_path: Path) -> None:
    rate = mean_tokens(answers) / 0.5
    with serving(answers, slots=64, queue=16, rate=rate, retry_after=1, cold=20) as url:
        measured = run(url, tmp_path / "run", seconds=45)
    show(
        "cold for 20 s",
        f"{measured.share(30, 44, 64 * rate):.3f} of capacity from 10 s after it woke, "
        f"{measured.context.lost.total()} rows lost",
    )
    assert not measured.context.lost
