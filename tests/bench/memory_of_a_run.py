"""All phases of a generate run in one process whose memory is measured; see test_memory.py.

`python memory_of_a_run.py SPEC`: SPEC is JSON with the `url` of an endpoint, the number of rows
`asked` from it, the number of `rows` to finalize, a `folder`, files of English `conversations` and
of `benchmarks`, and a `tokenizer`. Prints the result as JSON. Import only what a run imports.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from recipes.generate.data.jsonl import JsonlItems
from recipes.generate.data.tokenizer import ModelTokenizer, TextTokenizer
from recipes.generate.dedup.decontamination import Benchmarks
from recipes.generate.dedup.finalize import finalize
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.gates import build_gates
from recipes.generate.gates.run_language import LanguageVerdict
from recipes.generate.inputs import Inputs
from recipes.generate.journal.local import Journal
from recipes.generate.options import RunOptions
from recipes.generate.publish import parquet
from recipes.generate.schema import Message, Row
from recipes.generate.settings import parse
from recipes.generate.sources import translation
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.connect import endpoint, session
from recipes.generate.teacher.judge import Judgements
from recipes.generate.teacher.workers import run_workers

EPO = language.get("epo_Latn")
LETTERS = "abcdefghiklmnoprstu"
ENDLESS = 1 << 30


class MemoryProfile:
    """Peak memory in MB (resident, anonymous, and what other processes add) and seconds of each
    phase."""

    def __init__(self) -> None:
        self.phases: dict[str, dict[str, float]] = {}
        self._peak: dict[str, float] = {}
        self._stopped = Event()
        Thread(target=self._sample, daemon=True).start()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self._peak = memory()
        started_at, cpu_before = time.monotonic(), time.process_time()
        yield
        self._update()
        times = {"seconds": time.monotonic() - started_at, "cpu": time.process_time() - cpu_before}
        self.phases[name] = {key: round(value, 1) for key, value in {**self._peak, **times}.items()}

    def _sample(self) -> None:
        while not self._stopped.wait(0.02):
            self._update()

    def _update(self) -> None:
        for key, megabytes in memory().items():
            self._peak[key] = max(self._peak.get(key, 0), megabytes)


def memory() -> dict[str, float]:
    """Return the memory in MB of this process, and what its child has that is not shared."""
    status = _kilobytes("/proc/self/status")
    numbers: dict[str, float] = {key: status[key] // 1024 for key in ("VmRSS", "RssAnon")}
    for child in multiprocessing.active_children():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            rollup = _kilobytes(f"/proc/{child.pid}/smaps_rollup")
            numbers["child"] = (rollup["Private_Clean"] + rollup["Private_Dirty"]) // 1024
    return numbers


def _kilobytes(path: str) -> dict[str, int]:
    """Return the lines of a file in /proc that are numbers of kilobytes."""
    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file if line.endswith(" kB\n")]
    return {words[0].removesuffix(":"): int(words[1]) for words in lines}


async def ask(
    job: RunOptions, inputs: Inputs, rows: int, words: TextTokenizer
) -> tuple[GenerationContext, Any]:
    """Have conversations translated, with as many calls in flight as the recipe allows."""
    numbers = replace(job.settings.teacher, start=1024, concurrency=1024, max_tokens=8192)
    journal, store = Journal(job.folder / "journal.jsonl", EPO.code), RowStore(job.folder / "asked")
    async with session({}) as http:
        budget = Budget(Price(usd_per_hour=5.0), 1e6)
        teacher = Teacher(endpoint(http, job.teacher), numbers, journal, budget)
        judges = build_gates(job.settings.gates, EPO, count_tokens=words.count)
        context = GenerationContext(teacher, EPO, 1, judges, store)
        asked = islice(enumerate(cycle(inputs.conversations)), rows)
        roots = (numbered(number, turns) for number, turns in asked)
        await run_workers(
            translation.root_work(context, job.settings.answers, roots), numbers.concurrency
        )
    bill = run.report_usage(teacher, 1.0)
    journal.close()
    store.close()
    return context, bill


def numbered(number: int, turns: tuple[Message, ...]) -> tuple[Message, ...]:
    first = turns[0]
    return (Message(role=first["role"], content=f"{number} {first['content']}"), *turns[1:])


def random_rows(rows: int) -> Iterator[tuple[Row, str | None]]:
    """Yield rows that have little in common; a gate drops one in fifty."""
    rng = Random(1)
    words = ["".join(rng.choices(LETTERS, k=rng.randint(2, 9))) for _ in range(9000)]
    for number in range(rows):
        text = rng.choices(words, k=72)
        turns = (
            Message(role="user", content=" ".join(text[:12])),
            Message(role="assistant", content=" ".join(text[12:])),
        )
        source = parquet.SOURCE_NAMES[number % 5]
        yield Row(source, f"{source}/{number}", "t", turns), None if number % 50 else "loop"


def run_all_phases(spec: dict[str, Any]) -> dict[str, Any]:
    """Run all phases, one after the other."""
    memory_profile, job, inputs = MemoryProfile(), job_of(spec), inputs_of(spec)
    with memory_profile.phase("load"):
        words = ModelTokenizer(Tokenizer.from_file(spec["tokenizer"]))
    with memory_profile.phase("ask"):
        context, bill = uvloop.run(ask(job, inputs, spec["asked"], words))
    words.close()
    store = RowStore(job.folder / "rows")
    with memory_profile.phase("store"):
        for row, reason in random_rows(spec["rows"]):
            store.add(row, reason)
    with memory_profile.phase("finalize"):
        known = partial(Benchmarks, inputs.benchmarks, job.settings.ngrams, EPO.script)
        outcome = finalize(store, Counter(), known, job.settings.near, job.folder / "signatures")
    with memory_profile.phase("write"):
        result = run.GenerationResult(context, outcome, Judgements(), "nobody", LanguageVerdict())
        run.write_dataset(job, inputs, result, bill)
    store.close()
    return {
        "passed": context.rows.kept,
        "kept": len(outcome.kept),
        "writing": memory_profile.phases["write"]["child"],
        "phases": memory_profile.phases,
    }


def job_of(spec: dict[str, Any]) -> RunOptions:
    """Return the practice recipe with those settings of the real one that take memory."""
    config, real_config = (load(name, "o", EPO.code) for name in ("practice", "kakugo"))
    settings, real = parse(config.generate), parse(real_config.generate)
    settings = replace(
        settings,
        ngrams=real.ngrams,
        near=real.near,
        benchmarks=settings.benchmarks[:1],
    )
    return RunOptions(
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
        fertility=None,
        request="",
        attempt=1,
        digest="0" * 64,
    )


def inputs_of(spec: dict[str, Any]) -> Inputs:
    """Return the inputs, as if they had been read from the Hub."""
    no_texts: JsonlItems[Any] = JsonlItems(Path(), 0, 0)
    known: JsonlItems[str] = JsonlItems(Path(spec["benchmarks"]), 0, ENDLESS)
    return Inputs(
        texts=no_texts,
        conversations=JsonlItems(Path(spec["conversations"]), 0, ENDLESS),
        by_source={},
        benchmarks=[("benchmarks", known)],
        commits={},
        licences={},
        skipped=(),
    )


if __name__ == "__main__":
    before = memory()
    print(json.dumps({"imported": before, **run_all_phases(json.loads(sys.argv[1]))}))
