"""A run as `generate` makes it, in one process whose memory is watched.

`python whole_run.py SPEC`: SPEC is JSON with the `url` of an endpoint, how many rows are `asked`
and how many `rows` are settled, a `folder`, files of English `conversations` and of `benchmarks`,
and a `tokenizer`. Prints what it took. Only what a run imports may be imported here.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import uvloop
from tokenizers import Tokenizer

from recipes.core import language
from recipes.core.config import load
from recipes.generate import run
from recipes.generate.context import GenerationContext
from recipes.generate.data.jsonl import Stored
from recipes.generate.data.tokenizer import OfModel, Tokens
from recipes.generate.dedup.decontamination import Benchmarks
from recipes.generate.dedup.finalize import settle
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.gates import build_gates
from recipes.generate.inputs import Inputs
from recipes.generate.journal.local import Journal
from recipes.generate.publish import parquet
from recipes.generate.schema import Message, Row
from recipes.generate.settings import parse
from recipes.generate.sources import translation
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.connect import endpoint, session
from recipes.generate.teacher.judge import Verdicts
from recipes.generate.teacher.workers import run_workers

EPO = language.get("epo_Latn")
LETTERS = "abcdefghiklmnoprstu"
ENDLESS = 1 << 30


class Watch:
    """The most memory in MB, all and anonymous, and the seconds of each phase."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}
        self._most: dict[str, float] = {}
        self._over = Event()
        Thread(target=self._look, daemon=True).start()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self._most = memory()
        began, worked = time.monotonic(), time.process_time()
        yield
        self._note()
        times = {"seconds": time.monotonic() - began, "cpu": time.process_time() - worked}
        self.found[name] = {key: round(value, 1) for key, value in {**self._most, **times}.items()}

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self._note()

    def _note(self) -> None:
        for key, now in memory().items():
            self._most[key] = max(self._most.get(key, 0), now)


def memory() -> dict[str, float]:
    with open("/proc/self/status", encoding="ascii") as file:
        told = dict(line.split(":", 1) for line in file)
    return {key: int(told[key].split()[0]) // 1024 for key in ("VmRSS", "RssAnon")}


async def ask(
    job: run.Job, inputs: Inputs, rows: int, words: Tokens
) -> tuple[GenerationContext, Any]:
    """Have conversations translated, with as many calls in flight as the recipe allows."""
    numbers = replace(job.settings.teacher, start=1024, concurrency=1024, max_tokens=8192)
    journal, spool = Journal(job.folder / "journal.jsonl", EPO.code), RowStore(job.folder / "asked")
    async with session({}) as http:
        purse = Budget(Price(usd_per_hour=5.0), 1e6)
        teacher = Teacher(endpoint(http, job.teacher), numbers, journal, purse)
        judges = build_gates(job.settings.gates, EPO, count_tokens=words.count)
        harvest = GenerationContext(teacher, EPO, 1, judges, spool)
        asked = islice(enumerate(cycle(inputs.conversations)), rows)
        roots = (numbered(number, turns) for number, turns in asked)
        await run_workers(
            translation.grow(harvest, job.settings.answers, roots), numbers.concurrency
        )
    bill = run.billed(teacher, 1.0)
    journal.close()
    spool.close()
    return harvest, bill


def numbered(number: int, turns: tuple[Message, ...]) -> tuple[Message, ...]:
    first = turns[0]
    return (Message(role=first["role"], content=f"{number} {first['content']}"), *turns[1:])


def made_up(rows: int) -> Iterator[tuple[Row, str | None]]:
    """Rows without end that have little in common, one in fifty of them dropped by a gate."""
    chance = Random(1)
    words = ["".join(chance.choices(LETTERS, k=chance.randint(2, 9))) for _ in range(9000)]
    for number in range(rows):
        said = chance.choices(words, k=72)
        turns = (
            Message(role="user", content=" ".join(said[:12])),
            Message(role="assistant", content=" ".join(said[12:])),
        )
        source = parquet.SOURCES[number % 5]
        yield Row(source, f"{source}/{number}", "t", turns), None if number % 50 else "loop"


def whole(spec: dict[str, Any]) -> dict[str, Any]:
    """All phases, one after the other as in a run."""
    watch, job, inputs = Watch(), job_of(spec), inputs_of(spec)
    with watch.phase("load"):
        words = OfModel(Tokenizer.from_file(spec["tokenizer"]))
    with watch.phase("ask"):
        harvest, bill = uvloop.run(ask(job, inputs, spec["asked"], words))
    words.close()
    spool = RowStore(job.folder / "rows")
    with watch.phase("spool"):
        for row, reason in made_up(spec["rows"]):
            spool.add(row, reason)
    with watch.phase("settle"):
        known = partial(Benchmarks, inputs.benchmarks, job.settings.ngrams, EPO.script)
        outcome = settle(spool, Counter(), known, job.settings.near, job.folder / "signatures")
    with watch.phase("write"):
        run.write(job, inputs, run.Taken(harvest, outcome, Verdicts(), "nobody"), bill)
    spool.close()
    return {
        "passed": harvest.spool.kept,
        "kept": len(outcome.rows),
        "writing": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "phases": watch.found,
    }


def job_of(spec: dict[str, Any]) -> run.Job:
    """The practice recipe, with what takes memory in the real one."""
    config, real = (load(name, "o", EPO.code) for name in ("practice", "kakugo"))
    settings, real_one = parse(config.generate), parse(real.generate)
    settings = replace(
        settings,
        ngrams=real_one.ngrams,
        near=real_one.near,
        benchmarks=settings.benchmarks[:1],
    )
    return run.Job(
        config=config,
        settings=settings,
        profile={},
        language=EPO,
        teacher=spec["url"],
        headers={},
        into=None,
        folder=Path(spec["folder"]),
        limit=None,
        cap_usd=None,
        request="",
        attempt=1,
        digest="0" * 64,
    )


def inputs_of(spec: dict[str, Any]) -> Inputs:
    """What was read from the Hub."""
    nothing: Stored[Any] = Stored(Path(), 0, 0)
    known: Stored[str] = Stored(Path(spec["benchmarks"]), 0, ENDLESS)
    return Inputs(
        for_contexts=nothing,
        for_pairs=nothing,
        conversations=Stored(Path(spec["conversations"]), 0, ENDLESS),
        for_replay=nothing,
        benchmarks=[("benchmarks", known)],
        commits={},
        licences={},
        skipped=(),
    )


if __name__ == "__main__":
    before = memory()
    print(json.dumps({"imported": before, **whole(json.loads(sys.argv[1]))}))
