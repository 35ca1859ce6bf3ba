"""Jobs under `/api/jobs`: the table and the routes.

Only the job runner changes the stage of a job.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import hardware, logs
from bot.localhub.compute.hub import ComputeHub, hub_of
from bot.localhub.compute.job_runner import TERMINAL, JobRunner
from bot.localhub.compute.job_spec import public_spec, read_expose, read_labels, read_spec
from bot.localhub.core import accounts, auth
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Json
from bot.localhub.core.wire import HubError, int_param, json_endpoint, page_response, path_param

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    owner_id TEXT NOT NULL REFERENCES accounts(id), initiator TEXT NOT NULL,
    spec TEXT NOT NULL, labels TEXT NOT NULL,
    stage TEXT NOT NULL, message TEXT, created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT
);
CREATE INDEX IF NOT EXISTS jobs_of_owner ON jobs (owner_id, seq);
CREATE TABLE IF NOT EXISTS job_cancellations (
    job_id TEXT PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE, reason TEXT NOT NULL
);
"""
SELECT = (
    "SELECT j.*, a.name AS owner_name, a.type AS owner_type, c.reason AS cancel_reason FROM jobs j"
    " JOIN accounts a ON a.id = j.owner_id LEFT JOIN job_cancellations c ON c.job_id = j.id"
)
STAGES = ("SCHEDULING", "RUNNING", *TERMINAL)
PAGE = 100


@asynccontextmanager
async def lifespan(hub: ComputeHub) -> AsyncIterator[None]:
    """Run jobs: interrupted ones fail, waiting ones start."""
    hub.jobs = JobRunner(hub)
    await hub.jobs.open()
    yield
    await hub.jobs.close()


# ── table ────────────────────────────────────────────────────────────────────────────────────


def launch(
    hub: ComputeHub, db: sqlite3.Connection, namespace: str, spec: Json, initiator: Json
) -> str:
    """Create a job and return its id; it starts once the transaction is committed."""
    job_id, owner = auth.new_id(), auth.find_account(db, namespace)
    if owner is None:
        raise HubError(404, f"There is no user or organization {namespace}")
    db.execute(
        "INSERT INTO jobs (id, owner_id, initiator, spec, labels, stage, created_at)"
        " VALUES (?, ?, ?, ?, ?, 'SCHEDULING', ?)",
        (job_id, owner["id"], json.dumps(initiator), json.dumps(spec),
         json.dumps(spec["labels"]), hub.now()),
    )  # fmt: skip
    if accounts.state_of(db, owner["id"]).spend_limit_reached:
        cancel_waiting(db, job_id, "SPEND_LIMIT", hub.now())
    else:
        hub.store.after_commit(lambda: hub.jobs.launch(job_id))
    return job_id


def cancel_waiting(db: sqlite3.Connection, job_id: str, reason: str, now: str) -> None:
    """Cancel a job that has not started, as the Hub does for lack of credit."""
    db.execute("UPDATE jobs SET stage = 'CANCELED', finished_at = ? WHERE id = ?", (now, job_id))
    db.execute("INSERT INTO job_cancellations VALUES (?, ?)", (job_id, reason))


def announce_spend_limit(db: sqlite3.Connection, owner_id: str) -> list[str]:
    """Note why the jobs of a namespace are about to be canceled, and return their ids."""
    rows = db.execute(
        "SELECT id FROM jobs WHERE owner_id = ? AND stage IN ('SCHEDULING', 'RUNNING')", (owner_id,)
    ).fetchall()
    ids = [str(row["id"]) for row in rows]
    db.executemany(
        "INSERT OR REPLACE INTO job_cancellations VALUES (?, 'SPEND_LIMIT')", [(i,) for i in ids]
    )
    return ids


def find(db: sqlite3.Connection, namespace: str, job_id: str) -> sqlite3.Row:
    """Return the row of a job of a namespace; raises HubError 404 if there is none."""
    row: sqlite3.Row | None = db.execute(
        f"{SELECT} WHERE j.id = ? AND a.name = ?", (job_id, namespace)
    ).fetchone()
    if row is None:
        raise HubError(404, f"Job {job_id} not found")
    return row


def select(
    db: sqlite3.Connection,
    namespace: str,
    stages: list[str],
    labels: dict[str, str],
    before: int,
    limit: int,
) -> list[sqlite3.Row]:
    """Return jobs of a namespace, newest first, with one of the stages and all of the labels."""
    where, values = ["a.name = ?", "j.seq < ?"], [namespace, before]
    if stages:
        where.append(f"j.stage IN ({', '.join('?' * len(stages))})")
        values += stages
    for key, value in labels.items():
        where.append("json_extract(j.labels, ?) = ?")
        values += [f'$."{key}"', value]
    query = f"{SELECT} WHERE {' AND '.join(where)} ORDER BY j.seq DESC LIMIT ?"
    return db.execute(query, [*values, limit]).fetchall()


def job_json(hub: Hub, row: sqlite3.Row) -> Json:
    """Return the job object, without the values of secrets."""
    spec = json.loads(row["spec"])
    ports = (spec["expose"] or {}).get("ports", []) if row["stage"] == "RUNNING" else []
    owner = accounts.owner_json(row["owner_id"], row["owner_name"], row["owner_type"])
    status = {"stage": row["stage"], "message": row["message"]}
    if ports:
        status["exposeUrls"] = [f"http://127.0.0.1:{port}" for port in ports]
    if row["cancel_reason"]:
        status["cancelReason"] = row["cancel_reason"]
    times = {"startedAt": row["started_at"], "finishedAt": row["finished_at"]}
    return {
        **public_spec(spec),
        "id": row["id"],
        "type": "job",
        "createdAt": row["created_at"],
        "createdBy": spec.get("createdBy", {"id": owner["id"], "name": owner["name"]}),
        **{key: value for key, value in times.items() if value},
        "labels": json.loads(row["labels"]),
        "owner": owner,
        "initiator": json.loads(row["initiator"]),
        "status": status,
        "durations": _durations(hub, row),
    }


def _durations(hub: Hub, row: sqlite3.Row) -> Json:
    """Return seconds of waiting, running and both, up to now for a job that has not finished."""

    def seconds(begin: str | None, end: str | None) -> int | None:
        if begin is None:
            return None
        until = datetime.fromisoformat(end or hub.now())
        return max(0, round((until - datetime.fromisoformat(begin)).total_seconds()))

    waited = seconds(row["created_at"], row["started_at"]) if row["started_at"] else None
    durations = {
        "schedulingSecs": waited,
        "runningSecs": seconds(row["started_at"], row["finished_at"]),
        "totalSecs": seconds(row["created_at"], row["finished_at"]),
    }
    return {key: value for key, value in durations.items() if value is not None}


def readable(request: Request) -> sqlite3.Row:
    """Return the job in the path; raises HubError 404 if the user may not see it."""
    user, namespace = auth.require_user(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(404, f"Job {path_param(request, 'job')} not found")
        return find(db, namespace, path_param(request, "job"))


def writable(request: Request) -> sqlite3.Row:
    """Return the job in the path; raises HubError if the user may not change it."""
    row = readable(request)
    check_may_run(request)
    return row


def check_may_run(request: Request) -> None:
    """Raise HubError 403 unless the user may run jobs in the namespace in the path."""
    user, namespace = auth.require_write_token(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        if not auth.may_write(db, user, namespace, permission="job.write"):
            raise HubError(403, f"{user.name} may not run jobs in {namespace}")


def labels_in_query(request: Request) -> dict[str, str]:
    """Return the labels that the query filters by."""
    pairs = [label.partition("=") for label in request.query_params.getlist("label")]
    return read_labels({key: value for key, _, value in pairs})


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def _reload(hub: Hub, namespace: str, job_id: str) -> Response:
    with hub.store.read() as db:
        row = find(db, namespace, job_id)
    return JSONResponse(job_json(hub, row))


def check_access(request: Request) -> Response:
    """Confirm that the user has a permission (`read` or `write`); start nothing."""
    user, namespace = auth.require_user(request), path_param(request, "namespace")
    if request.url.path.endswith("/write"):
        check_may_run(request)
    with hub_of(request).store.read() as db:
        owner = auth.find_account(db, namespace)
        if owner is None or not auth.may_read(db, user, namespace):
            raise HubError(403, f"{user.name} may not see the jobs of {namespace[:100]}")
        shown = {"id": owner["id"], "name": owner["name"]}
    return JSONResponse({"namespace": shown, "user": auth.id_and_name(user)})


def create(request: Request, body: Json) -> Response:
    """Run a job."""
    check_may_run(request)
    user, namespace = auth.require_user(request), path_param(request, "namespace")
    initiator = accounts.owner_json(user.id, user.name, "user")
    hub, spec = hub_of(request), read_spec(body) | {"createdBy": auth.id_and_name(user)}
    with hub.store.write() as db:
        job_id = launch(hub, db, namespace, spec, initiator)
    return _reload(hub, namespace, job_id)


def index(request: Request) -> Response:
    """List jobs by stage and labels, newest first."""
    user, namespace = auth.require_user(request), path_param(request, "namespace")
    stages = request.query_params.getlist("stage")
    if unknown := set(stages) - set(STAGES):
        raise HubError(
            400, f"Unknown stage {', '.join(sorted(unknown))}: choose from {', '.join(STAGES)}"
        )
    labels = labels_in_query(request)
    limit = int_param(request, "limit", PAGE, 1, PAGE)
    before = int_param(request, "cursor", 1 << 62, 0, 1 << 62)
    hub = hub_of(request)
    with hub.store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(403, f"{user.name} may not see the jobs of {namespace}")
        rows = select(db, namespace, stages, labels, before, limit + 1)
    following = rows[limit - 1]["seq"] if len(rows) > limit else None
    items = [job_json(hub, row) for row in rows[:limit]]
    return page_response(request, items, hub.url, following)


def count(request: Request) -> Response:
    """Count the jobs of a namespace in some stages."""
    user, namespace = auth.require_user(request), path_param(request, "namespace")
    stages = request.query_params.getlist("stage")
    with hub_of(request).store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(403, f"{user.name} may not see the jobs of {namespace}")
        rows = select(db, namespace, stages, {}, 1 << 62, 1 << 62)
    return JSONResponse({"count": len(rows)})


def show(request: Request) -> Response:
    """Show one job."""
    return JSONResponse(job_json(hub_of(request), readable(request)))


async def cancel(request: Request) -> Response:
    """Cancel a job and wait a few seconds for its end; a finished one stays as it is."""
    row = await run_in_threadpool(writable, request)
    hub = hub_of(request)
    await hub.jobs.cancel(row["id"])
    return await run_in_threadpool(_reload, hub, row["owner_name"], row["id"])


def expose(request: Request, body: Json) -> Response:
    """Replace the exposed ports."""
    row, hub = writable(request), hub_of(request)
    spec = json.loads(row["spec"]) | {"expose": read_expose(body)}
    with hub.store.write() as db:
        db.execute("UPDATE jobs SET spec = ? WHERE id = ?", (json.dumps(spec), row["id"]))
    return _reload(hub, row["owner_name"], row["id"])


async def log_stream(request: Request) -> Response:
    """Stream the log as server-sent events until the job ends."""
    hub, row = hub_of(request), await run_in_threadpool(readable, request)
    tail = int_param(request, "tail", -1, -1, 1_000_000)
    has_ended, job_id = row["stage"] in TERMINAL, row["id"]

    def is_finished() -> bool:
        return has_ended or not hub.jobs.is_active(job_id)

    return logs.stream(hub, hub.jobs.log(job_id), is_finished, None if tail < 0 else tail)


def hardware_list(_: Request) -> Response:
    """List the hardware flavors and their prices."""
    flavors = hardware.flavors().values()
    return JSONResponse([hardware.job_hardware_json(flavor) for flavor in flavors])


JOB = "/api/jobs/{namespace}/{job}"
ROUTES = [
    Route("/api/jobs/hardware", hardware_list),
    Route("/api/jobs/{namespace}", index),
    Route("/api/jobs/{namespace}", json_endpoint(create), methods=["POST"]),
    Route("/api/jobs/{namespace}/count", count),
    *(
        Route(f"/api/jobs/{{namespace}}/auth-check/{right}", check_access, methods=["POST"])
        for right in ("read", "write")
    ),
    Route(JOB, show),
    Route(f"{JOB}/cancel", cancel, methods=["POST"]),
    Route(f"{JOB}/expose", json_endpoint(expose), methods=["PUT"]),
    Route(f"{JOB}/logs", log_stream),
]
