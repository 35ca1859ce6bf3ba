"""Keeps processes that serve a port: starts them, sees when they answer, tells when they end.

Used for Inference Endpoints and Spaces, which decide what is run and what the outcome means. One
process per key; lives on the server's event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx2

from bot.localhub.compute import logs, processes

Phase = Literal["running", "failed"]
Told = Callable[[Phase, str], Awaitable[None]]
FIRST_POLL_SECONDS, SLOWEST_POLL_SECONDS = 0.1, 1.0
PATIENCE_SECONDS = 900.0


@dataclass(frozen=True)
class Launch:
    """What to run and how to see that it serves.

    environment: without the port.  health: the path asked.  below: an answer with a smaller status
    counts as healthy (201 means: 200 only).
    """

    command: list[str]
    environment: Mapping[str, str]
    scratch: Path
    log: Path
    health: str
    below: int


@dataclass
class Kept:
    """A process on its way or running."""

    port: int
    task: asyncio.Task[None] | None = None
    healthy: bool = False


@dataclass
class Keeper:
    """All processes of one kind."""

    kept: dict[str, Kept] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def lock(self, key: str) -> asyncio.Lock:
        """Return the lock to hold while one starts or stops what has this key."""
        return self.locks.setdefault(key, asyncio.Lock())

    def url(self, key: str) -> str | None:
        """Return where the process answers, None if it does not (yet)."""
        kept = self.kept.get(key)
        return f"http://127.0.0.1:{kept.port}" if kept and kept.healthy else None

    def active(self, key: str) -> bool:
        """Return whether a process is on its way or running."""
        return key in self.kept

    def start(self, key: str, launch: Launch, told: Told) -> None:
        """Begin; `told` hears "running" with the URL, then "failed" with a reason if it ends."""
        assert key not in self.kept
        kept = self.kept[key] = Kept(processes.free_port())
        kept.task = asyncio.create_task(self._keep(key, kept, launch, told))

    async def stop(self, key: str) -> None:
        """End what has this key, if anything; returns when it is gone, `told` hears nothing."""
        kept = self.kept.pop(key, None)
        if kept is not None and kept.task is not None:
            kept.task.cancel()
            await asyncio.wait([kept.task])

    async def close(self) -> None:
        """End everything."""
        await asyncio.gather(*(self.stop(key) for key in list(self.kept)))

    async def _keep(self, key: str, kept: Kept, launch: Launch, told: Told) -> None:
        port = {"PORT": str(kept.port), "GRADIO_SERVER_PORT": str(kept.port)}
        minded = await processes.start(
            launch.command, {**launch.environment, **port}, launch.scratch, launch.log
        )
        try:
            end = asyncio.create_task(minded.wait())
            why = await healthy(kept.port, launch, end)
            if why is None:
                kept.healthy = True
                await told("running", f"http://127.0.0.1:{kept.port}")
                why = ended(await end, launch.log)
        finally:
            await minded.stop()
        if self.kept.get(key) is kept:
            del self.kept[key]
            await told("failed", why)


async def healthy(port: int, launch: Launch, end: asyncio.Task[int]) -> str | None:
    """Return None once the health route answers, or why it never will."""
    url = f"http://127.0.0.1:{port}{launch.health}"
    clock = asyncio.get_running_loop().time
    deadline, wait = clock() + PATIENCE_SECONDS, FIRST_POLL_SECONDS
    async with httpx2.AsyncClient(timeout=5.0, trust_env=False, verify=False) as client:
        while clock() < deadline:
            if end.done():
                return ended(end.result(), launch.log)
            try:
                if (await client.get(url)).status_code < launch.below:
                    return None
            except httpx2.HTTPError:
                pass  # it does not listen yet
            await asyncio.wait([end], timeout=wait)
            wait = min(SLOWEST_POLL_SECONDS, wait * 1.2)
    return f"{launch.health} did not answer within {PATIENCE_SECONDS:.0f} seconds"


def ended(code: int, log: Path) -> str:
    """Return why a process is no more, with the last thing it said."""
    lines = [line for line in logs.last_lines(log, 5) if line.strip()]
    last = f": {lines[-1][:500]}" if lines else ""
    return f"The process ended with exit code {code}{last}"
