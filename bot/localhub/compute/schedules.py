"""Scheduled jobs: `/api/scheduled-jobs`, jobs that are launched when their time has come.

The time is the Hub's clock. A run that fell due while the Hub was down or its clock jumped is made
up for once. When a schedule is due is the matter of `cron.py`, what then runs that of `jobs.py`.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import cron, jobs, volumes
from bot.localhub.compute.job_spec import public_spec, read_labels, read_spec
from bot.localhub.core import auth
from bot.localhub.core.clock import iso
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, path_param, takes_json, text_field

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


async def start(hub: Hub) -> None:
    """Watch the clock."""
    hub.services["schedules"] = asyncio.create_task(watch(hub))


async def stop(hub: Hub) -> None:
    """Watch it no more."""
    task: asyncio.Task[None] = hub.services["schedules"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def watch(hub: Hub) -> None:
    """Launch what is due, again and again."""
    while True:
        await asyncio.to_thread(launch_due, hub)
        await asyncio.sleep(POLL_SECONDS)


def launch_due(hub: Hub) -> None:
    """Launch every job whose time has come, one transaction each, so that none runs twice."""
    query = f"{SELECT} WHERE NOT s.suspended AND s.next_at <= ?"
    with hub.store.read() as db:
        due = db.execute(query, (hub.now(),)).fetchall()
    for each in due:
        with hub.store.write() as db:
            row = db.execute(f"{query} AND s.id = ?", (hub.now(), each["id"])).fetchone()
            if row is None:
                continue
            db.execute(
                "UPDATE scheduled_jobs SET next_at = ? WHERE id = ?",
                (next_at(hub, row["schedule"]), row["id"]),
            )
            if row["concurrent"] or not busy(hub, row):
                launch(hub, db, row)


def busy(hub: Hub, row: sqlite3.Row) -> bool:
    """Return whether the last run goes on still."""
    return row["last_job"] is not None and jobs.runner_of(hub).active(row["last_job"])


def launch(hub: Hub, db: sqlite3.Connection, row: sqlite3.Row) -> str:
    """Launch the job of a schedule now; the job's id."""
    initiator = {"type": "scheduled-job", "id": row["id"]}
    job_id = jobs.launch(hub, db, row["owner_name"], json.loads(row["spec"]), initiator)
    db.execute(
        "UPDATE scheduled_jobs SET last_job = ?, last_at = ? WHERE id = ?",
        (job_id, hub.now(), row["id"]),
    )
    return job_id


def next_at(hub: Hub, schedule: str) -> str:
    """Return when a schedule is due next; HubError 400 if it is none."""
    try:
        return iso(cron.parse(schedule).after(hub.clock.now()))
    except (ValueError, OverflowError) as error:
        raise HubError(400, f"{schedule[:100]!r} is no schedule: {error}") from error


def as_wire(row: sqlite3.Row) -> Json:
    """Return the scheduled job object; it never holds the value of a secret."""
    spec = json.loads(row["spec"])
    last = {"id": row["last_job"], "at": row["last_at"]} if row["last_job"] else None
    return {
        "id": row["id"],
        "createdAt": row["created_at"],
        "jobSpec": public_spec(spec),
        "schedule": row["schedule"],
        "suspend": bool(row["suspended"]),
        "concurrency": bool(row["concurrent"]),
        "status": {"lastJob": last, "nextJobRunAt": None if row["suspended"] else row["next_at"]},
        "owner": {"id": row["owner_id"], "name": row["owner_name"], "type": row["owner_type"]},
    }


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def find(request: Request, db: sqlite3.Connection) -> sqlite3.Row:
    """Return the scheduled job that the path names; HubError 404 to those who may not see it."""
    user, namespace = auth.require(request), path_param(request, "namespace")
    row: sqlite3.Row | None = db.execute(
        f"{SELECT} WHERE s.id = ? AND a.name = ?", (path_param(request, "scheduled"), namespace)
    ).fetchone()
    if row is None or not auth.may_read(db, user, namespace):
        raise HubError(404, f"Scheduled job {path_param(request, 'scheduled')[:50]} not found")
    return row


def to_change(request: Request, db: sqlite3.Connection) -> sqlite3.Row:
    """Return the scheduled job that the path names, to one who may run jobs there."""
    row = find(request, db)
    jobs.check_may_run(request)
    return row


def switch(body: Json, key: str) -> int:
    """Return a true/false of the body, false unless told."""
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
    schedule, spec = text_field(body, "schedule", most=200), read_spec(spec)
    due, user = next_at(hub, schedule), auth.require(request)
    with hub.store.write() as db:
        volumes.check(db, user, spec)
        owner = auth.account(db, path_param(request, "namespace"))
        assert owner is not None
        made = auth.new_id()
        db.execute(
            "INSERT INTO scheduled_jobs (id, owner_id, spec, schedule, suspended, concurrent,"
            " next_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (made, owner["id"], json.dumps(spec), schedule, switch(body, "suspend"),
             switch(body, "concurrency"), due, hub.now()),
        )  # fmt: skip
        row = db.execute(f"{SELECT} WHERE s.id = ?", (made,)).fetchone()
    return JSONResponse(as_wire(row))


def index(request: Request) -> Response:
    """List scheduled jobs, newest first, by labels."""
    user, namespace = auth.require(request), path_param(request, "namespace")
    pairs = [label.partition("=") for label in request.query_params.getlist("label")]
    labels = read_labels({key: value for key, _, value in pairs})
    with hub_of(request).store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(403, f"{user.name} may not see the scheduled jobs of {namespace}")
        rows = db.execute(f"{SELECT} WHERE a.name = ? ORDER BY s.seq DESC", (namespace,)).fetchall()
    chosen = [row for row in rows if labels.items() <= json.loads(row["spec"])["labels"].items()]
    return JSONResponse([as_wire(row) for row in chosen])


def inspect(request: Request) -> Response:
    """Tell one scheduled job."""
    with hub_of(request).store.read() as db:
        return JSONResponse(as_wire(find(request, db)))


def delete(request: Request) -> Response:
    """Delete a scheduled job; what it launched goes on."""
    with hub_of(request).store.write() as db:
        db.execute("DELETE FROM scheduled_jobs WHERE id = ?", (to_change(request, db)["id"],))
    return JSONResponse({"success": True})


def suspend(request: Request) -> Response:
    """Suspend it or let it go on, as the path says."""
    hub, off = hub_of(request), request.url.path.endswith("/suspend")
    with hub.store.write() as db:
        row = to_change(request, db)
        return change(db, row, suspended=int(off), next_at=next_at(hub, row["schedule"]))


def reschedule(request: Request, body: Json) -> Response:
    """Give it another schedule."""
    hub, schedule = hub_of(request), text_field(body, "schedule", most=200)
    due = next_at(hub, schedule)
    with hub.store.write() as db:
        return change(db, to_change(request, db), schedule=schedule, next_at=due)


def relabel(request: Request, body: Json) -> Response:
    """Replace the labels of the jobs that it launches."""
    labels = read_labels(body.get("labels") or {})
    with hub_of(request).store.write() as db:
        row = to_change(request, db)
        spec = json.loads(row["spec"]) | {"labels": labels}
        return change(db, row, spec=json.dumps(spec))


def change(db: sqlite3.Connection, row: sqlite3.Row, **columns: str | int) -> Response:
    """Write columns down and return the scheduled job as it is then."""
    names = ", ".join(f"{name} = ?" for name in columns)
    db.execute(f"UPDATE scheduled_jobs SET {names} WHERE id = ?", (*columns.values(), row["id"]))
    return JSONResponse(as_wire(db.execute(f"{SELECT} WHERE s.id = ?", (row["id"],)).fetchone()))


def run_now(request: Request) -> Response:
    """Launch its job now; HubError 409 while one runs that must be alone."""
    hub = hub_of(request)
    with hub.store.write() as db:
        row = to_change(request, db)
        if busy(hub, row) and not row["concurrent"]:
            raise HubError(409, f"Job {row['last_job']} of this schedule goes on still")
        job_id = launch(hub, db, row)
    return jobs.answer(hub, row["owner_name"], job_id)


BASE = "/api/scheduled-jobs/{namespace}"
ONE = f"{BASE}/{{scheduled}}"
ROUTES = [
    Route(BASE, index),
    Route(BASE, takes_json(create), methods=["POST"]),
    Route(ONE, inspect),
    Route(ONE, delete, methods=["DELETE"]),
    Route(f"{ONE}/suspend", suspend, methods=["POST"]),
    Route(f"{ONE}/resume", suspend, methods=["POST"]),
    Route(f"{ONE}/schedule", takes_json(reschedule), methods=["POST"]),
    Route(f"{ONE}/run", run_now, methods=["POST"]),
    Route(f"{ONE}/labels", takes_json(relabel), methods=["PUT"]),
]
