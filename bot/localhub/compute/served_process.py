"""Processes that serve a port: starts them, waits until they are healthy, reports when they end.

Inference Endpoints and Spaces use this; they decide what to run and what an outcome means. There is
at most one process per key. Runs on the server's event loop.
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
PhaseCallback = Callable[[Phase, str], Awaitable[None]]
FIRST_POLL_SECONDS, MAX_POLL_SECONDS = 0.1, 1.0
START_TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True)
class Launch:
    """What to run, and how to tell that it serves.

    environment: without the variables that name the port. health_route: the path to poll; "" if a
    process counts as healthy once it has started. healthy_below: a response with a lower status
    code counts as healthy (201 means 200 only). port: by default, a free one.
    """

    command: list[str]
    environment: Mapping[str, str]
    scratch: Path
    log: Path
    health_route: str
    healthy_below: int
    port: int = field(default_factory=processes.free_port)


@dataclass
class ServedProcess:
    """A process that is starting or running."""

    port: int
    task: asyncio.Task[None] | None = None
    is_healthy: bool = False


@dataclass
class ServedProcesses:
    """All served processes of one kind."""

    active: dict[str, ServedProcess] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def lock(self, key: str) -> asyncio.Lock:
        """Return the lock to hold while starting or stopping the process of a key."""
        return self.locks.setdefault(key, asyncio.Lock())

    def url(self, key: str) -> str | None:
        """Return where the process answers, None if it does not answer (yet)."""
        process = self.active.get(key)
        return f"http://127.0.0.1:{process.port}" if process and process.is_healthy else None

    def start(self, key: str, launch: Launch, on_phase: PhaseCallback) -> None:
        """Start a process.

        `on_phase` is called with "running" and the URL, and with "failed" and the reason if the
        process ends by itself.
        """
        assert key not in self.active
        process = self.active[key] = ServedProcess(launch.port)
        process.task = asyncio.create_task(self._run(key, process, launch, on_phase))

    async def stop(self, key: str) -> None:
        """End the process of a key, if any, without calling its `on_phase`."""
        process = self.active.pop(key, None)
        if process is not None and process.task is not None:
            process.task.cancel()
            await asyncio.wait([process.task])

    async def close(self) -> None:
        """End all processes."""
        await asyncio.gather(*(self.stop(key) for key in list(self.active)))

    async def _run(
        self, key: str, process: ServedProcess, launch: Launch, on_phase: PhaseCallback
    ) -> None:
        port = {"PORT": str(process.port), "GRADIO_SERVER_PORT": str(process.port)}
        supervised = await processes.start(
            launch.command, {**launch.environment, **port}, launch.scratch, launch.log
        )
        try:
            exited = asyncio.create_task(supervised.wait())
            reason = await wait_until_healthy(process.port, launch, exited)
            if reason is None:
                process.is_healthy = True
                await on_phase("running", f"http://127.0.0.1:{process.port}")
                reason = exit_reason(await exited, launch.log)
        finally:
            await supervised.stop()
        if self.active.get(key) is process:
            del self.active[key]
            await on_phase("failed", reason)


async def wait_until_healthy(port: int, launch: Launch, exited: asyncio.Task[int]) -> str | None:
    """Return None once the health route answers, or the reason why it never will."""
    url = f"http://127.0.0.1:{port}{launch.health_route}"
    clock = asyncio.get_running_loop().time
    deadline, interval = clock() + START_TIMEOUT_SECONDS, FIRST_POLL_SECONDS
    if not launch.health_route:
        return exit_reason(exited.result(), launch.log) if exited.done() else None
    async with httpx2.AsyncClient(timeout=5.0, trust_env=False, verify=False) as client:
        while clock() < deadline:
            if exited.done():
                return exit_reason(exited.result(), launch.log)
            try:
                if (await client.get(url)).status_code < launch.healthy_below:
                    return None
            except httpx2.HTTPError:
                pass  # it does not listen yet
            await asyncio.wait([exited], timeout=interval)
            interval = min(MAX_POLL_SECONDS, interval * 1.2)
    return f"{launch.health_route} did not answer within {START_TIMEOUT_SECONDS:.0f} seconds"


def exit_reason(code: int, log: Path) -> str:
    """Return why a process ended, with the last line of its log."""
    lines = [line for line in logs.last_lines(log, 5) if line.strip()]
    last = f": {lines[-1][:500]}" if lines else ""
    return f"The process ended with exit code {code}{last}"
