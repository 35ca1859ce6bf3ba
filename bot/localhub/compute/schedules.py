"""Scheduled jobs under `/api/scheduled-jobs`: jobs that are launched when they are due.

The Hub's clock decides. A run that was missed because the Hub was down, or because its clock
jumped, is launched once.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import cron, jobs
from bot.localhub.compute.hub import ComputeHub, hub_of
from bot.localhub.compute.job_spec import public_spec, read_spec
from bot.localhub.core import accounts, auth
from bot.localhub.core.clock import iso
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Json
from bot.localhub.core.wire import HubError, json_endpoint, path_param, text_field

SCHEMA = """
CREATE TABLE IF NOT EXISTS scheduled_jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    owner_id TEXT NOT NULL REFERENCES accounts(id), spec TEXT NOT NULL, schedule TEXT NOT NULL,
    suspended INTEGER NOT NULL, concurrent INTEGER NOT NULL, next_at TEXT NOT NULL,
    last_job TEXT, last_at TEXT, created_at TEXT NOT NULL
);
"""
SELECT = (
    "SELECT s.*, a.name AS owner_name, a.type AS owner_type FROM scheduled_jobs s"
    " JOIN accounts a ON a.id = s.owner_id"
)
POLL_SECONDS = 0.5


@asynccontextmanager
async def lifespan(hub: ComputeHub) -> AsyncIterator[None]:
    """Launch jobs when they are due."""
    task = asyncio.create_task(_watch(hub))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _watch(hub: ComputeHub) -> None:
    while True:
        await asyncio.to_thread(launch_due, hub)
        await asyncio.sleep(POLL_SECONDS)


def launch_due(hub: ComputeHub) -> None:
    """Launch every job that is due, in a transaction of its own, so that none runs twice."""
    query = f"{SELECT} WHERE NOT s.suspended AND s.next_at <= ?"
    with hub.store.read() as db:
        due = [row["id"] for row in db.execute(query, (hub.now(),))]
    for schedule_id in due:
        with hub.store.write() as db:
            row = db.execute(f"{query} AND s.id = ?", (hub.now(), schedule_id)).fetchone()
            if row is None:
                continue
            db.execute(
                "UPDATE scheduled_jobs SET next_at = ? WHERE id = ?",
                (next_at(hub, row["schedule"]), row["id"]),
            )
            is_running = row["last_job"] is not None and hub.jobs.is_active(row["last_job"])
            if row["concurrent"] or not is_running:
                _launch(hub, db, row)


def _launch(hub: ComputeHub, db: sqlite3.Connection, row: sqlite3.Row) -> None:
    initiator = {"type": "scheduled-job", "id": row["id"]}
    job_id = jobs.launch(hub, db, row["owner_name"], json.loads(row["spec"]), initiator)
    db.execute(
        "UPDATE scheduled_jobs SET last_job = ?, last_at = ? WHERE id = ?",
        (job_id, hub.now(), row["id"]),
    )


def next_at(hub: Hub, schedule: str) -> str:
    """Return when a schedule is due next; raises HubError 400 if it is not valid."""
    try:
        return iso(cron.next_due(schedule, hub.clock.now()))
    except ValueError as error:
        raise HubError(400, f"{schedule[:100]!r} is not a valid schedule: {error}") from error


def schedule_json(row: sqlite3.Row) -> Json:
    """Return the scheduled job object, without the values of secrets."""
    last = {"id": row["last_job"], "at": row["last_at"]} if row["last_job"] else None
    return {
        "id": row["id"],
        "type": "scheduled-job",
        "createdAt": row["created_at"],
        "jobSpec": public_spec(json.loads(row["spec"])),
        "schedule": row["schedule"],
        "suspend": bool(row["suspended"]),
        "concurrency": bool(row["concurrent"]),
        "status": {"lastJob": last, "nextJobRunAt": row["next_at"]},
        "owner": accounts.owner_json(row["owner_id"], row["owner_name"], row["owner_type"]),
    }


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def _find(request: Request, db: sqlite3.Connection) -> sqlite3.Row:
    """Return the scheduled job in the path; raises HubError 404 if the user may not see it."""
    user, namespace = auth.require_user(request), path_param(request, "namespace")
    schedule_id = path_param(request, "scheduled")
    row: sqlite3.Row | None = db.execute(
        f"{SELECT} WHERE s.id = ? AND a.name = ?", (schedule_id, namespace)
    ).fetchone()
    if row is None or not auth.may_read(db, user, namespace):
        raise HubError(404, f"Scheduled job {schedule_id[:50]} not found")
    return row


def _bool_field(body: Json, key: str) -> int:
    value = body.get(key)
    if value is not None and not isinstance(value, bool):
        raise HubError(400, f"`{key}` must be true or false")
    return int(bool(value))


def create(request: Request, body: Json) -> Response:
    """Schedule a job."""
    jobs.check_may_run(request)
    hub, spec = hub_of(request), body.get("jobSpec")
    if not isinstance(spec, dict):
        raise HubError(400, "`jobSpec` must be an object")
    schedule, spec = text_field(body, "schedule", max_length=200), read_spec(spec)
    spec["createdBy"] = auth.id_and_name(auth.require_user(request))
    due_at, schedule_id = next_at(hub, schedule), auth.new_id()
    with hub.store.write() as db:
        owner = auth.find_account(db, path_param(request, "namespace"))
        assert owner is not None
        db.execute(
            "INSERT INTO scheduled_jobs (id, owner_id, spec, schedule, suspended, concurrent,"
            " next_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (schedule_id, owner["id"], json.dumps(spec), schedule, _bool_field(body, "suspend"),
             _bool_field(body, "concurrency"), due_at, hub.now()),
        )  # fmt: skip
        row = db.execute(f"{SELECT} WHERE s.id = ?", (schedule_id,)).fetchone()
    return JSONResponse(schedule_json(row))


def index(request: Request) -> Response:
    """List scheduled jobs by labels, newest first."""
    user, namespace = auth.require_user(request), path_param(request, "namespace")
    labels = jobs.labels_in_query(request)
    with hub_of(request).store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(403, f"{user.name} may not see the scheduled jobs of {namespace}")
        rows = db.execute(f"{SELECT} WHERE a.name = ? ORDER BY s.seq DESC", (namespace,)).fetchall()
    matching = [row for row in rows if labels.items() <= json.loads(row["spec"])["labels"].items()]
    return JSONResponse([schedule_json(row) for row in matching])


def show(request: Request) -> Response:
    """Show one scheduled job."""
    with hub_of(request).store.read() as db:
        return JSONResponse(schedule_json(_find(request, db)))


def delete(request: Request) -> Response:
    """Delete a scheduled job; the jobs that it launched keep running."""
    with hub_of(request).store.write() as db:
        row = _find(request, db)
        jobs.check_may_run(request)
        db.execute("DELETE FROM scheduled_jobs WHERE id = ?", (row["id"],))
    return JSONResponse({"success": True})


BASE = "/api/scheduled-jobs/{namespace}"
ROUTES = [
    Route(BASE, index),
    Route(BASE, json_endpoint(create), methods=["POST"]),
    Route(f"{BASE}/{{scheduled}}", show),
    Route(f"{BASE}/{{scheduled}}", delete, methods=["DELETE"]),
]
