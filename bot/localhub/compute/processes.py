"""Starts and ends the processes of jobs, endpoints and Spaces, each under a minder of its own.

Knows how a command of the real Hub is run on this machine (no image, no install, no shell, a clean
environment, a scratch directory); must not know what it is run for.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.localhub.compute.supervisor import descendants

MINDER = Path(__file__).with_name("supervisor.py")
URL_SCRIPT = Path(__file__).with_name("urlscript.py")
LOG_LIMIT = 32 * 1024 * 1024
GRACE_SECONDS = 30.0  # between SIGTERM and SIGKILL, as in Kubernetes
CLOSING_SECONDS = 3.0  # the same where somebody waits for the Hub itself to end
OPTIONS_WITH_A_VALUE = frozenset(
    {"--with", "--with-editable", "--with-requirements", "--python", "-p", "--index", "--index-url"}
    | {"--extra-index-url", "--default-index", "--find-links", "--env-file", "--extra", "--group"}
)


def local_command(command: Sequence[str]) -> list[str]:
    """Return what `uv run …` would run once everything is installed, with this interpreter."""
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
    if words and words[0].startswith(("http://", "https://")):
        return ["python", str(URL_SCRIPT), *words]
    if words and words[0].endswith(".py"):
        words.insert(0, "python")
    return words


def child_environment(
    hub_url: str, scratch: Path, given: Mapping[str, str], hardware: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of a child: the machine's bare needs, then what was asked for.

    Nothing else of the Hub's own environment is passed on, and `hardware` cannot be overwritten.
    """
    search = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    threads = {key: value for key, value in os.environ.items() if key == "OMP_NUM_THREADS"}
    basics = {
        "PATH": os.pathsep.join(search),
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
    return {**basics, **threads, **given, **hardware}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def connected(port: int) -> bool:
    """Return whether somebody has a connection to a port of this machine; needs /proc."""
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
class Minded:
    """A running command; `wait` gives its exit code as a shell would."""

    minder: asyncio.subprocess.Process

    async def wait(self) -> int:
        """Return the exit code once the command and everything below it have ended."""
        return await self.minder.wait()

    async def stop(self) -> None:
        """End the command and everything it started, soon; returns when it is gone."""
        assert self.minder.stdin is not None
        self.minder.stdin.close()
        await self.minder.wait()

    async def stop_within(self, grace: float) -> None:
        """The same, but give the command so many seconds to end by itself, unless `stop` comes."""
        assert self.minder.stdin is not None
        self.minder.stdin.write(f"{grace}\n".encode())
        await self.minder.wait()

    @property
    def ended(self) -> bool:
        """True once the command is over."""
        return self.minder.returncode is not None

    @property
    def pid(self) -> int:
        """The minder's process id; the command is its child."""
        return self.minder.pid


async def start(
    command: Sequence[str], environment: Mapping[str, str], scratch: Path, log: Path
) -> Minded:
    """Run a command in `scratch` (made if needed); its output goes to `log` line by line."""
    (scratch / "tmp").mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    minder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(MINDER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,
    )
    order = {
        "command": list(command),
        "cwd": str(scratch),
        "log": str(log),
        "limit": LOG_LIMIT,
        "grace": CLOSING_SECONDS,
    }
    assert minder.stdin is not None
    minder.stdin.write(json.dumps(order).encode() + b"\n")
    await minder.stdin.drain()
    return Minded(minder)


async def usage(root: int, over: Callable[[], bool]) -> AsyncIterator[dict[str, float]]:
    """Yield once a second what the processes below `root` use, until `over()`; needs /proc."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    before, _ = await asyncio.to_thread(measure, root)
    while not over():
        await asyncio.sleep(1.0)
        seconds, memory = await asyncio.to_thread(measure, root)
        cores = max(0.0, seconds - before)
        before = seconds
        yield {
            "cpu_usage_pct": round(100 * cores / (os.cpu_count() or 1)),
            "cpu_millicores": round(1000 * cores),
            "memory_used_bytes": memory,
            "memory_total_bytes": total,
        }


def measure(root: int) -> tuple[float, int]:
    """Return CPU seconds used so far and resident bytes of the processes below `root`."""
    ticks, pages = 0, 0
    for pid in descendants(root):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            continue  # it ended while we looked
        fields = stat.rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
        pages += int(fields[21])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE")
