"""Run `kakugo-recipe` in forks of one process, which imports the heavy libraries only once.

Each run is a process of its own, as a job's is: it can be killed, and it writes what it prints.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

TIMEOUT_SECONDS = 200
# Each line on stdin starts a run. A process between server and run waits for it and writes its
# exit status, so that runs may overlap.
SERVER = """
import importlib, json, os, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
from recipes import cli

def start(folder, argv, cwd):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if cwd:
            os.chdir(cwd)
        for stream, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT, 0o600), stream)
        try:
            status = cli.main(argv)
        except SystemExit as exit:
            status = exit.code
        sys.stdout.flush()
        os._exit(status)
    print(pid, flush=True)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with open(f"{folder}/status.new", "w") as file:
        file.write(str(status))
    os.rename(f"{folder}/status.new", f"{folder}/status")
    os._exit(0)

for line in sys.stdin:
    if not os.fork():
        start(*json.loads(line))
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                break
        except ChildProcessError:
            break
"""


class Run:
    """A run of a recipe, with the interface of `subprocess.Popen`."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.pid, self._folder = pid, folder
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status; None while the run goes on."""
        status = self._folder / "status"
        if self.returncode is None and status.exists():
            self.returncode = int(status.read_text())
        return self.returncode

    def communicate(self, timeout: float = TIMEOUT_SECONDS) -> tuple[str, str]:
        """Wait for the end; return what was written to stdout and stderr."""
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("kakugo-recipe", timeout)
            time.sleep(0.02)
        stdout, stderr = (self._folder / name for name in ("stdout", "stderr"))
        return stdout.read_text(), stderr.read_text()


class RecipeRunner:
    """Starts runs; `folder` holds their output."""

    def __init__(self, server: subprocess.Popen[str], folder: Path) -> None:
        self._server, self._folder, self._count = server, folder, 0

    def start(self, *argv: str, cwd: Path | None = None) -> Run:
        """Start `kakugo-recipe` with these arguments in a session of its own."""
        assert self._server.stdin and self._server.stdout
        self._count += 1
        folder = self._folder / f"run{self._count}"
        folder.mkdir()
        self._server.stdin.write(json.dumps([str(folder), argv, cwd and str(cwd)]) + "\n")
        self._server.stdin.flush()
        return Run(int(self._server.stdout.readline()), folder)

    def run(self, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run `kakugo-recipe` to its end."""
        process = self.start(*argv, cwd=cwd)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(argv, process.returncode or 0, stdout, stderr)


@contextmanager
def recipe_runner(env: Mapping[str, str], folder: Path, *imports: str) -> Iterator[RecipeRunner]:
    """Start a server that has imported these modules and ends with the block."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", SERVER, *imports]
    with subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            yield RecipeRunner(server, folder)
        finally:
            server.send_signal(signal.SIGKILL)
