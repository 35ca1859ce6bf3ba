"""A run as `generate` makes it, in one process whose memory is watched.

`python whole_run.py SPEC`: SPEC is JSON with the `url` of an endpoint, how many `rows`, a `folder`,
files of English `conversations` and of `benchmarks`, and a `tokenizer`. Prints what it took.
Only what a run imports may be imported here.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import uvloop
from tokenizers import Tokenizer

import recipes.generate.run  # noqa: F401  # all that a run has in memory
from recipes import language
from recipes.apart import apart
from recipes.config import load
from recipes.generate import plot, publish, tally, translation
from recipes.generate.certificate import Witness, certify
from recipes.generate.connect import endpoint, session
from recipes.generate.crew import drain
from recipes.generate.decontaminate import Benchmarks
from recipes.generate.gates import gates
from recipes.generate.harvest import Harvest
from recipes.generate.journal import Journal
from recipes.generate.purse import Price, Purse
from recipes.generate.row import Message, Row
from recipes.generate.settings import Settings, parse
from recipes.generate.settle import settle
from recipes.generate.spool import Spool
from recipes.generate.stored import Stored
from recipes.generate.teacher import Teacher
from recipes.generate.tokens import OfModel, Tokens

EPO = language.get("epo_Latn")
LETTERS = "abcdefghiklmnoprstu"


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


async def ask(spec: dict[str, Any], settings: Settings, words: Tokens, folder: Path) -> int:
    """Have conversations translated, with as many calls in flight as the recipe allows."""
    known: Stored[Any] = Stored(Path(spec["conversations"]), 0, 1 << 30)
    numbers = replace(settings.teacher, start=1024, concurrency=1024, max_tokens=8192)
    journal, spool = Journal(folder / "journal.jsonl", EPO.code), Spool(folder / "asked")
    async with session({}) as http:
        purse = Purse(Price(usd_per_hour=5.0), 1e6)
        teacher = Teacher(endpoint(http, spec["url"]), numbers, journal, purse)
        judges = gates(settings.gates, EPO, count=words.count)
        harvest = Harvest(teacher, EPO, 1, judges, spool)
        asked = islice(enumerate(cycle(known)), spec["rows"])
        roots = (numbered(number, turns) for number, turns in asked)
        await drain(translation.grow(harvest, settings.answers, roots), numbers.concurrency)
    journal.close()
    spool.close()
    return spool.kept


def numbered(number: int, turns: list[Message]) -> tuple[Message, ...]:
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
        source = publish.SOURCES[number % 5]
        yield Row(source, f"{source}/{number}", "t", turns), None if number % 50 else "loop"


def run(spec: dict[str, Any]) -> dict[str, Any]:
    """All phases, one after the other as in a run."""
    folder, watch = Path(spec["folder"]), Watch()
    settings = parse(load("practice", "o", EPO.code).generate)
    size = parse(load("kakugo", "o", EPO.code).generate).ngrams
    benchmarks = [("benchmarks", Stored[str](Path(spec["benchmarks"]), 0, 1 << 30))]
    with watch.phase("load"):
        words = OfModel(Tokenizer.from_file(spec["tokenizer"]))
    with watch.phase("ask"):
        passed = uvloop.run(ask(spec, settings, words, folder))
    words.close()
    spool = Spool(folder / "rows")
    with watch.phase("spool"):
        for row, reason in made_up(spec["rows"]):
            spool.add(row, reason)
    with watch.phase("settle"):
        near = replace(settings.near, threshold=0.8)
        known = Benchmarks(benchmarks, size, "Latn")
        grams = len(known)
        outcome = settle(spool, Counter(), known, near, folder / "signatures")
        del known
    with watch.phase("write"):
        origin = publish.Origin(1, 1.0, 8192, "recipe")
        configs = publish.write(folder, outcome.verdicts(), 0.02, origin)
    with watch.phase("certify"):
        witness = Witness(benchmarks, size, "Latn")
        kept = certify(folder, publish.paths(configs), witness, [{}], 0).rows
        del witness
    with watch.phase("count"):
        counted = tally.count(outcome.verdicts(), 2)
        apart(plot.draw, counted, folder / plot.NAME)
    spool.close()
    return {"passed": passed, "kept": kept, "n-grams": grams, "phases": watch.found}


if __name__ == "__main__":
    before = memory()
    print(json.dumps({"imported": before, **run(json.loads(sys.argv[1]))}))
