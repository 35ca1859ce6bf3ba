"""Starts and ends the processes of jobs, endpoints and Spaces, each under its own supervisor.

A command that was written for the Hub runs here without an image, an installation or a shell, in a
clean environment and a scratch directory. Nothing here knows what the command is for.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).with_name("programs")  # a `uv` that installs nothing
SUPERVISOR = Path(__file__).with_name("supervisor.py")
LOG_LIMIT = 32 * 1024 * 1024
GRACE_SECONDS = 30.0  # between SIGTERM and SIGKILL, as in Kubernetes
CLOSING_GRACE_SECONDS = 3.0  # the same when the Hub itself ends
OPTIONS_WITH_A_VALUE = frozenset(
    {"--with", "--with-editable", "--with-requirements", "--python", "-p", "--index", "--index-url"}
    | {"--extra-index-url", "--default-index", "--find-links", "--env-file", "--extra", "--group"}
)


def local_command(command: Sequence[str]) -> list[str]:
    """Return what `uv run …` would run after the installation."""
    words = list(command)
    if words[:2] != ["uv", "run"]:
        return words
    words = words[2:]
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "--":
            break
        if option in OPTIONS_WITH_A_VALUE and words:
            words.pop(0)
    if words and words[0].endswith(".py") and "://" not in words[0]:
        words.insert(0, "python")
    return words


def child_environment(
    hub_url: str, scratch: Path, requested: Mapping[str, str], reserved: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of a child.

    It has what this machine needs, then the requested variables, then the reserved ones, which
    cannot be overwritten. Nothing else of the Hub's own environment is passed on.
    """
    path = [str(PROGRAMS), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    threads = {key: value for key, value in os.environ.items() if key == "OMP_NUM_THREADS"}
    basics = {
        "PATH": os.pathsep.join(path),
        "HOME": str(scratch),
        "TMPDIR": str(scratch / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "HF_ENDPOINT": hub_url,
        "HF_HOME": str(scratch / "hf-home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "DISABLE_SAFETENSORS_CONVERSION": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
    }
    return {**basics, **threads, **requested, **reserved}


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def has_connections(port: int) -> bool:
    """Return whether anyone is connected to a port of this machine; needs /proc."""
    local, established = f":{port:04X}", "01"
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(local) and fields[3] == established:
                return True
    return False


@dataclass(frozen=True)
class SupervisedProcess:
    """A running command under its supervisor."""

    supervisor: asyncio.subprocess.Process

    async def wait(self) -> int:
        """Wait until the command and everything below it have ended; return its exit code.

        The code is as a shell would give it: 128 plus the signal for a killed command.
        """
        return await self.supervisor.wait()

    async def stop(self) -> None:
        """End the command and everything it started, with a short grace period."""
        assert self.supervisor.stdin is not None
        self.supervisor.stdin.close()
        await self.supervisor.wait()

    async def stop_within(self, grace_seconds: float) -> None:
        """End it with this grace period, which a later `stop` cuts short."""
        assert self.supervisor.stdin is not None
        self.supervisor.stdin.write(f"{grace_seconds}\n".encode())
        await self.supervisor.wait()


async def start(
    command: Sequence[str], environment: Mapping[str, str], scratch: Path, log: Path
) -> SupervisedProcess:
    """Run a command in `scratch`, which is created if needed, and append its output to `log`."""
    (scratch / "tmp").mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(SUPERVISOR),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,
    )
    instructions = {
        "command": list(command),
        "cwd": str(scratch),
        "log": str(log),
        "limit": LOG_LIMIT,
        "grace": CLOSING_GRACE_SECONDS,
    }
    assert supervisor.stdin is not None
    supervisor.stdin.write(json.dumps(instructions).encode() + b"\n")
    await supervisor.stdin.drain()
    return SupervisedProcess(supervisor)
