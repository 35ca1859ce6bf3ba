"""Interrupt a real run with signals again and again, on one machine or several, and count.

Every run is a process of its own.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import yaml

from recipes.generate.teacher.client import key_of
from recipes.generate.teacher.openai import Request
from tests.recipes.generate.conftest import CountingTeacher, generate
from tests.recipes.recipe_runner import RecipeRunner, Run

SEED = 20260120  # of the recipe

Interruption = tuple[signal.Signals, bool]  # the signal, and whether another machine continues


@dataclass
class Tally:
    """The requests of all processes of a run, and what became of the answers.

    in_flight: answers that were not in the journal when a process ended
    unshared: answers of another machine that were in no shard when the run continued elsewhere

    Both have to be paid for once more, and nothing else may be.
    """

    requests: list[str] = field(default_factory=list)
    in_flight: int = 0
    unshared: int = 0
    interruptions: int = 0
    moves: int = 0
    _journaled: set[str] = field(default_factory=set)
    _was_graceful: bool = False

    @property
    def needed(self) -> set[str]:
        """The keys of all requests."""
        return set(self.requests)

    @property
    def repeated(self) -> int:
        """How many requests were paid for more than once."""
        return len(self.requests) - len(self.needed)

    def count(
        self, requests: list[str], known: set[str], journaled: set[str], is_graceful: bool
    ) -> None:
        """Count the requests of one process.

        `known` are the keys that it could read at its start, `journaled` those in its journal now;
        `is_graceful` says that it was stopped by SIGTERM.
        """
        if not requests:  # it ended before it had read its inputs, or nothing was missing
            return
        assert not known & set(requests), "it requested a known answer"
        assert len(requests) == len(set(requests)), "it requested an answer twice"
        self.requests += requests
        unshared, in_flight = self._journaled - known, set(requests) - journaled
        assert not (unshared and self._was_graceful), "SIGTERM, but an answer was not pushed"
        assert not (in_flight and is_graceful), "SIGTERM, but an answer was not awaited"
        self.unshared += len(unshared)
        self.in_flight += len(in_flight)
        self._journaled, self._was_graceful = known | journaled, is_graceful

    def __str__(self) -> str:
        return (
            f"interrupted {self.interruptions} times, moved {self.moves} times: "
            f"{len(self.requests)} requests, {len(self.needed)} needed, {self.repeated} repeated "
            f"= {self.in_flight} in flight + {self.unshared} in no shard"
        )


class Runs:
    """Starts runs of one recipe; a folder stands for a machine."""

    def __init__(
        self, jobs: RecipeRunner, teacher: CountingTeacher, recipe: Path, home: Path
    ) -> None:
        self.teacher, self._jobs, self._recipe, self._home = teacher, jobs, recipe, home

    def start(self, out: Path) -> Run:
        """Start a run into this folder."""
        return generate(self._jobs, self._home, self._recipe, self.teacher.url, "--out", str(out))


def play(
    runs: Runs,
    folder: Path,
    interruptions: Sequence[Interruption],
    most: int,
    chance: random.Random,
) -> tuple[Path, Tally]:
    """Interrupt a run in all these ways, each after up to `most` more requests, then finish it.

    When it moves, it continues in an empty folder, as on another machine.
    """
    out, tally = folder / "0", Tally()
    for number, (sign, moves) in enumerate(interruptions):
        end = partial(
            _interrupt, runs.teacher, chance.randint(1, most), chance.uniform(0, 0.02), sign
        )
        _run(runs, out, tally, end, is_graceful=sign is signal.SIGTERM)
        if moves:
            out, tally.moves = folder / str(number + 1), tally.moves + 1
    _run(runs, out, tally, _finish)
    return out, tally


def uncut(runs: Runs, out: Path) -> set[str]:
    """Finish a run into this folder without interruptions; return the keys of its requests."""
    tally = Tally()
    _run(runs, out, tally, _finish)
    return tally.needed


def hurry(recipe: Path, **sources: int) -> None:
    """Make a recipe push often, and wait for its answers however slow this machine is.

    Shards are not merged, so that they stay as a process has found them at its start.
    """
    config = yaml.safe_load(recipe.read_text("utf-8"))
    often = {"every_answers": 5, "every_seconds": 0.2, "merge_from": 1_000}
    config["generate"]["journal"] |= often
    config["generate"]["teacher"] |= {"grace": 30}
    for source, texts in sources.items():
        config["generate"][source] = texts
    recipe.write_text(yaml.safe_dump(config), encoding="utf-8")


def _run(
    runs: Runs, out: Path, tally: Tally, end: Callable[[Run], int], is_graceful: bool = False
) -> None:
    """Start a process in this folder, let `end` end it, and count."""
    before, first = _keys(out / "journal.jsonl"), len(runs.teacher.requests)
    tally.interruptions += end(runs.start(out)) != 0
    runs.teacher.wait_until_idle()
    requests = [key(body) for body in runs.teacher.requests[first:]]
    shards = [_keys(path) for path in (out / "journal").glob("*/*.jsonl")]
    tally.count(requests, before.union(*shards), _keys(out / "journal.jsonl"), is_graceful)


def _finish(run: Run) -> int:
    """Wait for the end of a run that must succeed."""
    output = "".join(run.communicate())
    assert run.returncode == 0, output[-2000:]
    return run.returncode


def _interrupt(
    teacher: CountingTeacher, requests: int, seconds: float, sign: signal.Signals, run: Run
) -> int:
    """Send the signal so many seconds after so many more requests; return the status."""
    requests += len(teacher.requests)
    deadline = time.monotonic() + 60
    while len(teacher.requests) < requests and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.001)
    time.sleep(seconds)
    with suppress(ProcessLookupError):  # it may just have ended
        os.kill(run.pid, sign)
    return run.wait()


def key(body: bytes) -> str:
    """Return the journal's key of a request."""
    request = json.loads(body)
    limits = (request[name] for name in ("temperature", "max_tokens"))
    seed = request.get("seed", SEED)  # only a second try sends its seed
    return key_of(Request(request["model"], tuple(request["messages"]), *limits, seed))


def _keys(path: Path) -> set[str]:
    """Return the keys of the whole lines of a journal."""
    if not path.exists():
        return set()
    lines = path.read_bytes().splitlines(keepends=True)
    return {json.loads(line)["key"] for line in lines if line.endswith(b"\n")}
