"""Inference Endpoints under `/endpoints-api/v2`: a container command becomes a process with a port.

States: pending → initializing → running, or failed; paused and scaledToZero on request; updating →
running or updateFailed. Clients reach this service by setting
`huggingface_hub.constants.INFERENCE_ENDPOINTS_ENDPOINT`.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import endpoint_hardware, processes
from bot.localhub.compute.endpoint_spec import health_route, merge, public_spec, read_spec
from bot.localhub.compute.hub import ComputeHub, hub_of
from bot.localhub.compute.served_process import Launch, Phase, ServedProcesses
from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Json
from bot.localhub.core.wire import HubError, json_body, path_param

SCHEMA = """
CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY, owner_id TEXT NOT NULL REFERENCES accounts(id), name TEXT NOT NULL,
    spec TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (owner_id, name)
);
"""
SELECT = "SELECT e.*, a.name AS owner_name FROM endpoints e JOIN accounts a ON a.id = e.owner_id"
STARTED = ("pending", "initializing", "updating", "running")
MESSAGES = {
    "pending": "Endpoint waiting to be scheduled",
    "running": "Endpoint is ready",
    "updating": "Endpoint waiting for the update",
}


@asynccontextmanager
async def lifespan(hub: ComputeHub) -> AsyncIterator[None]:
    """Start the endpoints that were started when the Hub ended; on exit, keep their states."""
    hub.endpoints = ServedProcesses()
    query = f"{SELECT} WHERE e.state IN ('pending', 'initializing', 'updating', 'running')"
    for row in await asyncio.to_thread(select, hub, query):
        await start(hub, row, "initializing", "failed")
    yield
    await hub.endpoints.close()


def path_of(namespace: str, name: str) -> str:
    """Return the path under which the gateway forwards requests to an endpoint."""
    return f"/inference/{namespace}/{name}"


def endpoint_json(hub: Hub, row: sqlite3.Row) -> Json:
    """Return the endpoint object, without the values of secrets and registry credentials."""
    creator = json.loads(row["created_by"])
    status = {
        "state": row["state"],
        "message": row["message"] or MESSAGES.get(row["state"], ""),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "createdBy": creator,
        "updatedBy": creator,
        "readyReplica": int(row["state"] == "running"),
        "targetReplica": int(row["state"] in STARTED),
    }
    if row["state"] not in ("pending", "initializing", "failed"):
        status["url"] = hub.url + path_of(row["owner_name"], row["name"])
    return {**public_spec(json.loads(row["spec"])), "status": status}


# ── table ────────────────────────────────────────────────────────────────────────────────────


def select(hub: Hub, query: str, *values: str) -> list[sqlite3.Row]:
    """Return the rows that match a query."""
    with hub.store.read() as db:
        return db.execute(query, values).fetchall()


def by_id(hub: Hub, endpoint_id: str) -> sqlite3.Row:
    """Return the row of an endpoint that exists."""
    return select(hub, f"{SELECT} WHERE e.id = ?", endpoint_id)[0]


def find(hub: Hub, namespace: str, name: str) -> sqlite3.Row:
    """Return the row of an endpoint; raises HubError 404 if there is none."""
    rows = select(hub, f"{SELECT} WHERE a.name = ? AND e.name = ?", namespace, name)
    if not rows:
        raise HubError(404, f"There is no endpoint {name} in {namespace}")
    return rows[0]


def _set_state(hub: Hub, endpoint_id: str, state: str, message: str = "") -> None:
    with hub.store.write() as db:
        db.execute(
            "UPDATE endpoints SET state = ?, message = ?, updated_at = ? WHERE id = ?",
            (state, message, hub.now(), endpoint_id),
        )


def _insert(hub: Hub, namespace: str, user: User, spec: Json) -> str:
    """Create an endpoint and return its id; raises HubError 409 if the name is taken."""
    endpoint_id, now = auth.new_id(), hub.now()
    creator = json.dumps({"id": user.id, "name": user.name})
    with hub.store.write() as db:
        owner = auth.find_account(db, namespace)
        assert owner is not None
        if hub.rules.plans:
            endpoint_hardware.check(db, owner["id"], spec)
        try:
            db.execute(
                "INSERT INTO endpoints VALUES (?, ?, ?, ?, 'pending', '', ?, ?, ?)",
                (endpoint_id, owner["id"], spec["name"], json.dumps(spec), creator, now, now),
            )
        except sqlite3.IntegrityError as error:
            raise HubError(409, f"There is already an endpoint {spec['name']}") from error
    return endpoint_id


def _save_spec(hub: Hub, endpoint_id: str, spec: Json) -> None:
    with hub.store.write() as db:
        query = "SELECT owner_id FROM endpoints WHERE id = ?"
        owner_id = db.execute(query, (endpoint_id,)).fetchone()["owner_id"]
        if hub.rules.plans:
            endpoint_hardware.check(db, owner_id, spec)
        db.execute(
            "UPDATE endpoints SET spec = ?, updated_at = ? WHERE id = ?",
            (json.dumps(spec), hub.now(), endpoint_id),
        )


def _delete_row(hub: Hub, endpoint_id: str) -> None:
    with hub.store.write() as db:
        db.execute("DELETE FROM endpoints WHERE id = ?", (endpoint_id,))


# ── process ──────────────────────────────────────────────────────────────────────────────────


def log_of(hub: Hub, endpoint_id: str) -> Path:
    """Return the log file of an endpoint."""
    return hub.data / "endpoints" / endpoint_id / "log.jsonl"


def _launch(hub: Hub, row: sqlite3.Row) -> Launch:
    """Return how to run an endpoint."""
    spec = json.loads(row["spec"])
    model, scratch = spec["model"], hub.data / "endpoints" / row["id"] / "work"
    variables = model["env"] | model["secrets"]
    return Launch(
        command=processes.local_command(
            [*(model.get("command") or []), *(model.get("args") or [])]
        ),
        environment=processes.child_environment(hub.url, scratch, variables, {}),
        scratch=scratch,
        log=log_of(hub, row["id"]),
        health_route=health_route(spec),
        healthy_below=201,
    )


async def start(hub: ComputeHub, row: sqlite3.Row, starting: str, failed: str) -> None:
    """Start the process of an endpoint.

    The endpoint is in the state `starting` until the process answers, and in `failed` if it never
    does or ends.
    """
    endpoint_id = row["id"]

    async def on_phase(phase: Phase, message: str) -> None:
        state = ("running", "") if phase == "running" else (failed, message)
        await asyncio.to_thread(_set_state, hub, endpoint_id, *state)

    launch = _launch(hub, row)
    if not launch.command:
        reason = "The local Hub does not run images: give the endpoint a container command"
        await asyncio.to_thread(_set_state, hub, endpoint_id, failed, reason)
        return
    launch.log.unlink(missing_ok=True)
    await asyncio.to_thread(_set_state, hub, endpoint_id, starting)
    hub.endpoints.start(endpoint_id, launch, on_phase)


async def stop(hub: ComputeHub, endpoint_id: str, state: str) -> None:
    """End the process while holding its lock; `state` is `paused` or `scaledToZero`."""
    await hub.endpoints.stop(endpoint_id)
    await asyncio.to_thread(_set_state, hub, endpoint_id, state)


async def wake(hub: ComputeHub, endpoint_id: str) -> None:
    """Start an endpoint if it is scaled to zero."""
    async with hub.endpoints.lock(endpoint_id):
        row = await asyncio.to_thread(by_id, hub, endpoint_id)
        if row["state"] == "scaledToZero":
            await start(hub, row, "initializing", "failed")


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def _namespace(request: Request, to_write: bool) -> str:
    """Return the namespace in the path; raises HubError 401 or 403 without access to it."""
    user, namespace = auth.require_user(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(401, f"{user.name} has no access to the endpoints of {namespace}")
        may_write = auth.may_write(db, user, namespace, permission="inference.endpoints.write")
    if to_write and not may_write:
        raise HubError(403, f"{user.name} may not change the endpoints of {namespace}")
    return namespace


def _requested(request: Request, to_write: bool = False) -> sqlite3.Row:
    """Return the endpoint in the path."""
    namespace = _namespace(request, to_write)
    return find(hub_of(request), namespace, path_param(request, "name"))


async def _reload(hub: Hub, endpoint_id: str) -> Response:
    return JSONResponse(endpoint_json(hub, await asyncio.to_thread(by_id, hub, endpoint_id)))


def index(request: Request) -> Response:
    """List the endpoints of a namespace."""
    hub, namespace = hub_of(request), _namespace(request, to_write=False)
    rows = select(hub, f"{SELECT} WHERE a.name = ? ORDER BY e.name", namespace)
    return JSONResponse({"items": [endpoint_json(hub, row) for row in rows]})


def show(request: Request) -> Response:
    """Show one endpoint."""
    return JSONResponse(endpoint_json(hub_of(request), _requested(request)))


async def create(request: Request) -> Response:
    """Create an endpoint and start it."""
    body, hub = await json_body(request), hub_of(request)
    namespace = await run_in_threadpool(_namespace, request, True)
    spec = read_spec(body)
    user = auth.require_user(request)
    endpoint_id = await asyncio.to_thread(_insert, hub, namespace, user, spec)
    async with hub.endpoints.lock(endpoint_id):
        await start(hub, by_id(hub, endpoint_id), "pending", "failed")
    return await _reload(hub, endpoint_id)


async def update(request: Request) -> Response:
    """Change the spec; a running process is replaced, a stopped one stays stopped."""
    change, hub = await json_body(request), hub_of(request)
    row = await run_in_threadpool(_requested, request, True)
    async with hub.endpoints.lock(row["id"]):
        row = await asyncio.to_thread(by_id, hub, row["id"])
        spec = read_spec(merge(json.loads(row["spec"]), change))
        await asyncio.to_thread(_save_spec, hub, row["id"], spec)
        if row["state"] not in ("paused", "scaledToZero"):
            await hub.endpoints.stop(row["id"])
            await start(hub, by_id(hub, row["id"]), "updating", "updateFailed")
    return await _reload(hub, row["id"])


async def resume(request: Request) -> Response:
    """Start a stopped endpoint; 400 if it is running."""
    hub, row = hub_of(request), await run_in_threadpool(_requested, request, True)
    async with hub.endpoints.lock(row["id"]):
        if row["id"] in hub.endpoints.active:
            raise HubError(400, f"Endpoint {row['name']} is already running")
        await start(hub, row, "pending", "failed")
    return await _reload(hub, row["id"])


async def pause(request: Request) -> Response:
    """Stop an endpoint until it is resumed."""
    return await _stop_requested(request, "paused")


async def scale_to_zero(request: Request) -> Response:
    """Stop an endpoint until a request wakes it."""
    return await _stop_requested(request, "scaledToZero")


async def _stop_requested(request: Request, state: str) -> Response:
    hub, row = hub_of(request), await run_in_threadpool(_requested, request, True)
    async with hub.endpoints.lock(row["id"]):
        await stop(hub, row["id"], state)
    return await _reload(hub, row["id"])


async def delete(request: Request) -> Response:
    """Delete an endpoint and end its process."""
    hub, row = hub_of(request), await run_in_threadpool(_requested, request, True)
    async with hub.endpoints.lock(row["id"]):
        await hub.endpoints.stop(row["id"])
        await asyncio.to_thread(_delete_row, hub, row["id"])
    return JSONResponse({"success": True})


def hardware_list(request: Request) -> Response:
    """List the hardware with its prices, and the quota of the namespace."""
    namespace = _namespace(request, to_write=False)
    with hub_of(request).store.read() as db:
        owner = auth.find_account(db, namespace)
        assert owner is not None
        return JSONResponse(endpoint_hardware.vendors_json(db, owner["id"]))


def check_access(request: Request) -> Response:
    """Confirm that the user has a permission (`read`, `write` or `infer`); start nothing."""
    right, hub = request.url.path.rpartition("/")[2], hub_of(request)
    namespace, user = _namespace(request, right == "write"), auth.require_user(request)
    with hub.store.read() as db:
        owner = auth.find_account(db, namespace)
        assert owner is not None
        if right == "infer" and not auth.may_infer(db, user, namespace):
            raise HubError(403, f"{user.name} may not use the endpoints of {namespace}")
    shown = {"id": owner["id"], "name": owner["name"]}
    return JSONResponse({"namespace": shown, "user": auth.id_and_name(user)})


BASE = "/endpoints-api/v2/endpoint/{namespace}"
ROUTES = [
    Route("/endpoints-api/v2/provider/{namespace}", hardware_list),
    *(
        Route(
            f"/api/inference-endpoints/{{namespace}}/auth-check/{right}",
            check_access,
            methods=["POST"],
        )
        for right in ("read", "write", "infer")
    ),
    Route(BASE, index),
    Route(BASE, create, methods=["POST"]),
    Route(f"{BASE}/{{name}}", show),
    Route(f"{BASE}/{{name}}", update, methods=["PUT"]),
    Route(f"{BASE}/{{name}}", delete, methods=["DELETE"]),
    Route(f"{BASE}/{{name}}/pause", pause, methods=["POST"]),
    Route(f"{BASE}/{{name}}/scale-to-zero", scale_to_zero, methods=["POST"]),
    Route(f"{BASE}/{{name}}/resume", resume, methods=["POST"]),
]
