"""Run `kakugo-recipe` in forks of one process, which imports the heavy libraries only once.

Each run is a process of its own, as a job's is: it has an environment, it can be killed, and it
writes what it prints.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

TIMEOUT_SECONDS = 200
ForkServer = subprocess.Popen[str]
# What runs import in functions; together several seconds of processor.
IMPORTS = (
    "datasets",
    "matplotlib.figure",
    "peft",
    "pyarrow.parquet",
    "recipes.check.run",
    "recipes.generate.run",
    "recipes.promote.run",
    "recipes.train.run",
    "sacrebleu",
    "torch",
    "transformers.models.llama.modeling_llama",
    "trl.trainer.dpo_trainer",
    "trl.trainer.sft_trainer",
)
# Each line on stdin starts a run. A process between server and run waits for it and writes its
# exit status, so that runs may overlap.
SERVER = """
import importlib, json, os, signal, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
from huggingface_hub import constants, hf_api
from recipes import cli

def read_again(environment):
    os.environ.clear()
    os.environ.update(environment)
    for name in ("huggingface_hub.constants", "datasets.config"):
        importlib.reload(sys.modules[name])
    hf_api.api.endpoint = constants.ENDPOINT

def die_before(commit):
    from huggingface_hub.utils import _http
    commits = 0
    def count_commits(request):
        nonlocal commits
        commits += request.url.path.endswith("/commit/main")
        if commits == commit:
            os.kill(os.getpid(), signal.SIGKILL)
    def make_client():
        client = _http.default_client_factory()
        client.event_hooks["request"].append(count_commits)
        return client
    _http.set_client_factory(make_client)

def run(folder, argv, script, env, cwd, killed_before_commit):
    read_again(env)
    if cwd:
        os.chdir(cwd)
    for stream, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT, 0o600), stream)
    if killed_before_commit:
        die_before(killed_before_commit)
    sys.argv[1:] = argv  # training starts more processes with it
    try:
        status = exec(script, {"__name__": "__main__"}) if script else cli.main(argv)
    except SystemExit as exit:
        status = exit.code
    sys.stdout.flush()
    os._exit(status or 0)

for line in sys.stdin:
    command = json.loads(line)
    if os.fork():
        continue
    if not (pid := os.fork()):
        run(**command)
    os.setpgid(pid, pid)  # so that a run is killed with all processes that it started
    print(pid, flush=True)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    folder = command["folder"]
    with open(f"{folder}/status.new", "w") as file:
        file.write(str(status))
    os.rename(f"{folder}/status.new", f"{folder}/status")
    os._exit(0)
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

    def wait(self, timeout: float = TIMEOUT_SECONDS) -> int:
        """Wait for the end and return the exit status, -9 after SIGKILL."""
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("kakugo-recipe", timeout)
            time.sleep(0.02)
        return status

    def communicate(self, timeout: float = TIMEOUT_SECONDS) -> tuple[str, str]:
        """Wait for the end; return what was written to stdout and stderr."""
        self.wait(timeout)
        stdout, stderr = (self._folder / name for name in ("stdout", "stderr"))
        return stdout.read_text(), stderr.read_text()

    def kill(self) -> None:
        """Kill the run and all processes that it started; nothing if it has ended."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.wait()


class RecipeRunner:
    """Starts runs in an environment; `folder` holds their output."""

    def __init__(self, server: ForkServer, env: Mapping[str, str], folder: Path) -> None:
        self._server, self._env, self._folder = server, dict(env), folder
        self._runs: list[Run] = []

    def start(
        self, *argv: str, script: str = "", cwd: Path | None = None, killed_before_commit: int = 0
    ) -> Run:
        """Start `kakugo-recipe`, or a Python script, with these arguments.

        It dies by SIGKILL before its n-th commit to a main branch; 0 is never.
        """
        assert self._server.stdin and self._server.stdout
        folder = self._folder / f"run{len(self._runs)}"
        folder.mkdir()
        command = {
            "folder": str(folder),
            "argv": argv,
            "script": script,
            "env": self._env,
            "cwd": cwd and str(cwd),
            "killed_before_commit": killed_before_commit,
        }
        self._server.stdin.write(json.dumps(command) + "\n")
        self._server.stdin.flush()
        self._runs.append(Run(int(self._server.stdout.readline()), folder))
        return self._runs[-1]

    def run(
        self, *argv: str, script: str = "", cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Do the same to its end."""
        run = self.start(*argv, script=script, cwd=cwd)
        stdout, stderr = run.communicate()
        return subprocess.CompletedProcess(argv, run.wait(), stdout, stderr)

    def run_script(self, script: str, *argv: str) -> str:
        """Run a Python script that succeeds; return what it wrote to stdout."""
        done = self.run(*argv, script=script)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kill_all(self) -> None:
        """Kill the runs that still go on."""
        for run in self._runs:
            run.kill()


@contextmanager
def started_fork_server() -> Iterator[ForkServer]:
    """Start the process that is forked; it ends with the block."""
    command = [sys.executable, "-c", SERVER, *IMPORTS]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield server
        server.kill()


@contextmanager
def recipe_runner(
    server: ForkServer, env: Mapping[str, str], folder: Path
) -> Iterator[RecipeRunner]:
    """Provide a runner whose runs end with the block."""
    folder.mkdir(exist_ok=True)
    runner = RecipeRunner(server, env, folder)
    try:
        yield runner
    finally:
        runner.kill_all()
