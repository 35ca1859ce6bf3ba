"""End a real run with a signal again and again, on this machine or on another, and count.

Each run is a process of its own, forked from one that has imported everything, so that a hundred
of them cost little more than their work.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import yaml

from bot.localhub.testing import LocalHub
from recipes.generate.teacher.client import key_of
from recipes.generate.teacher.openai import Request
from tests.recipes.generate.conftest import CountingTeacher, environment

FORKS = """
import json, os, sys
import datasets, matplotlib.figure, pyarrow.parquet, recipes.generate.run, torch
from recipes import cli
print("ready", flush=True)
for line in sys.stdin:
    told = json.loads(line)
    if not (pid := os.fork()):
        os.chdir(told["home"])
        log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os._exit(cli.main(told["argv"]))
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


End = tuple[signal.Signals, bool]  # what ends a life, and whether the run moves after it


@dataclass
class Tally:
    """What the teacher was asked in all, life after life, and what became of every answer.

    `flying`: answers that were not in the journal when a life ended, though asked for; `unshared`:
    answers of another machine that were on no shard when the run went on without it. Each of both
    has to be paid for once more, and nothing else may be.
    """

    asked: list[str] = field(default_factory=list)
    flying: int = 0
    unshared: int = 0
    ended: int = 0
    moves: int = 0
    _kept: set[str] = field(default_factory=set)
    _told: bool = False

    @property
    def needed(self) -> set[str]:
        """The keys of all that was ever asked."""
        return set(self.asked)

    @property
    def twice(self) -> int:
        """How many requests were paid for more than once."""
        return len(self.asked) - len(self.needed)

    def count(self, asked: list[str], known: set[str], journal: set[str], told: bool) -> None:
        """One more life: what it asked, what it knew before, what its journal holds now, and
        whether it was told to stop, and not killed."""
        if not asked:  # it ended before it had read what there is, or nothing was missing
            return
        assert not known & set(asked), "asked for what it knew"
        assert len(asked) == len(set(asked)), "asked twice in one life"
        self.asked += asked
        unshared, flying = self._kept - known, set(asked) - journal
        assert not (unshared and self._told), "not pushed though told to stop"
        assert not (flying and told), "not awaited though told to stop"
        self.unshared += len(unshared)
        self.flying += len(flying)
        self._kept, self._told = known | journal, told

    def __str__(self) -> str:
        return (
            f"ended {self.ended} times, moved {self.moves} times: {len(self.asked)} asked for "
            f"{len(self.needed)} needed, {self.twice} twice = {self.flying} in flight "
            f"+ {self.unshared} on no shard"
        )


class Runs:
    """Starts runs of one recipe; every machine is a folder of its own."""

    def __init__(self, hub: LocalHub, teacher: CountingTeacher, recipe: Path, home: Path) -> None:
        self.teacher, self.home, self.pid = teacher, home, 0
        self.argv = ["generate", "--config", str(recipe), "--org", "practice"]
        self.argv += ["--language", "epo_Latn", "--teacher", teacher.url, "--out"]
        home.mkdir()
        self._server = subprocess.Popen(
            [sys.executable, "-c", FORKS],
            env=environment(hub, home / "hf"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    def start(self, out: Path) -> None:
        """Start one that writes into this folder."""
        assert self._server.stdin
        told = {"home": str(self.home), "argv": [*self.argv, str(out)]}
        self._server.stdin.write(json.dumps(told) + "\n")
        self._server.stdin.flush()
        self.pid = int(self._line())

    def wait(self) -> int:
        """Until it has ended; its status."""
        return int(self._line())

    def close(self) -> None:
        """No more runs."""
        self._server.communicate(timeout=60)

    def _line(self) -> str:
        assert self._server.stdout
        return self._server.stdout.readline().strip()


def play(
    runs: Runs, folder: Path, ends: Sequence[End], most: int, chance: random.Random
) -> tuple[Path, Tally]:
    """End a run in all these ways, each after up to `most` more requests, and let the last one end.

    Where it moves, it goes on in an empty folder, as on another machine.
    """
    out, tally = folder / "0", Tally()
    for life, (sign, moves) in enumerate(ends):
        end = partial(_end, runs, chance.randint(1, most), chance.uniform(0, 0.02), sign)
        _live(runs, out, tally, end, told=sign is signal.SIGTERM)
        if moves:
            out, tally.moves = folder / str(life + 1), tally.moves + 1
    status = _live(runs, out, tally, runs.wait)
    assert status == 0, (runs.home / "log").read_text("utf-8")[-2000:]
    return out, tally


def uncut(runs: Runs, out: Path) -> set[str]:
    """Let a run into this folder end by itself; the keys of all that it asked."""
    tally = Tally()
    assert _live(runs, out, tally, runs.wait) == 0, (runs.home / "log").read_text("utf-8")[-2000:]
    return tally.needed


def hurry(recipe: Path, **sources: int) -> None:
    """Make a recipe push often, and wait for its answers however slow this machine is.

    Shards are not merged: what a life finds at its beginning then stays as it found it.
    """
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    often = {"every_answers": 5, "every_seconds": 0.2, "merge_from": 1_000}
    numbers["generate"]["journal"] |= often
    numbers["generate"]["teacher"] |= {"grace": 30}
    for source, texts in sources.items():
        numbers["generate"][source] = texts
    recipe.write_text(yaml.safe_dump(numbers), encoding="utf-8")


def _live(runs: Runs, out: Path, tally: Tally, end: Callable[[], int], told: bool = False) -> int:
    """One life in this folder; its status."""
    before, first = _keys(out / "journal.jsonl"), len(runs.teacher.asked)
    runs.start(out)
    status = end()
    tally.ended += status != 0
    runs.teacher.wait_until_idle()
    asked = [key(body) for body in runs.teacher.asked[first:]]
    shards = [_keys(path) for path in (out / "journal").glob("*/*.jsonl")]
    tally.count(asked, before.union(*shards), _keys(out / "journal.jsonl"), told)
    return status


def _end(runs: Runs, wanted: int, later: float, sign: signal.Signals) -> int:
    """Let it ask so much, and so many seconds later end it."""
    wanted += len(runs.teacher.asked)
    deadline = time.monotonic() + 60
    while len(runs.teacher.asked) < wanted and time.monotonic() < deadline and _alive(runs.pid):
        time.sleep(0.001)
    time.sleep(later)
    if _alive(runs.pid):
        os.kill(runs.pid, sign)
    return runs.wait()


def key(body: bytes) -> str:
    """The key under which the answer to a request is kept."""
    wire = json.loads(body)
    told = (wire[name] for name in ("temperature", "max_tokens", "seed"))
    return key_of(Request(wire["model"], tuple(wire["messages"]), *told))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _keys(path: Path) -> set[str]:
    """The keys of the whole lines of a journal."""
    if not path.exists():
        return set()
    lines = path.read_bytes().splitlines(keepends=True)
    return {json.loads(line)["key"] for line in lines if line.endswith(b"\n")}
