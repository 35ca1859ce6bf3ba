"""Carries webhook deliveries to their URLs: in the background, with bounded retries, durably.

A delivery is a row before anybody is told of it and stays `pending` until it arrived or was given
up, so a Hub that was stopped goes on where it was. What is sent and to whom is decided in
`webhooks.py`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import time
from collections.abc import Callable

import httpx2

from bot.localhub.core.hub import Hub
from bot.localhub.core.wire import HubError, Json

MOST_ATTEMPTS = 6
TIMEOUT_SECONDS = 10.0
AT_ONCE = 16
IDLE_SECONDS = 60.0

JobStarter = Callable[[Hub, sqlite3.Row], str]


def pause(attempts: int) -> float:
    """Return seconds to wait after so many failures: 1, 2, 4 … with jitter."""
    return float(2 ** (attempts - 1)) * random.uniform(0.75, 1.25)


class Courier:
    """The worker of one Hub; `ring` may be called from any thread."""

    def __init__(self, hub: Hub, start_job: JobStarter) -> None:
        self.hub = hub
        self.start_job = start_job
        self.loop = asyncio.get_running_loop()
        self.bell = asyncio.Event()
        self.under_way: dict[str, asyncio.Task[None]] = {}
        self.client = httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False)
        self.task = asyncio.create_task(self.work())

    def ring(self) -> None:
        """Say that there is a new delivery."""
        self.loop.call_soon_threadsafe(self.bell.set)

    async def close(self) -> None:
        """Stop; what is under way stays pending."""
        tasks = [self.task, *self.under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.client.aclose()

    async def work(self) -> None:
        """Carry what is due, then sleep until the bell or the next retry."""
        while True:
            self.bell.clear()
            busy = set(self.under_way)  # what arrives during the look still reads as pending
            rows = await asyncio.to_thread(self._pending)
            now = time.time()
            waiting = [row for row in rows if row["id"] not in busy]
            due = [row for row in waiting if row["next_at"] <= now]
            for row in due[: AT_ONCE - len(self.under_way)]:
                self.under_way[row["id"]] = asyncio.create_task(self._carry(row))
            later = [row["next_at"] - now for row in waiting if row["next_at"] > now]
            try:
                await asyncio.wait_for(self.bell.wait(), min([IDLE_SECONDS, *later]))
            except TimeoutError:
                pass

    def _pending(self) -> list[sqlite3.Row]:
        with self.hub.store.read() as db:
            return db.execute(
                "SELECT d.*, w.url, w.secret, w.job, w.owner_id FROM webhook_deliveries d"
                " JOIN webhooks w ON w.id = d.webhook_id"
                " WHERE d.state = 'pending' AND NOT w.disabled ORDER BY d.next_at LIMIT 1000"
            ).fetchall()

    async def _carry(self, row: sqlite3.Row) -> None:
        status, error = await self._send(row)
        await asyncio.to_thread(self._note, row, status, error)
        del self.under_way[row["id"]]  # only now: what broke off by a bug is not tried for ever
        self.bell.set()

    async def _send(self, row: sqlite3.Row) -> tuple[int | None, str | None]:
        """Return the status of the answer, or why there was none."""
        headers = {"Content-Type": "application/json", "User-Agent": "local-hub-webhooks"}
        if row["secret"]:
            headers["X-Webhook-Secret"] = row["secret"]
        try:
            if row["job"]:
                await asyncio.to_thread(self.start_job, self.hub, row)
                return 200, None
            answer = await self.client.post(row["url"], content=row["payload"], headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, HubError) as error:
            return None, f"{type(error).__name__}: {error}"[:300]
        return answer.status_code, None if answer.is_success else answer.text[:300]

    def _note(self, row: sqlite3.Row, status: int | None, error: str | None) -> None:
        """Write down how it went: delivered, to be tried again, or given up."""
        attempts = row["attempts"] + 1
        state = "pending"
        if status is not None and 200 <= status < 300:
            state = "delivered"
        elif attempts >= MOST_ATTEMPTS:
            state = "failed"
        with self.hub.store.write() as db:
            db.execute(
                "UPDATE webhook_deliveries SET state = ?, attempts = ?, status = ?, error = ?,"
                " next_at = ?, updated_at = ? WHERE id = ?",
                (state, attempts, status, error, time.time() + pause(attempts), self.hub.now(),
                 row["id"]),
            )  # fmt: skip


def as_wire(row: sqlite3.Row) -> Json:
    """Return a delivery as the log shows it."""
    return {
        "id": row["id"],
        "state": row["state"],
        "attempts": row["attempts"],
        "status": row["status"],
        "error": row["error"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "payload": json.loads(row["payload"]),
    }
