"""Spaces under `/api/spaces/{id}`: secrets, variables, runtime, logs."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import hardware, logs, space_runner
from bot.localhub.compute.hub import ComputeHub, hub_of
from bot.localhub.compute.job_spec import VARIABLE
from bot.localhub.compute.space_runner import SpaceRunner
from bot.localhub.core import accounts, auth
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Json, Repo
from bot.localhub.core.wire import HubError, json_body, json_endpoint, path_param, text_field
from bot.localhub.repos import repos

SCHEMA = space_runner.SCHEMA
UNSUPPORTED_FIELDS = ("template", "volumes")


@asynccontextmanager
async def lifespan(hub: ComputeHub) -> AsyncIterator[None]:
    """Run Spaces; all sleep at first, except paused ones."""
    await asyncio.to_thread(_reset_stages, hub)
    hub.spaces = SpaceRunner(hub)
    hub.space_runtime = hub.spaces.runtime
    hub.listeners.append(hub.spaces.on_event)
    hub.creation_hooks.append(set_up)
    yield
    hub.creation_hooks.remove(set_up)
    hub.listeners.remove(hub.spaces.on_event)
    await hub.spaces.close()


def _reset_stages(hub: Hub) -> None:
    with hub.store.write() as db:
        db.execute("UPDATE spaces SET stage = '', message = '' WHERE stage != 'PAUSED'")


def _set_repo_type(request: Request) -> Request:
    """Set the repo type, which is a literal part of the paths below."""
    request.path_params["repo_type"] = "space"
    return request


def writable(request: Request) -> Repo:
    """Return the Space in the path; raises HubError if the user may not change it."""
    with hub_of(request).store.read() as db:
        return repos.writable_repo(_set_repo_type(request), db)[0]


# ── secrets and variables ────────────────────────────────────────────────────────────────────


def set_up(db: sqlite3.Connection, repo: Repo, body: Json) -> None:
    """Set the secrets and variables in the body that created a Space."""
    if repo.type != "space":
        return
    for name in UNSUPPORTED_FIELDS:
        if body.get(name):
            raise HubError(501, f"The local Hub creates Spaces without `{name}`")
    if body.get("hardware"):
        _request_hardware(db, repo.id, text_field(body, "hardware"))
    for kind in ("secret", "variable"):
        items = body.get(f"{kind}s") or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise HubError(400, f"`{kind}s` must be a list of {{key, value}}")
        for item in items:
            _set_value(db, repo, kind, item, repo.created_at)


def _request_hardware(db: sqlite3.Connection, repo_id: str, flavor: str) -> None:
    """Remember the hardware that a Space is to have; every Space runs on this machine."""
    if flavor not in (*hardware.flavors(), *repos.ZERO_GPU):
        raise HubError(400, f"There is no hardware {flavor[:50]!r} for Spaces")
    db.execute("INSERT OR REPLACE INTO space_hardware VALUES (?, ?)", (repo_id, flavor))


def change_hardware(request: Request, body: Json) -> Response:
    """Request other hardware; 402 for paid hardware without a way to pay."""
    hub, flavor, repo = hub_of(request), text_field(body, "flavor"), writable(request)
    with hub.store.write() as db:
        owner = auth.find_account(db, repo.namespace)
        is_paid = flavor not in repos.FREE_HARDWARE
        if is_paid and hub.rules.plans and owner is not None:
            if not accounts.state_of(db, owner["id"]).can_pay:
                raise HubError(402, f"Payment required: {repo.namespace} has no way to pay")
        _request_hardware(db, repo.id, flavor)
    return runtime(request)


def _set_value(db: sqlite3.Connection, repo: Repo, kind: str, item: Json, now: str) -> None:
    key = text_field(item, "key", max_length=200)
    if not VARIABLE.fullmatch(key):
        raise HubError(
            400,
            f"{key!r} cannot name a {kind}: use letters, digits and _, and do not start with a"
            " digit",
        )
    db.execute(
        "INSERT OR REPLACE INTO space_values VALUES (?, ?, ?, ?, ?, ?)",
        (repo.id, kind, key, text_field(item, "value", ""), item.get("description"), now),
    )


def _values_json(db: sqlite3.Connection, repo: Repo, kind: str) -> Json:
    """Return variables with their values, secrets without."""
    result: Json = {}
    query = "SELECT * FROM space_values WHERE repo_id = ? AND kind = ? ORDER BY key"
    for row in db.execute(query, (repo.id, kind)):
        item = {"key": row["key"], "updatedAt": row["updated_at"]}
        if row["description"]:
            item["description"] = row["description"]
        result[row["key"]] = item | ({"value": row["value"]} if kind == "variable" else {})
    return result


def _kind(request: Request) -> str:
    """Return `secret` or `variable`, from the end of the path."""
    return request.url.path.rpartition("/")[2].removesuffix("s")


def list_values(request: Request) -> Response:
    """List the variables, or the names of the secrets."""
    repo = writable(request)
    with hub_of(request).store.read() as db:
        return JSONResponse(_values_json(db, repo, _kind(request)))


async def change_values(request: Request) -> Response:
    """Set or delete a secret or variable; a running Space restarts with it."""
    body = await json_body(request)
    repo, values = await run_in_threadpool(_save_value, request, body)
    await hub_of(request).spaces.refresh(repo.id)
    return JSONResponse(values)


def _save_value(request: Request, body: Json) -> tuple[Repo, Json]:
    hub, kind, repo = hub_of(request), _kind(request), writable(request)
    with hub.store.write() as db:
        if request.method == "POST":
            _set_value(db, repo, kind, body, hub.now())
        else:
            db.execute(
                "DELETE FROM space_values WHERE repo_id = ? AND kind = ? AND key = ?",
                (repo.id, kind, text_field(body, "key")),
            )
        return repo, _values_json(db, repo, kind)


# ── runtime ──────────────────────────────────────────────────────────────────────────────────


def runtime(request: Request) -> Response:
    """Show the runtime of a Space, without waking it."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.requested_repo(_set_repo_type(request), db)
        return JSONResponse(hub.spaces.runtime(db, repo))


async def pause(request: Request) -> Response:
    """Stop a Space until it is restarted."""
    repo = await run_in_threadpool(writable, request)
    await hub_of(request).spaces.put_to_sleep(repo.id, "PAUSED")
    return await run_in_threadpool(runtime, request)


async def restart(request: Request) -> Response:
    """Restart a Space."""
    repo = await run_in_threadpool(writable, request)
    await hub_of(request).spaces.restart(repo.id)
    return await run_in_threadpool(runtime, request)


async def log_stream(request: Request) -> Response:
    """Stream the `run` or `build` log as server-sent events while the Space runs."""
    which = path_param(request, "which")
    if which not in ("run", "build"):
        raise HubError(404, f"There is no log {which[:20]!r}, only run and build")
    repo = await run_in_threadpool(writable, request)
    hub = hub_of(request)

    def is_finished() -> bool:
        return which == "build" or repo.id not in hub.spaces.processes.active

    return logs.stream(hub, hub.spaces.log(repo.id, which), is_finished)


SPACE = "/api/spaces/{namespace}/{name}"
CHANGES = ["POST", "DELETE"]
ROUTES = [
    Route(f"{SPACE}/secrets", list_values),
    Route(f"{SPACE}/variables", list_values),
    Route(f"{SPACE}/secrets", change_values, methods=CHANGES),
    Route(f"{SPACE}/variables", change_values, methods=CHANGES),
    Route(f"{SPACE}/runtime", runtime),
    Route(f"{SPACE}/pause", pause, methods=["POST"]),
    Route(f"{SPACE}/restart", restart, methods=["POST"]),
    Route(f"{SPACE}/hardware", json_endpoint(change_hardware), methods=["POST"]),
    Route(f"{SPACE}/logs/{{which}}", log_stream),
]
