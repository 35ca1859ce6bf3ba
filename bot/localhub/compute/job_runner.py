"""Runs jobs: the only place where the stage of a job changes.

SCHEDULING → RUNNING → COMPLETED | ERROR | CANCELED. Lives on the server's event loop; `launch` may
be called from any thread. What a job is asked to be is `jobspec.py`'s matter, how a process runs
`processes.py`'s.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.localhub.compute import hardware, processes, volumes
from bot.localhub.core.hub import Hub
from bot.localhub.core.wire import HubError, Json

TERMINAL = ("COMPLETED", "ERROR", "CANCELED", "DELETED")
PATIENCE_SECONDS = 5.0  # of who cancels a job
INTERRUPTED = "The Hub was stopped while the job ran"


@dataclass
class Run:
    """One job on its way: how to ask it to stop, and its process once it has one."""

    asked_to_stop: asyncio.Event = field(default_factory=asyncio.Event)
    minded: processes.Minded | None = None
    task: asyncio.Task[None] | None = None


class Runner:
    """All jobs of one Hub; a few run at a time, the others wait in SCHEDULING."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.loop = asyncio.get_running_loop()
        self.slots = asyncio.Semaphore(max(4, os.cpu_count() or 1))
        self.runs: dict[str, Run] = {}
        self.closing = False

    async def open(self) -> None:
        """Take up the work after a start of the Hub."""
        for job_id in await asyncio.to_thread(self._recover):
            self._spawn(job_id)

    def _recover(self) -> list[str]:
        with self.hub.store.write() as db:
            interrupted = db.execute(
                "UPDATE jobs SET stage = 'ERROR', message = ?, finished_at = ?"
                " WHERE stage = 'RUNNING' RETURNING id",
                (INTERRUPTED, self.hub.now()),
            ).fetchall()
            waiting = "SELECT id FROM jobs WHERE stage = 'SCHEDULING' ORDER BY seq"
            found = [row["id"] for row in db.execute(waiting)]
        for row in interrupted:
            shutil.rmtree(self.folder(row["id"]) / "work", True)
        return found

    async def close(self) -> None:
        """End every job; those that waited stay in SCHEDULING for the next start."""
        self.closing = True
        ends: list[Awaitable[None]] = []
        for run in self.runs.values():
            run.asked_to_stop.set()
            if run.minded is not None:
                ends.append(run.minded.stop())
            elif run.task is not None:
                run.task.cancel()
        ends += [run.task for run in self.runs.values() if run.task is not None]
        await asyncio.gather(*ends, return_exceptions=True)

    def launch(self, job_id: str) -> None:
        """Have a job run soon; from any thread."""
        self.loop.call_soon_threadsafe(self._spawn, job_id)

    def _spawn(self, job_id: str) -> None:
        if not self.closing and job_id not in self.runs:
            run = self.runs[job_id] = Run()
            run.task = asyncio.create_task(self._run(job_id, run))

    def active(self, job_id: str) -> bool:
        """Return whether the job waits or runs just now."""
        return job_id in self.runs

    def pid(self, job_id: str) -> int | None:
        """Return the process id below which the job runs."""
        run = self.runs.get(job_id)
        return run.minded.pid if run and run.minded else None

    def folder(self, job_id: str) -> Path:
        """Return the job's own folder."""
        return self.hub.data / "jobs" / job_id

    def log(self, job_id: str) -> Path:
        """Return the job's log file."""
        return self.folder(job_id) / "log.jsonl"

    async def cancel(self, job_id: str) -> None:
        """Cancel a job; returns when nothing of it runs any more, or it takes its time to end."""
        if await asyncio.to_thread(self._cancel_waiting, job_id):
            return
        run = self.runs.get(job_id)
        if run is not None and run.task is not None:
            run.asked_to_stop.set()
            await asyncio.wait([run.task], timeout=PATIENCE_SECONDS)

    def _cancel_waiting(self, job_id: str) -> bool:
        with self.hub.store.write() as db:
            return 1 == db.execute(
                "UPDATE jobs SET stage = 'CANCELED', finished_at = ?"
                " WHERE id = ? AND stage = 'SCHEDULING'",
                (self.hub.now(), job_id),
            ).rowcount  # fmt: skip

    async def _run(self, job_id: str, run: Run) -> None:
        try:
            async with self.slots:
                spec = await asyncio.to_thread(self._claim, job_id)
                if spec is not None:
                    stage, message = await self._attempts(job_id, run, spec)
                    await asyncio.to_thread(self._finish, job_id, stage, message)
        finally:
            del self.runs[job_id]
            await asyncio.to_thread(shutil.rmtree, self.folder(job_id) / "work", True)

    def _claim(self, job_id: str) -> Json | None:
        """Move a waiting job to RUNNING and return its spec; None if it waits no more."""
        with self.hub.store.write() as db:
            row: sqlite3.Row | None = db.execute(
                "UPDATE jobs SET stage = 'RUNNING', started_at = ?"
                " WHERE id = ? AND stage = 'SCHEDULING' RETURNING spec",
                (self.hub.now(), job_id),
            ).fetchone()
        spec: Json | None = json.loads(row["spec"]) if row else None
        return spec

    def _finish(self, job_id: str, stage: str, message: str | None) -> None:
        with self.hub.store.write() as db:
            db.execute(
                "UPDATE jobs SET stage = ?, message = ?, finished_at = ? WHERE id = ?",
                (stage, message, self.hub.now(), job_id),
            )

    async def _attempts(self, job_id: str, run: Run, spec: Json) -> tuple[str, str | None]:
        """Run the command until it succeeds, its attempts are used up or it is not wanted."""
        stage, message = "ERROR", None
        for _ in range(spec["attempts"]):
            stage, message = await self._once(job_id, run, spec)
            if stage != "ERROR" or run.asked_to_stop.is_set():
                break
        return stage, message

    async def _once(self, job_id: str, run: Run, spec: Json) -> tuple[str, str | None]:
        log, scratch = self.log(job_id), self.folder(job_id) / "work"
        scratch.mkdir(parents=True, exist_ok=True)
        try:
            spec = await asyncio.to_thread(volumes.mount, self.hub, spec, scratch / "mnt")
        except HubError as error:
            return "ERROR", f"Cannot mount a volume: {error.message}"
        given = spec["environment"] | spec["secrets"]
        machine = {"JOB_ID": job_id, **hardware.container_variables(spec["flavor"])}
        environment = processes.child_environment(self.hub.url, scratch, given, machine)
        command = processes.local_command([*spec["command"], *spec["arguments"]])
        announce(log)
        run.minded = await processes.start(command, environment, scratch, log)
        ended = await wait_for_end(run, spec["timeoutSeconds"])
        if not ended:
            await run.minded.stop_within(processes.GRACE_SECONDS)
        return verdict(
            await run.minded.wait() if ended else None,
            spec["timeoutSeconds"],
            cancelled=run.asked_to_stop.is_set() and not self.closing,
            interrupted=self.closing,
        )


async def wait_for_end(run: Run, timeout: float) -> bool:
    """Return True if the command ended by itself, False if it has to be stopped."""
    assert run.minded is not None
    end = asyncio.create_task(run.minded.wait())
    asked = asyncio.create_task(run.asked_to_stop.wait())
    try:
        await asyncio.wait({end, asked}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        return end.done()
    finally:
        asked.cancel()
        end.cancel()


def verdict(
    code: int | None, timeout: int, *, cancelled: bool, interrupted: bool
) -> tuple[str, str | None]:
    """Return the last stage and its message; `code` is None for a command that was stopped."""
    if code == 0:
        return "COMPLETED", None
    if code is not None:
        reason = "OOMKilled or killed" if code == 137 else "Error"
        return "ERROR", f"Job failed with exit code: {code}. Reason: {reason}"
    if interrupted:
        return "ERROR", INTERRUPTED
    if cancelled:
        return "CANCELED", None
    return "ERROR", f"Job timeout: it ran longer than {timeout} seconds"


def announce(log: Path) -> None:
    """Begin the log as the Hub does (clients hide this line)."""
    log.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    text = f"===== Job started at {now:%Y-%m-%d %H:%M:%S} ====="
    stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with log.open("a") as file:
        file.write(json.dumps({"data": text, "timestamp": stamp}) + "\n")
