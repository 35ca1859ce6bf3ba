"""Kill a real run with SIGKILL again and again, on this machine or on another, and count.

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
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from recipes.generate.shards import NAME

from .conftest import CountingTeacher, environment

FORKS = """
import json, os, sys
import datasets, pyarrow.parquet, recipes.generate.run
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


@dataclass(frozen=True)
class Tally:
    """What the teacher was asked in all, and what explains what it was asked twice: a call that
    was in flight at a kill, or an answer that was on no shard when the run moved."""

    asked: int
    needed: int
    cuts: int
    moves: int
    unpushed: int

    @property
    def twice(self) -> int:
        """Requests that were paid for more than once."""
        return self.asked - self.needed


class Runs:
    """Starts runs of one recipe; every machine is a folder of its own."""

    def __init__(self, hub: LocalHub, teacher: CountingTeacher, recipe: Path, home: Path) -> None:
        self.teacher, self.home = teacher, home
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

    def start(self, out: Path) -> int:
        """Start one that writes into this folder; its pid."""
        assert self._server.stdin
        told = {"home": str(self.home), "argv": [*self.argv, str(out)]}
        self._server.stdin.write(json.dumps(told) + "\n")
        self._server.stdin.flush()
        return int(self._line())

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
    runs: Runs, api: HfApi, repo: str, folder: Path, times: int, most: int, seed: int
) -> tuple[Path, Tally]:
    """Cut a run so often, each time after up to `most` more requests, and let the last one end."""
    chance, teacher = random.Random(seed), runs.teacher
    out, moves, unpushed = folder / "0", 0, 0
    teacher.asked.clear()
    for cut in range(times):
        pid = runs.start(out)
        wanted, deadline = len(teacher.asked) + chance.randint(1, most), time.monotonic() + 60
        while len(teacher.asked) < wanted and time.monotonic() < deadline and _alive(pid):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.02))
        if _alive(pid):
            os.kill(pid, signal.SIGKILL)
        runs.wait()
        time.sleep(0.05)  # what was on its way to the teacher has come
        if chance.random() < 0.5:
            unpushed += len(_keys(out / "journal.jsonl") - _on_hub(api, repo, folder))
            out, moves = folder / str(cut + 1), moves + 1
    runs.start(out)
    assert runs.wait() == 0, (runs.home / "log").read_text("utf-8")[-2000:]
    asked = len(teacher.asked)
    return out, Tally(asked, len(set(teacher.asked)), times, moves, unpushed)


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


def _on_hub(api: HfApi, repo: str, folder: Path) -> set[str]:
    if not api.repo_exists(repo, repo_type="dataset"):
        return set()
    files = api.list_repo_files(repo, repo_type="dataset")
    local = [
        api.hf_hub_download(repo, path, repo_type="dataset", cache_dir=folder / "cache")
        for path in files
        if NAME.fullmatch(path)
    ]
    return {key for path in local for key in _keys(Path(path))}
