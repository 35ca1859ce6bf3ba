"""A worker that delivers webhooks in the background, with retries.

A delivery is a row before any request is made, and it stays `pending` until it is delivered or has
failed for good. So a Hub that was stopped resumes where it was.
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
from bot.localhub.core.records import Json
from bot.localhub.core.wire import HubError

MAX_ATTEMPTS = 6
TIMEOUT_SECONDS = 10.0
MAX_IN_FLIGHT = 16
IDLE_SECONDS = 60.0

JobStarter = Callable[[sqlite3.Row], str]


def backoff_seconds(failures: int) -> float:
    """Return how long to wait after this many failures: 1, 2, 4 … seconds, with jitter."""
    return float(2 ** (failures - 1)) * random.uniform(0.75, 1.25)


class DeliveryWorker:
    """The worker of one Hub; `wake` may be called from any thread."""

    def __init__(self, hub: Hub, start_job: JobStarter) -> None:
        self.hub = hub
        self.start_job = start_job
        self.loop = asyncio.get_running_loop()
        self.wakeup = asyncio.Event()
        self.in_flight: dict[str, asyncio.Task[None]] = {}
        self.client = httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False)
        self.task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Announce a new delivery."""
        self.loop.call_soon_threadsafe(self.wakeup.set)

    async def close(self) -> None:
        """Stop; deliveries in flight stay pending."""
        tasks = [self.task, *self.in_flight.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.client.aclose()

    async def _run(self) -> None:
        """Start what is due, then sleep until the next wake-up or retry."""
        while True:
            self.wakeup.clear()
            busy = set(self.in_flight)  # before the query: what finishes during it reads as pending
            rows = await asyncio.to_thread(self._pending)
            now = time.time()
            waiting = [row for row in rows if row["id"] not in busy]
            due = [row for row in waiting if row["next_at"] <= now]
            for row in due[: MAX_IN_FLIGHT - len(self.in_flight)]:
                self.in_flight[row["id"]] = asyncio.create_task(self._deliver(row))
            delays = [row["next_at"] - now for row in waiting if row["next_at"] > now]
            try:
                await asyncio.wait_for(self.wakeup.wait(), min([IDLE_SECONDS, *delays]))
            except TimeoutError:
                pass

    def _pending(self) -> list[sqlite3.Row]:
        with self.hub.store.read() as db:
            return db.execute(
                "SELECT d.*, w.url, w.secret, w.job, w.owner_id FROM webhook_deliveries d"
                " JOIN webhooks w ON w.id = d.webhook_id"
                " WHERE d.state = 'pending' AND NOT w.disabled ORDER BY d.next_at LIMIT 1000"
            ).fetchall()

    async def _deliver(self, row: sqlite3.Row) -> None:
        status, error = await self._send(row)
        await asyncio.to_thread(self._record, row, status, error)
        # Not in a `finally`: a delivery that failed through a bug must not be retried forever.
        del self.in_flight[row["id"]]
        self.wakeup.set()

    async def _send(self, row: sqlite3.Row) -> tuple[int | None, str | None]:
        """Return the status of the response and the reason of a failure."""
        headers = {"Content-Type": "application/json", "User-Agent": "local-hub-webhooks"}
        if row["secret"]:
            headers["X-Webhook-Secret"] = row["secret"]
        try:
            if row["job"]:
                await asyncio.to_thread(self.start_job, row)
                return 200, None
            response = await self.client.post(row["url"], content=row["payload"], headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, HubError) as error:
            return None, f"{type(error).__name__}: {error}"[:300]
        return response.status_code, None if response.is_success else response.text[:300]

    def _record(self, row: sqlite3.Row, status: int | None, error: str | None) -> None:
        """Store the outcome: delivered, to be retried, or failed."""
        attempts = row["attempts"] + 1
        state = "pending"
        if status is not None and 200 <= status < 300:
            state = "delivered"
        elif attempts >= MAX_ATTEMPTS:
            state = "failed"
        next_at = time.time() + backoff_seconds(attempts)
        with self.hub.store.write() as db:
            db.execute(
                "UPDATE webhook_deliveries SET state = ?, attempts = ?, status = ?, error = ?,"
                " next_at = ?, updated_at = ? WHERE id = ?",
                (state, attempts, status, error, next_at, self.hub.now(), row["id"]),
            )


def delivery_json(row: sqlite3.Row) -> Json:
    """Return a delivery as the log shows it."""
    return {
        "id": row["id"],
        "webhook": row["webhook_id"],
        "state": row["state"],
        "attempts": row["attempts"],
        "status": row["status"],
        "error": row["error"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "payload": json.loads(row["payload"]),
    }
