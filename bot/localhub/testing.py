"""A local Hub in its own process, for tests: a context manager.

with LocalHub(tmp_path) as hub:
    HfApi(endpoint=hub.url, token=hub.token("alice")).create_repo("alice/model")
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

READY = "local Hub ready at "
USERS = ("kakugo-bot", "alice", "bob")
ORGS = {"practice": ("kakugo-bot", "alice")}


class LocalHub:
    """A server with the users ``kakugo-bot``, ``alice``, ``bob`` and the org ``practice``.

    data: the folder it keeps; started again, it goes on from there at the same address.
    seed: its seed file, which may be changed before it starts.
    """

    def __init__(
        self,
        data: Path,
        users: Sequence[str] = USERS,
        orgs: Mapping[str, Sequence[str]] = ORGS,
        port: int = 0,
        host: str = "127.0.0.1",
    ) -> None:
        self.data = data / "hub"
        self.seed = data / "seed.yaml"
        self._port, self._host = port, host
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.url = ""
        self._write_seed(users, orgs)

    def _write_seed(self, users: Sequence[str], orgs: Mapping[str, Sequence[str]]) -> None:
        people: list[dict[str, Any]] = [{"name": u, "token": self.token(u)} for u in users]
        people += [{"name": f"{u}", "token": self.read_token(u), "role": "read"} for u in users]
        groups = [{"name": name, "members": list(members)} for name, members in orgs.items()]
        self.seed.parent.mkdir(parents=True, exist_ok=True)
        self.seed.write_text(yaml.safe_dump({"users": people, "orgs": groups}), encoding="utf-8")

    def token(self, user: str) -> str:
        """The user's write token."""
        return f"hf_local_{user}"

    def read_token(self, user: str) -> str:
        """The user's read-only token."""
        return f"hf_local_{user}_read"

    @property
    def pid(self) -> int:
        """The server's process id (0 when stopped)."""
        return self._process.pid if self._process else 0

    def start(self) -> Self:
        """Start the server and wait for its ready line; RuntimeError with its output if none."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.localhub.server", "--port", str(self._port),
             "--data", str(self.data), "--seed", str(self.seed), "--host", self._host,
             "--until-stdin-closes"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert process.stdout
        seen = []
        for line in process.stdout:
            seen.append(line)
            if line.startswith(READY):
                break
        else:
            raise RuntimeError(f"The local Hub did not start: {''.join(seen)}")
        self._process, self.url = process, line.removeprefix(READY).strip()
        self._port = int(self.url.rpartition(":")[2])
        self._reader = threading.Thread(target=self._pass_on, args=(process,), daemon=True)
        self._reader.start()
        return self

    def _pass_on(self, process: subprocess.Popen[str]) -> None:
        """Keep the pipe empty and show what the server says."""
        assert process.stdout
        with process.stdout as output:
            for line in output:
                sys.stderr.write(line)

    def stop(self, patience: float = 20) -> int:
        """Ask it to stop and return its exit status."""
        return self._end(lambda process: process.terminate(), patience)

    def kill(self) -> int:
        """SIGKILL, as a crash would."""
        return self._end(lambda process: process.kill(), 20)

    def _end(self, how: Any, patience: float) -> int:
        if self._process is None:
            return 0
        how(self._process)
        status = self._process.wait(patience)
        assert self._process.stdin
        self._process.stdin.close()
        if self._reader:
            self._reader.join(patience)
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
