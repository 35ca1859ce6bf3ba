"""A local Hub in its own process, for tests of any bot.

with LocalHub(tmp_path) as hub:
    HfApi(endpoint=hub.url, token=hub.token("alice")).create_repo("alice/model")
"""

from __future__ import annotations

import atexit
import functools
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import yaml

from bot.localhub.core.rules import FINDINGS_FILE, Rules
from bot.localhub.fork_server import Fork, ForkServer

READY = "local Hub ready at "
USERS = ("kakugo-bot", "alice", "bob")
ORGS = {"practice": ("kakugo-bot", "alice")}
STOP_TIMEOUT_SECONDS = 20
MODULES = ("bot.localhub.server", "httpcore2")  # a Hub imports the second when it starts

_findings_files: set[Path] = set()


def take_findings() -> list[str]:
    """Return what the Hubs of this process recorded against the contract, and forget it."""
    findings: list[str] = []
    for path in _findings_files:
        if path.exists():
            findings += path.read_text(encoding="utf-8").splitlines()
            path.unlink()
    return findings


@functools.cache
def _fork_server() -> ForkServer:
    """Start the process of which the Hubs of this process are forks."""
    server = ForkServer(*MODULES)
    atexit.register(server.close)
    return server


def _forward_output(lines: IO[str]) -> None:
    """Show the server's output, which also keeps its pipe empty."""
    with lines:
        for line in lines:
            sys.stderr.write(line)


class LocalHub:
    """A server with the users `kakugo-bot`, `alice` and `bob` and the organization `practice`.

    Each account has a plan and can pay.

    data: its data folder; a restarted server resumes from it, at the same address. seed: its seed
    file, which may be changed before the server starts. rules: how strict it is.

    Leaving the `with` block fails if a request had a key that the real Hub ignores, or if a
    response had another shape than the real Hub's: see `take_findings`.
    """

    def __init__(
        self,
        data: Path,
        users: Sequence[str] = USERS,
        orgs: Mapping[str, Sequence[str]] = ORGS,
        port: int = 0,
        host: str = "127.0.0.1",
        rules: Rules = Rules(),  # noqa: B008 (frozen)
    ) -> None:
        self.data = data / "hub"
        self.seed = data / "seed.yaml"
        self.url = ""
        self._port, self._host, self._rules = port, host, rules
        _findings_files.add(self.data / FINDINGS_FILE)
        self._process: Fork | None = None
        self._reader: threading.Thread | None = None
        self._write_seed(users, orgs)

    def _write_seed(self, users: Sequence[str], orgs: Mapping[str, Sequence[str]]) -> None:
        entries: list[dict[str, Any]] = [
            {"name": user, "token": self.token(user), "plan": "pro", "can_pay": True}
            for user in users
        ]
        entries += [
            {"name": user, "token": self.read_token(user), "role": "read"} for user in users
        ]
        groups = [
            {"name": name, "members": list(members), "plan": "team", "can_pay": True}
            for name, members in orgs.items()
        ]
        self.seed.parent.mkdir(parents=True, exist_ok=True)
        self.seed.write_text(yaml.safe_dump({"users": entries, "orgs": groups}), encoding="utf-8")

    def token(self, user: str) -> str:
        """Return the user's write token."""
        return f"hf_local_{user}"

    def read_token(self, user: str) -> str:
        """Return the user's read-only token."""
        return f"hf_local_{user}_read"

    @property
    def pid(self) -> int:
        """The server's process id, 0 if it is not running."""
        return self._process.pid if self._process else 0

    def start(self) -> Self:
        """Start the server and wait until it is ready; raises RuntimeError with its output."""
        arguments = [
            "--port", str(self._port), "--data", str(self.data), "--seed", str(self.seed),
            "--host", self._host, "--until-stdin-closes",
            *(f"--rule={argument}" for argument in self._rules.arguments()),
        ]  # fmt: skip
        stdin, self._stdin = os.pipe()
        output, stdout = os.pipe()
        try:
            process = _fork_server().start(
                "bot.localhub.server:main",
                argv=arguments,
                streams=(stdin, stdout, stdout),
                env=os.environ,
            )
        finally:
            os.close(stdin)
            os.close(stdout)
        self._process, lines = process, os.fdopen(output, encoding="utf-8")
        written = []
        for line in lines:
            written.append(line)
            if line.startswith(READY):
                break
        else:
            lines.close()
            self._wait()
            raise RuntimeError(f"The local Hub did not start: {''.join(written)}")
        self.url = line.removeprefix(READY).strip()
        self._port = int(self.url.rpartition(":")[2])
        self._reader = threading.Thread(target=_forward_output, args=(lines,), daemon=True)
        self._reader.start()
        return self

    def stop(self) -> int:
        """Ask the server to stop and return its exit status."""
        if self._process:
            self._process.terminate()
        return self._wait()

    def kill(self) -> int:
        """Kill the server with SIGKILL, as in a crash, and return its exit status."""
        if self._process:
            self._process.kill()
        return self._wait()

    def _wait(self) -> int:
        if self._process is None:
            return 0
        status = self._process.wait(STOP_TIMEOUT_SECONDS)
        os.close(self._stdin)
        if self._reader:
            self._reader.join(STOP_TIMEOUT_SECONDS)
        self._process = None
        return status

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None:
            findings = take_findings()
            assert not findings, "\n".join(findings)
