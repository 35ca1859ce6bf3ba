"""Run `kakugo-recipe` in forks of one process, which imports the heavy libraries only once.

Each run is a process of its own, as a job's is: it has an environment, it can be killed, and it
writes what it prints.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.localhub.fork_server import Fork, ForkServer

if TYPE_CHECKING:
    import httpx2

TIMEOUT_SECONDS = 200
# What runs import; together several seconds of processor.
MODULES = (
    "datasets",
    "matplotlib.figure",
    "pyarrow.parquet",
    "recipes.check.run",
    "recipes.cli",
    "recipes.generate.run",
    "sacrebleu",
    "scipy.io",
    "transformers.tokenization_utils_tokenizers",
)
# What only those import that train or evaluate a model.
TORCH_MODULES = (
    "peft",
    "recipes.promote.run",
    "recipes.train.run",
    "transformers.models.llama.modeling_llama",
    "trl.trainer.dpo_trainer",
    "trl.trainer.sft_trainer",
)


def run_in_fork(script: str, killed_before_write: int) -> int:
    """Run `kakugo-recipe`, or a script, in a new process; return its exit status."""
    from recipes import cli

    _read_environment_again()
    if killed_before_write:
        _die_before(killed_before_write)
    status: object = 0
    try:
        if script:
            exec(script, {"__name__": "__main__"})
        else:
            status = cli.main(sys.argv[1:])
    except SystemExit as exit:
        status = exit.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 0)  # PyTorch takes a while to end


def _read_environment_again() -> None:
    """Let clients that were imported before the environment was known see it."""
    from huggingface_hub import constants, hf_api

    for name in ("huggingface_hub.constants", "datasets.config"):
        importlib.reload(sys.modules[name])
    hf_api.api.endpoint = constants.ENDPOINT
    # Seconds of sleep after each corpus, for threads that real files may keep busy.
    sys.modules["datasets.config"].SLEEP_TIME_ON_THREADS_SHUTDOWN = 0  # type: ignore[attr-defined]


def _die_before(write: int) -> None:
    """Die by SIGKILL before the n-th write to the Hub."""
    from huggingface_hub.utils import _http

    writes, reads = 0, ("/preupload/", "/validate-yaml", "/info/lfs/")

    def count_writes(request: httpx2.Request) -> None:
        nonlocal writes
        changes = request.method not in ("GET", "HEAD")
        writes += changes and not any(part in request.url.path for part in reads)
        if writes == write:
            os.kill(os.getpid(), signal.SIGKILL)

    def make_client() -> httpx2.Client:
        client = _http.default_client_factory()
        client.event_hooks["request"].append(count_writes)
        return client

    _http.set_client_factory(make_client)


class Run:
    """A run of a recipe, with the interface of `subprocess.Popen`."""

    def __init__(self, fork: Fork, folder: Path) -> None:
        self._fork, self._folder = fork, folder
        self.pid = fork.pid

    @property
    def returncode(self) -> int | None:
        """The exit status; None while the run goes on."""
        return self.poll()

    @property
    def stdout(self) -> str:
        """What was written to stdout so far."""
        return (self._folder / "stdout").read_text()

    def poll(self) -> int | None:
        """Return the exit status; None while the run goes on."""
        return self._fork.poll()

    def wait(self, timeout: float = TIMEOUT_SECONDS) -> int:
        """Wait for the end and return the exit status, -9 after SIGKILL."""
        return self._fork.wait(timeout)

    def communicate(self, timeout: float = TIMEOUT_SECONDS) -> tuple[str, str]:
        """Wait for the end; return what was written to stdout and stderr."""
        self.wait(timeout)
        return self.stdout, (self._folder / "stderr").read_text()

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
        self, *argv: str, script: str = "", cwd: Path | None = None, killed_before_write: int = 0
    ) -> Run:
        """Start `kakugo-recipe`, or a Python script, with these arguments.

        It dies by SIGKILL before its n-th write to the Hub: a commit, an upload, a tag, a new or
        deleted repository; 0 is never.
        """
        folder = self._folder / f"run{len(self._runs)}"
        folder.mkdir()
        with ExitStack() as stack:
            stdin = stack.enter_context(open(os.devnull))
            stdout, stderr = (
                stack.enter_context((folder / name).open("w")) for name in ("stdout", "stderr")
            )
            fork = self._server.start(
                "tests.recipes.recipe_runner:run_in_fork",
                script,
                killed_before_write,
                argv=argv,
                streams=(stdin.fileno(), stdout.fileno(), stderr.fileno()),
                env=self._env,
                cwd=cwd,
            )
        self._runs.append(Run(fork, folder))
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
