"""Jobs: `/api/jobs`, their table and their answers.

The stages of a job change in `jobrunner.py` alone; here they are only asked for.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import hardware, logs, processes, volumes
from bot.localhub.compute.job_runner import TERMINAL, Runner
from bot.localhub.compute.job_spec import public_spec, read_expose, read_labels, read_spec
from bot.localhub.core import auth
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, listing, path_param, takes_json, whole

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    owner_id TEXT NOT NULL REFERENCES accounts(id), initiator TEXT NOT NULL,
    spec TEXT NOT NULL, labels TEXT NOT NULL,
    stage TEXT NOT NULL, message TEXT, created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT
);
CREATE INDEX IF NOT EXISTS jobs_of_owner ON jobs (owner_id, seq);
"""
SELECT = (
    "SELECT j.*, a.name AS owner_name, a.type AS owner_type FROM jobs j"
    " JOIN accounts a ON a.id = j.owner_id"
)
STAGES = ("SCHEDULING", "RUNNING", *TERMINAL)
PAGE = 100


async def start(hub: Hub) -> None:
    """Take up the work: what was interrupted is an error, what was waiting starts."""
    hub.services["jobs"] = runner = Runner(hub)
    await runner.open()


async def stop(hub: Hub) -> None:
    """End every running job with the Hub."""
    await runner_of(hub).close()


def runner_of(hub: Hub) -> Runner:
    """Return the Hub's runner."""
    runner = hub.services["jobs"]
    assert isinstance(runner, Runner)
    return runner


# ── the table ────────────────────────────────────────────────────────────────────────────────


def launch(hub: Hub, db: sqlite3.Connection, namespace: str, spec: Json, initiator: Json) -> str:
    """Create a job, which runs once the transaction is committed; its id."""
    job_id, owner = auth.new_id(), auth.account(db, namespace)
    if owner is None:
        raise HubError(404, f"There is no user or organization {namespace}")
    db.execute(
        "INSERT INTO jobs (id, owner_id, initiator, spec, labels, stage, created_at)"
        " VALUES (?, ?, ?, ?, ?, 'SCHEDULING', ?)",
        (job_id, owner["id"], json.dumps(initiator), json.dumps(spec),
         json.dumps(spec["labels"]), hub.now()),
    )  # fmt: skip
    hub.store.afterwards(lambda: runner_of(hub).launch(job_id))
    return job_id


def find(db: sqlite3.Connection, namespace: str, job_id: str) -> sqlite3.Row:
    """Return the row of a job; HubError 404 if there is none of this id in the namespace."""
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
    labels: list[tuple[str, str]],
    before: int,
    limit: int,
) -> list[sqlite3.Row]:
    """Return jobs of a namespace, newest first, in any of the stages and with all the labels."""
    where, values = ["a.name = ?", "j.seq < ?"], [namespace, before]
    if stages:
        where.append(f"j.stage IN ({', '.join('?' * len(stages))})")
        values += stages
    for key, value in labels:
        where.append("json_extract(j.labels, ?) = ?")
        values += [f'$."{key}"', value]
    query = f"{SELECT} WHERE {' AND '.join(where)} ORDER BY j.seq DESC LIMIT ?"
    return db.execute(query, [*values, limit]).fetchall()


def as_wire(hub: Hub, row: sqlite3.Row) -> Json:
    """Return the job object; it never holds the value of a secret."""
    spec = json.loads(row["spec"])
    ports = (spec["expose"] or {}).get("ports", []) if row["stage"] == "RUNNING" else []
    return {
        **public_spec(spec),
        "id": row["id"],
        "createdAt": row["created_at"],
        "startedAt": row["started_at"],
        "finishedAt": row["finished_at"],
        "labels": json.loads(row["labels"]),
        "owner": {"id": row["owner_id"], "name": row["owner_name"], "type": row["owner_type"]},
        "initiator": json.loads(row["initiator"]),
        "status": {
            "stage": row["stage"],
            "message": row["message"],
            "exposeUrls": [f"http://127.0.0.1:{port}" for port in ports] or None,
        },
        "durations": durations(hub, row),
    }


def durations(hub: Hub, row: sqlite3.Row) -> Json:
    """Return whole seconds of waiting, running and both; up to now while it goes on."""

    def seconds(begin: str | None, end: str | None) -> int | None:
        if begin is None:
            return None
        until = datetime.fromisoformat(end or hub.now())
        return max(0, round((until - datetime.fromisoformat(begin)).total_seconds()))

    waited = seconds(row["created_at"], row["started_at"]) if row["started_at"] else None
    return {
        "schedulingSecs": waited,
        "runningSecs": seconds(row["started_at"], row["finished_at"]),
        "totalSecs": seconds(row["created_at"], row["finished_at"]),
    }


def readable(request: Request) -> sqlite3.Row:
    """Return the job that the path names, if the one who asks may see it."""
    user, namespace = auth.require(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(404, f"Job {path_param(request, 'job')} not found")
        return find(db, namespace, path_param(request, "job"))


def writable(request: Request) -> sqlite3.Row:
    """Return the job that the path names, if the one who asks may change it."""
    row = readable(request)
    check_may_run(request)
    return row


def check_may_run(request: Request) -> None:
    """HubError 403 unless the one who asks may run jobs in the namespace of the path."""
    user, namespace = auth.require_writer(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        if not auth.may_write(db, user, namespace, permission="job.write"):
            raise HubError(403, f"{user.name} may not run jobs in {namespace}")


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def answer(hub: Hub, namespace: str, job_id: str) -> Response:
    """Return the job as it is now."""
    with hub.store.read() as db:
        row = find(db, namespace, job_id)
    return JSONResponse(as_wire(hub, row))


def run(request: Request, body: Json) -> Response:
    """Run a job."""
    check_may_run(request)
    user, namespace = auth.require(request), path_param(request, "namespace")
    initiator = {"type": "user", "id": user.id, "name": user.name}
    hub, spec = hub_of(request), read_spec(body)
    with hub.store.write() as db:
        volumes.check(db, user, spec)
        job_id = launch(hub, db, namespace, spec, initiator)
    return answer(hub, namespace, job_id)


def duplicate(request: Request) -> Response:
    """Run a job again as it was, secrets and all."""
    row = writable(request)
    initiator = {"type": "duplicated-job", "id": row["id"]}
    spec = json.loads(row["spec"]) | {"labels": json.loads(row["labels"])}
    hub = hub_of(request)
    with hub.store.write() as db:
        job_id = launch(hub, db, row["owner_name"], spec, initiator)
    return answer(hub, row["owner_name"], job_id)


def index(request: Request) -> Response:
    """List jobs, newest first, by stage and labels."""
    user, namespace = auth.require(request), path_param(request, "namespace")
    stages = [stage.upper() for stage in request.query_params.getlist("stage")]
    if unknown := set(stages) - set(STAGES):
        raise HubError(400, f"Unknown stage {sorted(unknown)}: choose from {', '.join(STAGES)}")
    pairs = [label.partition("=") for label in request.query_params.getlist("label")]
    labels = [*read_labels({key: value for key, _, value in pairs}).items()]
    limit = whole(request, "limit", PAGE, 1, PAGE)
    before = whole(request, "cursor", 1 << 62, 0, 1 << 62)
    hub = hub_of(request)
    with hub.store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(403, f"{user.name} may not see the jobs of {namespace}")
        rows = select(db, namespace, stages, labels, before, limit + 1)
    more = rows[limit - 1]["seq"] if len(rows) > limit else None
    return listing(request, [as_wire(hub, row) for row in rows[:limit]], hub.url, more)


def inspect(request: Request) -> Response:
    """Tell one job."""
    return JSONResponse(as_wire(hub_of(request), readable(request)))


async def cancel(request: Request) -> Response:
    """Cancel a job and answer once nothing of it runs, or soon; a finished one stays as it is."""
    row = await run_in_threadpool(writable, request)
    hub = hub_of(request)
    await runner_of(hub).cancel(row["id"])
    return await run_in_threadpool(answer, hub, row["owner_name"], row["id"])


def relabel(request: Request, body: Json) -> Response:
    """Replace the labels."""
    row, hub = writable(request), hub_of(request)
    labels = read_labels(body.get("labels") or {})
    with hub.store.write() as db:
        db.execute("UPDATE jobs SET labels = ? WHERE id = ?", (json.dumps(labels), row["id"]))
    return answer(hub, row["owner_name"], row["id"])


def expose(request: Request, body: Json) -> Response:
    """Replace the exposed ports."""
    row, hub = writable(request), hub_of(request)
    spec = json.loads(row["spec"]) | {"expose": read_expose(body)}
    with hub.store.write() as db:
        db.execute("UPDATE jobs SET spec = ? WHERE id = ?", (json.dumps(spec), row["id"]))
    return answer(hub, row["owner_name"], row["id"])


async def log_stream(request: Request) -> Response:
    """Replay the log and follow it to the job's end, as server-sent events."""
    hub, row = hub_of(request), await run_in_threadpool(readable, request)
    tail = whole(request, "tail", -1, -1, 1_000_000)
    runner = runner_of(hub)
    over = (lambda: True) if row["stage"] in TERMINAL else (lambda: not runner.active(row["id"]))
    return logs.event_stream(
        logs.events(hub, runner.log(row["id"]), over, None if tail < 0 else tail)
    )


async def metrics(request: Request) -> Response:
    """Tell once a second what a running job uses, as server-sent events; else 406."""
    hub, row = hub_of(request), await run_in_threadpool(readable, request)
    runner = runner_of(hub)
    for _ in range(50):  # it may be just about to start
        pid = runner.pid(row["id"])
        if pid is not None or not runner.active(row["id"]):
            break
        await asyncio.sleep(0.1)
    if pid is None:
        raise HubError(406, f"Job {row['id']} is not running")

    def over() -> bool:
        return hub.closing or not runner.active(row["id"])

    async def source() -> AsyncIterator[bytes]:
        async for usage in processes.usage(pid, over):
            sample: dict[str, Any] = {**usage, "rx_bps": 0, "tx_bps": 0, "gpus": {}}
            sample["replica"] = row["id"][-5:]
            yield f"event: metric\ndata: {json.dumps(sample)}\n\n".encode()

    return logs.event_stream(source())


def hardware_list(_: Request) -> Response:
    """List the flavors and their prices."""
    return JSONResponse([hardware.as_wire(row) for row in hardware.table().values()])


JOB = "/api/jobs/{namespace}/{job}"
ROUTES = [
    Route("/api/jobs/hardware", hardware_list),
    Route("/api/jobs/{namespace}", index),
    Route("/api/jobs/{namespace}", takes_json(run), methods=["POST"]),
    Route(JOB, inspect),
    Route(f"{JOB}/duplicate", duplicate, methods=["POST"]),
    Route(f"{JOB}/cancel", cancel, methods=["POST"]),
    Route(f"{JOB}/labels", takes_json(relabel), methods=["PUT"]),
    Route(f"{JOB}/expose", takes_json(expose), methods=["PUT"]),
    Route(f"{JOB}/logs", log_stream),
    Route(f"{JOB}/metrics", metrics),
]
