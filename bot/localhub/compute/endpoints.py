"""Inference Endpoints under `/endpoints-api/v2`: a container command becomes a process with a port.

States: pending → initializing → running, or failed; paused and scaledToZero on request; updating →
running or updateFailed. The base URL is the real service's, moved here by setting
`huggingface_hub.constants.INFERENCE_ENDPOINTS_ENDPOINT`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import hardware, logs, processes
from bot.localhub.compute.job_spec import variables, words
from bot.localhub.compute.served_process import Keeper, Launch, Phase
from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, json_body, path_param, whole

SCHEMA = """
CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY, owner_id TEXT NOT NULL REFERENCES accounts(id), name TEXT NOT NULL,
    spec TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (owner_id, name)
);
"""
SELECT = "SELECT e.*, a.name AS owner_name FROM endpoints e JOIN accounts a ON a.id = e.owner_id"
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
STARTED = ("pending", "initializing", "updating", "running")
TYPES = ("public", "authenticated", "private")


async def start(hub: Hub) -> None:
    """Start again what was started when the Hub ended."""
    hub.services["endpoints"] = Keeper()
    query = f"{SELECT} WHERE e.state IN ('pending', 'initializing', 'updating', 'running')"
    for row in await asyncio.to_thread(all_rows, hub, query):
        await bring_up(hub, row, "initializing", "failed")


async def stop(hub: Hub) -> None:
    """End the processes; the states stay, so that the next start brings them back."""
    await keeper_of(hub).close()


def keeper_of(hub: Hub) -> Keeper:
    """Return the keeper of the endpoints' processes."""
    keeper = hub.services["endpoints"]
    assert isinstance(keeper, Keeper)
    return keeper


# ── what is asked for ────────────────────────────────────────────────────────────────────────


def read_spec(body: Json) -> Json:
    """Return the spec of an endpoint; HubError 400 with a reason."""
    name = body.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise HubError(400, "`name` takes 1 to 32 lower-case letters, digits and inner dashes")
    if body.get("type") not in TYPES:
        raise HubError(400, f"`type` must be one of {', '.join(TYPES)}")
    for key in ("compute", "provider", "model"):
        if not isinstance(body.get(key), dict):
            raise HubError(400, f"`{key}` must be an object")
    model = body["model"]
    for key in ("repository", "framework"):
        if not isinstance(model.get(key), str):
            raise HubError(400, f"`model.{key}` must be a text")
    image = model.get("image")
    if not isinstance(image, dict) or not all(isinstance(part, dict) for part in image.values()):
        raise HubError(400, "`model.image` must be an object of one image variant")
    for key in ("command", "args"):
        words(model, key)
    for key in ("env", "secrets"):
        model[key] = variables(model, key)
    return body


def merged(spec: Json, change: Json) -> Json:
    """Return a spec with what an update names replaced, one level below the top."""
    result = dict(spec)
    for key, value in change.items():
        if key == "name":
            continue
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = {**old, **value}
        else:
            result[key] = value
    return result


def health_route(spec: Json) -> str:
    """Return the path that answers 200 when the endpoint serves."""
    for variant in spec["model"]["image"].values():
        for key in ("healthRoute", "health_route"):
            if isinstance(variant.get(key), str):
                return "/" + str(variant[key]).lstrip("/")
    return "/health"


def as_wire(hub: Hub, row: sqlite3.Row) -> Json:
    """Return the endpoint object, without the values of secrets or registry credentials.

    Its URL is the one of `gateway.py`.
    """
    spec = json.loads(row["spec"])
    model = spec["model"]
    image = {
        kind: {key: value for key, value in variant.items() if key != "credentials"}
        for kind, variant in model["image"].items()
    }
    reachable = row["state"] in ("running", "scaledToZero")
    url = f"{hub.url}/inference/{row['owner_name']}/{row['name']}"
    replicas = int(row["state"] == "running")
    return {
        **spec,
        "id": row["id"],
        "healthRoute": health_route(spec),
        "model": {
            "task": None,
            "revision": None,
            **model,
            "image": image,
            "secrets": dict.fromkeys(model["secrets"]),
        },
        "status": {
            "state": row["state"],
            "message": row["message"],
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
            "createdBy": json.loads(row["created_by"]),
            "readyReplica": replicas,
            "targetReplica": int(row["state"] in STARTED),
            **({"url": url} if reachable else {}),
        },
    }


# ── the table ────────────────────────────────────────────────────────────────────────────────


def all_rows(hub: Hub, query: str, *values: str) -> list[sqlite3.Row]:
    """Return what a query finds."""
    with hub.store.read() as db:
        return db.execute(query, values).fetchall()


def by_id(hub: Hub, endpoint_id: str) -> sqlite3.Row:
    """Return the row of an endpoint that is there."""
    return all_rows(hub, f"{SELECT} WHERE e.id = ?", endpoint_id)[0]


def find(hub: Hub, namespace: str, name: str) -> sqlite3.Row:
    """Return the row of an endpoint; HubError 404 if there is none."""
    rows = all_rows(hub, f"{SELECT} WHERE a.name = ? AND e.name = ?", namespace, name)
    if not rows:
        raise HubError(404, f"There is no endpoint {name} in {namespace}")
    return rows[0]


def set_state(hub: Hub, endpoint_id: str, state: str, message: str = "") -> None:
    """Change the state."""
    with hub.store.write() as db:
        db.execute(
            "UPDATE endpoints SET state = ?, message = ?, updated_at = ? WHERE id = ?",
            (state, message, hub.now(), endpoint_id),
        )


def insert(hub: Hub, namespace: str, user: User, spec: Json) -> str:
    """Create an endpoint and return its id; HubError 409 if the name is taken."""
    endpoint_id, now = auth.new_id(), hub.now()
    creator = json.dumps({"id": user.id, "name": user.name})
    with hub.store.write() as db:
        owner = auth.account(db, namespace)
        assert owner is not None
        try:
            db.execute(
                "INSERT INTO endpoints VALUES (?, ?, ?, ?, 'pending', '', ?, ?, ?)",
                (endpoint_id, owner["id"], spec["name"], json.dumps(spec), creator, now, now),
            )
        except sqlite3.IntegrityError as error:
            raise HubError(409, f"There is an endpoint {spec['name']} already") from error
    return endpoint_id


# ── the process ──────────────────────────────────────────────────────────────────────────────


def folder(hub: Hub, endpoint_id: str) -> Path:
    """Return the endpoint's own folder."""
    return hub.data / "endpoints" / endpoint_id


def launch_of(hub: Hub, row: sqlite3.Row) -> Launch:
    """Return how the endpoint's process is run."""
    spec = json.loads(row["spec"])
    model, scratch = spec["model"], folder(hub, row["id"]) / "work"
    images = [image for image in model["image"].values() if isinstance(image.get("env"), dict)]
    given = {key: str(value) for image in images for key, value in image["env"].items()}
    given |= model["env"] | model["secrets"]
    return Launch(
        command=processes.local_command([*model.get("command", []), *model.get("args", [])]),
        environment=processes.child_environment(hub.url, scratch, given, {}),
        scratch=scratch,
        log=folder(hub, row["id"]) / "log.jsonl",
        health=health_route(spec),
        below=201,
    )


async def bring_up(hub: Hub, row: sqlite3.Row, state: str, failed: str) -> None:
    """Start the process, in `state` until it answers, or in `failed` with the reason."""
    endpoint_id = row["id"]

    async def told(phase: Phase, message: str) -> None:
        to, words = ("running", "") if phase == "running" else (failed, message)
        await asyncio.to_thread(set_state, hub, endpoint_id, to, words)

    launch = launch_of(hub, row)
    if not launch.command:
        why = "The local Hub runs no images: give the endpoint a container command"
        await asyncio.to_thread(set_state, hub, endpoint_id, failed, why)
        return
    launch.log.unlink(missing_ok=True)
    await asyncio.to_thread(set_state, hub, endpoint_id, state)
    keeper_of(hub).start(endpoint_id, launch, told)


async def end(hub: Hub, endpoint_id: str, state: str) -> None:
    """End the process, with its lock held; `state` says whether a request will wake it again."""
    await keeper_of(hub).stop(endpoint_id)
    await asyncio.to_thread(set_state, hub, endpoint_id, state)


async def wake(hub: Hub, endpoint_id: str) -> None:
    """Start what is at zero; anything else goes on as it is."""
    async with keeper_of(hub).lock(endpoint_id):
        row = await asyncio.to_thread(by_id, hub, endpoint_id)
        if row["state"] == "scaledToZero":
            await bring_up(hub, row, "initializing", "failed")


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def namespace_of(request: Request, to_write: bool) -> str:
    """Return the namespace of the path; HubError 401 for somebody who has no part in it."""
    user, namespace = auth.require(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(401, f"{user.name} has no access to the endpoints of {namespace}")
        allowed = auth.may_write(db, user, namespace, permission="inference.endpoints.write")
    if to_write and not allowed:
        raise HubError(403, f"{user.name} may not change the endpoints of {namespace}")
    return namespace


def named(request: Request, to_write: bool = False) -> sqlite3.Row:
    """Return the endpoint that the path names."""
    namespace = namespace_of(request, to_write)
    return find(hub_of(request), namespace, path_param(request, "name"))


def index(request: Request) -> Response:
    """List the endpoints of a namespace."""
    hub, namespace = hub_of(request), namespace_of(request, False)
    rows = all_rows(hub, f"{SELECT} WHERE a.name = ? ORDER BY e.name", namespace)
    return JSONResponse({"items": [as_wire(hub, row) for row in rows]})


def show(request: Request) -> Response:
    """Tell one endpoint."""
    return JSONResponse(as_wire(hub_of(request), named(request)))


async def answer(hub: Hub, endpoint_id: str, status: int = 200) -> Response:
    """Return the endpoint as it is now."""
    return JSONResponse(as_wire(hub, await asyncio.to_thread(by_id, hub, endpoint_id)), status)


async def create(request: Request) -> Response:
    """Create an endpoint and start it, unless it has no replicas."""
    body, hub = await json_body(request), hub_of(request)
    namespace = await run_in_threadpool(namespace_of, request, True)
    spec = read_spec(body)
    endpoint_id = await asyncio.to_thread(insert, hub, namespace, auth.require(request), spec)
    async with keeper_of(hub).lock(endpoint_id):
        await bring_up(hub, by_id(hub, endpoint_id), "pending", "failed")
    return await answer(hub, endpoint_id)


async def update(request: Request) -> Response:
    """Change the spec; what runs is replaced, what rests goes on resting."""
    change, hub = await json_body(request), hub_of(request)
    row = await run_in_threadpool(named, request, True)
    async with keeper_of(hub).lock(row["id"]):
        row = await asyncio.to_thread(by_id, hub, row["id"])
        spec = read_spec(merged(json.loads(row["spec"]), change))
        await asyncio.to_thread(save_spec, hub, row["id"], spec)
        if row["state"] not in ("paused", "scaledToZero"):
            await keeper_of(hub).stop(row["id"])
            await bring_up(hub, by_id(hub, row["id"]), "updating", "updateFailed")
    return await answer(hub, row["id"])


def save_spec(hub: Hub, endpoint_id: str, spec: Json) -> None:
    """Replace the spec."""
    with hub.store.write() as db:
        db.execute(
            "UPDATE endpoints SET spec = ?, updated_at = ? WHERE id = ?",
            (json.dumps(spec), hub.now(), endpoint_id),
        )


async def resume(request: Request) -> Response:
    """Start what rests; HubError 400 if it runs."""
    hub, row = hub_of(request), await run_in_threadpool(named, request, True)
    async with keeper_of(hub).lock(row["id"]):
        if keeper_of(hub).active(row["id"]):
            raise HubError(400, f"Endpoint {row['name']} is already running")
        await bring_up(hub, row, "initializing", "failed")
    return await answer(hub, row["id"])


async def rest(request: Request) -> Response:
    """Pause the endpoint or scale it to zero, as the path says; its process is gone then."""
    hub, row = hub_of(request), await run_in_threadpool(named, request, True)
    state = "paused" if request.url.path.endswith("/pause") else "scaledToZero"
    async with keeper_of(hub).lock(row["id"]):
        await end(hub, row["id"], state)
    return await answer(hub, row["id"])


async def delete(request: Request) -> Response:
    """Delete an endpoint; its process is gone then."""
    hub, row = hub_of(request), await run_in_threadpool(named, request, True)
    async with keeper_of(hub).lock(row["id"]):
        await keeper_of(hub).stop(row["id"])
        await asyncio.to_thread(forget, hub, row["id"])
    return JSONResponse({"success": True})


def forget(hub: Hub, endpoint_id: str) -> None:
    """Remove the row."""
    with hub.store.write() as db:
        db.execute("DELETE FROM endpoints WHERE id = ?", (endpoint_id,))


async def log_text(request: Request) -> Response:
    """Return the last lines of the log as plain text."""
    hub, row = hub_of(request), await run_in_threadpool(named, request)
    log, tail = folder(hub, row["id"]) / "log.jsonl", whole(request, "tail", 500, 1, 10_000)
    return Response("\n".join(await asyncio.to_thread(logs.last_lines, log, tail)), 200,
                    media_type="text/plain")  # fmt: skip


def hardware_list(request: Request) -> Response:
    """List the hardware with its prices, as one region of one vendor."""
    namespace_of(request, False)
    computes = [hardware.as_compute(row) for row in hardware.table().values()]
    region = {"name": "local", "label": "This machine", "status": "available", "computes": computes}
    return JSONResponse(
        {"vendors": [{"name": "local", "status": "available", "regions": [region]}]}
    )


BASE = "/endpoints-api/v2/endpoint/{namespace}"
ROUTES = [
    Route("/endpoints-api/v2/provider/{namespace}", hardware_list),
    Route(BASE, index),
    Route(BASE, create, methods=["POST"]),
    Route(f"{BASE}/{{name}}", show),
    Route(f"{BASE}/{{name}}", update, methods=["PUT"]),
    Route(f"{BASE}/{{name}}", delete, methods=["DELETE"]),
    Route(f"{BASE}/{{name}}/pause", rest, methods=["POST"]),
    Route(f"{BASE}/{{name}}/scale-to-zero", rest, methods=["POST"]),
    Route(f"{BASE}/{{name}}/resume", resume, methods=["POST"]),
    Route(f"{BASE}/{{name}}/logs", log_text),
]
