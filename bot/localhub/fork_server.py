"""Run functions in forks of one process, which has imported their modules only once.

Each run is a process of its own, as if a new interpreter had started it: it has an environment, a
working directory and streams, it can be killed, and its exit status is known.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path

_MAIN = f"import sys; from {__name__} import main; sys.exit(main())"


class Fork:
    """A run, with the interface of `subprocess.Popen`; it leads a process group of its own."""

    def __init__(self, reports: Connection) -> None:
        self._reports = reports
        self.pid: int = reports.recv()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, below 0 after a signal; None while the run goes on."""
        if self.returncode is None and self._reports.poll():
            self.returncode = self._reports.recv()
            self._reports.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status; raises subprocess.TimeoutExpired."""
        if self.returncode is None and not self._reports.poll(timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        status = self.poll()
        assert status is not None
        return status

    def terminate(self) -> None:
        """Ask the run to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the run, but not what it started."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class ForkServer:
    """A process that imports the modules, and ends with the process that started it."""

    def __init__(self, *modules: str) -> None:
        self._calls, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, str(theirs.fileno()), *modules],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def start(
        self,
        function: str,
        *arguments: object,
        argv: Sequence[str] = (),
        streams: tuple[int, int, int],
        env: Mapping[str, str],
        cwd: Path | None = None,
    ) -> Fork:
        """Call a function, `module:name`, in a new process, whose exit status it returns.

        argv: the process's arguments. streams: file descriptors of stdin, stdout and stderr.
        """
        reports, theirs = Pipe(duplex=False)
        with theirs:
            self._calls.send((function, arguments, list(argv), dict(env), str(cwd or Path.cwd())))
            for descriptor in (*streams, theirs.fileno()):
                send_handle(self._calls, descriptor, self._process.pid)
        return Fork(reports)

    def close(self) -> None:
        """End the process; runs go on."""
        self._calls.close()
        self._process.wait()


def _serve(calls: Connection) -> int:
    """Fork for each call; return what its function returns in the new process, and 0 here."""
    while True:
        # Those that only wait for a run leave no zombies.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            call = calls.recv()
        except EOFError:
            return 0
        *streams, reports = [recv_handle(calls) for _ in range(4)]
        if os.fork() == 0:
            calls.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if (pid := os.fork()) == 0:
                os.close(reports)
                return _run(streams, *call)
            os.setpgid(pid, pid)
            for descriptor in streams:
                os.close(descriptor)
            _report(pid, Connection(reports, readable=False))
        for descriptor in (*streams, reports):
            os.close(descriptor)


def _run(
    streams: Sequence[int],
    function: str,
    arguments: tuple[object, ...],
    argv: list[str],
    env: dict[str, str],
    cwd: str,
) -> int:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv[1:] = argv
    module, _, name = function.partition(":")
    status: int = getattr(importlib.import_module(module), name)(*arguments)
    return status


def _report(pid: int, reports: Connection) -> None:
    """Send the run's id and its exit status, and end."""
    try:
        reports.send(pid)
        reports.send(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    finally:
        os._exit(0)


def main() -> int:
    """Import the modules that the arguments name, and serve the calls from a descriptor."""
    descriptor, *modules = sys.argv[1:]
    gc.disable()
    for module in modules:
        importlib.import_module(module)
    gc.freeze()  # so that a fork does not copy what was imported
    gc.enable()
    return _serve(Connection(int(descriptor)))
