"""Forks of one process: each is a process of its own."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.localhub.fork_server import Fork, ForkServer
from tests.bot.localhub.helpers import wait_until


def describe(status: int) -> int:
    """Write what a process knows of itself; return its exit status."""
    facts = sys.argv[1:], Path.cwd().name, dict(os.environ), os.getpid() == os.getpgid(0)
    print(*facts, sys.stdin.read(), sep="\n", flush=True)
    print("a warning", file=sys.stderr)
    return status


def sleep() -> int:
    """Wait for a signal."""
    time.sleep(60)
    return 0


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """A process without modules."""
    with closing(ForkServer()) as running:
        yield running


def start(server: ForkServer, folder: Path, name: str, *arguments: object) -> Fork:
    """Call a function of this file in a fork, which reads `in` and writes `out` and `err`."""
    with (
        (folder / "in").open("w+") as stdin,
        (folder / "out").open("w") as stdout,
        (folder / "err").open("w") as stderr,
    ):
        stdin.write("question")
        stdin.seek(0)
        streams = stdin.fileno(), stdout.fileno(), stderr.fileno()
        env = {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), "NAME": "value"}
        return server.start(
            f"{__name__}:{name}", *arguments, argv=["-a", "b"], streams=streams, env=env, cwd=folder
        )


def test_run_has_arguments_environment_folder_streams_and_status(
    server: ForkServer, tmp_path: Path
) -> None:
    before = dict(os.environ)
    run = start(server, tmp_path, "describe", 3)
    assert run.wait(20) == run.poll() == 3
    argv, folder, env, leads_group, stdin = (tmp_path / "out").read_text().splitlines()
    assert (argv, folder, leads_group, stdin) == (
        "['-a', 'b']", tmp_path.name, "True", "question"
    )  # fmt: skip
    assert "'NAME': 'value'" in env and "HOME" not in env and os.environ == before
    assert (tmp_path / "err").read_text() == "a warning\n"


def test_error_in_a_run_is_its_own(server: ForkServer, tmp_path: Path) -> None:
    assert start(server, tmp_path, "describe").wait(20) == 1
    assert "TypeError" in (tmp_path / "err").read_text()
    assert start(server, tmp_path, "describe", 0).wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_run_is_ended(server: ForkServer, tmp_path: Path, number: signal.Signals) -> None:
    runs = [start(server, tmp_path, "sleep") for _ in range(2)]
    assert runs[0].poll() is None
    (runs[0].kill if number == signal.SIGKILL else runs[0].terminate)()
    assert runs[0].wait(20) == -number and runs[1].poll() is None
    runs[1].kill()
    assert runs[1].wait(20) == -signal.SIGKILL
    wait_until(lambda: not Path(f"/proc/{runs[1].pid}").exists())
    runs[1].kill()  # of a run that has ended, whose number may be another process's
