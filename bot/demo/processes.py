"""Start the local Hub and the bot, and stop them when the demo ends, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.errors import UserError

READY = "local Hub ready at "
START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0  # of a demo that was killed just before
PR_SET_PDEATHSIG = 1


class ProcessError(UserError):
    """A process did not start or has stopped; the message has its error, or its last line."""


class Processes:
    """The Hub and the bot, each in a session of its own; logs go to `<data>/logs`.

    Leaving the context stops them.
    """

    def __init__(self, data: Path) -> None:
        self._logs = data / "logs"
        self._home = data / "hf-home"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start_hub(self, port: int, data: Path, seed: Path) -> str:
        """Start the local Hub and return its URL once it is ready."""
        command = ("hub", "serve", "--port", str(port), "--data", str(data), "--seed", str(seed))
        log = self._start("hub", command, {})
        line = self._wait_for("hub", log, READY)
        return line.removeprefix(READY).strip()

    def start_bot(self, env: Mapping[str, str]) -> None:
        """Start the bot and wait until its health page responds."""
        url = f"http://127.0.0.1:{env['PORT']}/health"
        _wait_for_silence(url)
        log = self._start("bot", ("serve",), env)
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not _responds(url):
            self._check("bot", log, deadline)

    def deploy(self, env: Mapping[str, str]) -> Iterator[str]:
        """Run `kakugo deploy` and yield the lines that it prints."""
        process = subprocess.Popen(
            _argv(("deploy",)),
            env=self._environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        assert process.stdout and process.stderr
        for line in process.stdout:
            yield line.strip()
        errors = process.stderr.read()
        if process.wait():
            raise ProcessError(f"`kakugo deploy` failed: {_error(errors)}")

    def check(self) -> None:
        """Raise ProcessError if the Hub or the bot has stopped."""
        for name, process in self._running.items():
            if process.poll() is not None:
                log = self._logs / f"{name}.log"
                raise ProcessError(f"the {name} has stopped: {_error(log.read_text())} (see {log})")

    def wait(self) -> None:
        """Wait for Ctrl-C. Raises ProcessError if a process stops."""
        try:
            while True:
                self.check()
                time.sleep(0.5)
        except KeyboardInterrupt:
            return

    def _start(self, name: str, command: tuple[str, ...], env: Mapping[str, str]) -> Path:
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with log.open("wb") as out:
            self._running[name] = subprocess.Popen(
                _argv(command),
                env=self._environment(env),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        return log

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return an environment without the user's Hub settings: no demo uses the real Hub."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "KAKUGO_"))}
        return {**inherited, "HF_HOME": str(self._home), "PYTHONUNBUFFERED": "1", **env}

    def _wait_for(self, name: str, log: Path, start: str) -> str:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            for line in log.read_text().splitlines():
                if line.startswith(start):
                    return line
            self._check(name, log, deadline)

    def _check(self, name: str, log: Path, deadline: float) -> None:
        if self._running[name].poll() is not None or time.monotonic() > deadline:
            raise ProcessError(f"the {name} did not start: {_error(log.read_text())}")
        time.sleep(0.05)

    def __enter__(self) -> Self:
        # `kill` and a closed terminal must stop the children too, as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.default_int_handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self._running.values()):
            _stop(process)


def _end_with_parent() -> None:
    """Have the kernel stop this child when the demo is killed, which runs no `__exit__`.

    Only Linux can do that; elsewhere, a killed demo leaves its processes behind.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _wait_for_silence(url: str) -> None:
    """Wait until nothing answers here: the bot of a killed demo may still be stopping."""
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while _responds(url):
        if time.monotonic() > deadline:
            raise ProcessError(
                f"another program answers at {url}, where the bot has to listen: stop it, or "
                "start over with --fresh"
            )
        time.sleep(0.1)


def _argv(command: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "bot.cli", *command]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate a process; kill its whole session if it does not end in time."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _responds(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:  # includes URLError
        return False


def _error(log: str) -> str:
    """Return the last error that a command has printed, otherwise the last line of its log."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("kakugo: ") for line in lines if line.startswith("kakugo: ")]
    return (errors or lines or ["its log is empty"])[-1]
