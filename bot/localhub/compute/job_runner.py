"""Runs jobs; the only module that changes the stage of a job.

SCHEDULING → RUNNING → COMPLETED | ERROR | CANCELED. Runs on the server's event loop; `launch` may
be called from any thread.
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

from bot.localhub.compute import hardware, logs, processes
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Json

TERMINAL = ("COMPLETED", "ERROR", "CANCELED", "DELETED")
CANCEL_TIMEOUT_SECONDS = 5.0  # how long a request to cancel waits for the end of the job
INTERRUPTED = "The Hub was stopped while the job was running"


@dataclass
class JobRun:
    """A job that waits or runs; it has a process once it runs."""

    stop_requested: asyncio.Event = field(default_factory=asyncio.Event)
    process: processes.SupervisedProcess | None = None
    task: asyncio.Task[None] | None = None


class JobRunner:
    """All jobs of one Hub; some run at the same time, the others wait in SCHEDULING."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.loop = asyncio.get_running_loop()
        self.slots = asyncio.Semaphore(max(4, os.cpu_count() or 1))
        self.runs: dict[str, JobRun] = {}
        self.is_closing = False

    async def open(self) -> None:
        """Resume after a start of the Hub: fail interrupted jobs, start those that wait."""
        for job_id in await asyncio.to_thread(self._recover):
            self._spawn(job_id)

    def _recover(self) -> list[str]:
        with self.hub.store.write() as db:
            interrupted = db.execute(
                "UPDATE jobs SET stage = 'ERROR', message = ?, finished_at = ?"
                " WHERE stage = 'RUNNING' RETURNING id",
                (INTERRUPTED, self.hub.now()),
            ).fetchall()
            query = "SELECT id FROM jobs WHERE stage = 'SCHEDULING' ORDER BY seq"
            waiting = [row["id"] for row in db.execute(query)]
        for row in interrupted:
            shutil.rmtree(self._scratch(row["id"]), True)
        return waiting

    async def close(self) -> None:
        """End every running job; waiting ones stay in SCHEDULING for the next start."""
        self.is_closing = True
        ends: list[Awaitable[None]] = []
        for run in self.runs.values():
            run.stop_requested.set()
            if run.process is not None:
                ends.append(run.process.stop())
            elif run.task is not None:
                run.task.cancel()
        ends += [run.task for run in self.runs.values() if run.task is not None]
        await asyncio.gather(*ends, return_exceptions=True)

    def launch(self, job_id: str) -> None:
        """Start a job as soon as there is a slot; may be called from any thread."""
        self.loop.call_soon_threadsafe(self._spawn, job_id)

    def _spawn(self, job_id: str) -> None:
        if not self.is_closing and job_id not in self.runs:
            run = self.runs[job_id] = JobRun()
            run.task = asyncio.create_task(self._run(job_id, run))

    def is_active(self, job_id: str) -> bool:
        """Return whether the job waits or runs."""
        return job_id in self.runs

    def log(self, job_id: str) -> Path:
        """Return the job's log file."""
        return self.hub.data / "jobs" / job_id / "log.jsonl"

    def _scratch(self, job_id: str) -> Path:
        return self.hub.data / "jobs" / job_id / "work"

    async def cancel(self, job_id: str) -> None:
        """Cancel a job; return when it has ended, or after a timeout if it takes longer."""
        if await asyncio.to_thread(self._cancel_waiting, job_id):
            return
        run = self.runs.get(job_id)
        if run is not None and run.task is not None:
            run.stop_requested.set()
            await asyncio.wait([run.task], timeout=CANCEL_TIMEOUT_SECONDS)

    def _cancel_waiting(self, job_id: str) -> bool:
        with self.hub.store.write() as db:
            return 1 == db.execute(
                "UPDATE jobs SET stage = 'CANCELED', finished_at = ?"
                " WHERE id = ? AND stage = 'SCHEDULING'",
                (self.hub.now(), job_id),
            ).rowcount  # fmt: skip

    async def _run(self, job_id: str, run: JobRun) -> None:
        try:
            async with self.slots:
                spec = await asyncio.to_thread(self._claim, job_id)
                if spec is not None:
                    stage, message = await self._run_attempts(job_id, run, spec)
                    await asyncio.to_thread(self._finish, job_id, stage, message)
        finally:
            del self.runs[job_id]
            await asyncio.to_thread(shutil.rmtree, self._scratch(job_id), True)

    def _claim(self, job_id: str) -> Json | None:
        """Move a waiting job to RUNNING and return its spec; None if it no longer waits."""
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

    async def _run_attempts(self, job_id: str, run: JobRun, spec: Json) -> tuple[str, str | None]:
        """Run the command until it succeeds, its attempts are used up, or it is stopped."""
        stage, message = "ERROR", None
        for _ in range(spec["attempts"]):
            stage, message = await self._run_once(job_id, run, spec)
            if stage != "ERROR" or run.stop_requested.is_set():
                break
        return stage, message

    async def _run_once(self, job_id: str, run: JobRun, spec: Json) -> tuple[str, str | None]:
        log, scratch = self.log(job_id), self._scratch(job_id)
        requested = spec["environment"] | spec["secrets"]
        reserved = {"JOB_ID": job_id, **hardware.container_variables(spec["flavor"])}
        environment = processes.child_environment(self.hub.url, scratch, requested, reserved)
        command = processes.local_command([*spec["command"], *spec["arguments"]])
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:  # as the Hub does; clients hide this line
            file.write(
                logs.line(f"===== Job started at {datetime.now(UTC):%Y-%m-%d %H:%M:%S} =====")
            )
        run.process = await processes.start(command, environment, scratch, log)
        code = await wait_for_exit(run, spec["timeoutSeconds"])
        if code is None:
            await run.process.stop_within(processes.GRACE_SECONDS)
        return outcome(
            code,
            spec["timeoutSeconds"],
            cancelled=run.stop_requested.is_set() and not self.is_closing,
            interrupted=self.is_closing,
        )


async def wait_for_exit(run: JobRun, timeout_seconds: float) -> int | None:
    """Return the exit code, None if the command must be stopped: at its timeout, or on request."""
    assert run.process is not None
    exited = asyncio.create_task(run.process.wait())
    requested = asyncio.create_task(run.stop_requested.wait())
    try:
        await asyncio.wait(
            {exited, requested}, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        return exited.result() if exited.done() else None
    finally:
        requested.cancel()
        exited.cancel()


def outcome(
    code: int | None, timeout_seconds: int, *, cancelled: bool, interrupted: bool
) -> tuple[str, str | None]:
    """Return the final stage and its message; `code` is None for a command that was stopped."""
    if code == 0:
        return "COMPLETED", None
    if code is not None:
        reason = "OOMKilled or killed" if code == 137 else "Error"
        return "ERROR", f"Job failed with exit code: {code}. Reason: {reason}"
    if interrupted:
        return "ERROR", INTERRUPTED
    if cancelled:
        return "CANCELED", None
    return "ERROR", f"Job timeout: it ran longer than {timeout_seconds} seconds"
