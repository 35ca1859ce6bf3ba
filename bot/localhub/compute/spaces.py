"""Spaces: `/api/spaces/{id}/…`, their secrets, variables, hardware and what one asks of them.

How a Space runs is the matter of `spacerun.py`.
"""

from __future__ import annotations

import asyncio
import sqlite3

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import hardware, logs, space_runner
from bot.localhub.compute.job_spec import VARIABLE, number, read_flavor
from bot.localhub.compute.space_runner import NEVER, SpaceRunner
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, json_body, path_param, takes_json, text_field
from bot.localhub.repos import repos
from bot.localhub.repos.repos import Repo

SCHEMA = space_runner.SCHEMA
MOST_SLEEP_SECONDS = 365 * 24 * 3600


async def start(hub: Hub) -> None:
    """Let every Space sleep until somebody comes, but for the paused ones."""
    await asyncio.to_thread(forget_stages, hub)
    hub.services["spaces"] = runner = SpaceRunner(hub)
    hub.listeners.append(runner.hear)
    hub.creators.append(furnish)
    hub.runtime = runner.runtime


async def stop(hub: Hub) -> None:
    """End every Space's process."""
    runner = runner_of(hub)
    hub.listeners.remove(runner.hear)
    await runner.close()


def runner_of(hub: Hub) -> SpaceRunner:
    """Return the Hub's runner of Spaces."""
    runner = hub.services["spaces"]
    assert isinstance(runner, SpaceRunner)
    return runner


def forget_stages(hub: Hub) -> None:
    """After a start no process is there, so only a pause is still true."""
    with hub.store.write() as db:
        db.execute("UPDATE spaces SET stage = '', message = '' WHERE stage != 'PAUSED'")


def as_space(request: Request) -> Request:
    """Say what the paths below mean by their literal `spaces`."""
    request.path_params["kind"] = "space"
    return request


def to_write(request: Request, db: sqlite3.Connection) -> Repo:
    """Return the Space in the path, if the one who asks may change it."""
    return repos.asked_to_write(as_space(request), db)[0]


# ── secrets and variables ────────────────────────────────────────────────────────────────────


def furnish(db: sqlite3.Connection, repo: Repo, body: Json) -> None:
    """Give a new Space the secrets, variables and hardware of its creation's body."""
    if repo.type != "space":
        return
    for kind in ("secret", "variable"):
        items = body.get(f"{kind}s") or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise HubError(400, f"`{kind}s` must be a list of {{key, value}}")
        for item in items:
            put_value(db, repo, kind, item, repo.created_at)
    if body.get("template"):
        raise HubError(400, "The local Hub has no templates of Spaces: leave `template` out")
    if body.get("hardware"):
        put(db, repo, "hardware", read_flavor({"flavor": body["hardware"]}))
    if body.get("sleepTimeSeconds"):
        put(db, repo, "sleep_seconds", read_sleep(body, "sleepTimeSeconds"))


def put_value(db: sqlite3.Connection, repo: Repo, kind: str, item: Json, now: str) -> None:
    """Set a secret or a variable."""
    key = text_field(item, "key", most=200)
    if not VARIABLE.fullmatch(key):
        raise HubError(400, f"{key!r} cannot name a {kind}: letters, digits and _, no digit first")
    db.execute(
        "INSERT OR REPLACE INTO space_values VALUES (?, ?, ?, ?, ?, ?)",
        (repo.id, kind, key, text_field(item, "value"), item.get("description"), now),
    )


def put(db: sqlite3.Connection, repo: Repo, column: str, value: str | int) -> None:
    """Set the hardware or the sleep time."""
    db.execute("INSERT OR IGNORE INTO spaces (repo_id) VALUES (?)", (repo.id,))
    db.execute(f"UPDATE spaces SET {column} = ? WHERE repo_id = ?", (value, repo.id))


def read_sleep(body: Json, key: str) -> int:
    """Return seconds of idleness before sleep, -1 for never."""
    return NEVER if body.get(key) == NEVER else number(body, key, 1, MOST_SLEEP_SECONDS)


def shown_values(db: sqlite3.Connection, repo: Repo, kind: str) -> Json:
    """Return variables with their values, secrets without."""
    shown: Json = {}
    query = "SELECT * FROM space_values WHERE repo_id = ? AND kind = ? ORDER BY key"
    for row in db.execute(query, (repo.id, kind)):
        item = {"updatedAt": row["updated_at"]}
        if row["description"]:
            item["description"] = row["description"]
        shown[row["key"]] = item | ({"value": row["value"]} if kind == "variable" else {})
    return shown


def kind_of(request: Request) -> str:
    """Return what the path is about, `secret` or `variable`."""
    return request.url.path.rpartition("/")[2].removesuffix("s")


def list_values(request: Request) -> Response:
    """List the secrets' names, or the variables."""
    with hub_of(request).store.read() as db:
        repo = to_write(request, db)
        return JSONResponse(shown_values(db, repo, kind_of(request)))


async def change_values(request: Request) -> Response:
    """Set or delete a secret or variable; a running Space starts anew with it."""
    body, hub = await json_body(request), hub_of(request)
    repo, shown = await run_in_threadpool(save_value, request, body)
    await runner_of(hub).follow(repo.id)
    return JSONResponse(shown)


def save_value(request: Request, body: Json) -> tuple[Repo, Json]:
    """Write the change down."""
    hub, kind = hub_of(request), kind_of(request)
    with hub.store.write() as db:
        repo = to_write(request, db)
        if request.method == "POST":
            put_value(db, repo, kind, body, hub.now())
        else:
            db.execute(
                "DELETE FROM space_values WHERE repo_id = ? AND kind = ? AND key = ?",
                (repo.id, kind, text_field(body, "key")),
            )
        return repo, shown_values(db, repo, kind)


# ── runtime ──────────────────────────────────────────────────────────────────────────────────


def writable(request: Request) -> Repo:
    """Return the Space in the path, if the one who asks may change it."""
    with hub_of(request).store.read() as db:
        return to_write(request, db)


def runtime(request: Request) -> Response:
    """Tell what a Space does; asking does not wake it."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.asked(as_space(request), db)
        return JSONResponse(runner_of(hub).runtime(db, repo))


async def pause(request: Request) -> Response:
    """End a Space until it is restarted."""
    repo = await run_in_threadpool(writable, request)
    await runner_of(hub_of(request)).put_to_sleep(repo.id, "PAUSED")
    return await run_in_threadpool(runtime, request)


async def restart(request: Request) -> Response:
    """Start a Space anew."""
    repo = await run_in_threadpool(writable, request)
    await runner_of(hub_of(request)).restart(repo.id)
    return await run_in_threadpool(runtime, request)


async def set_hardware(request: Request) -> Response:
    """Ask for another flavor; a running Space starts anew."""
    body = await json_body(request)
    if not body.get("flavor"):
        raise HubError(400, "`flavor` is missing")
    repo = await run_in_threadpool(save_hardware, request, body)
    await runner_of(hub_of(request)).follow(repo.id)
    return await run_in_threadpool(runtime, request)


def save_hardware(request: Request, body: Json) -> Repo:
    """Write it down."""
    with hub_of(request).store.write() as db:
        repo = to_write(request, db)
        put(db, repo, "hardware", read_flavor(body))
        if "sleepTimeSeconds" in body:
            put(db, repo, "sleep_seconds", read_sleep(body, "sleepTimeSeconds"))
    return repo


def set_sleep_time(request: Request, body: Json) -> Response:
    """Write down after how long without visits a Space may sleep."""
    with hub_of(request).store.write() as db:
        repo = to_write(request, db)
        put(db, repo, "sleep_seconds", read_sleep(body, "seconds"))
    return runtime(request)


def set_dev_mode(request: Request, body: Json) -> Response:
    """Have commits leave the running Space alone, or not any more."""
    if not isinstance(body.get("enabled"), bool):
        raise HubError(400, "`enabled` must be true or false")
    with hub_of(request).store.write() as db:
        repo = to_write(request, db)
        if repo.sdk == "static":
            raise HubError(400, "A static Space has no dev mode")
        db.execute("DELETE FROM spaces_in_dev_mode WHERE repo_id = ?", (repo.id,))
        if body["enabled"]:
            db.execute("INSERT INTO spaces_in_dev_mode VALUES (?)", (repo.id,))
    return runtime(request)


def templates(_: Request) -> Response:
    """List the templates of Spaces: this Hub has none."""
    return JSONResponse({"templates": []})


async def log_stream(request: Request) -> Response:
    """Replay a log and follow it while the Space runs, as server-sent events."""
    which = path_param(request, "which")
    if which not in ("run", "build"):
        raise HubError(404, f"There is no log {which[:20]!r}: it is run or build")
    repo = await run_in_threadpool(writable, request)
    hub = hub_of(request)
    runner = runner_of(hub)
    log = runner.log(repo.id, which)
    over = (lambda: not runner.keeper.active(repo.id)) if which == "run" else (lambda: True)
    return logs.event_stream(logs.events(hub, log, over))


def hardware_list(_: Request) -> Response:
    """List the flavors and their prices."""
    return JSONResponse([hardware.as_wire(row) for row in hardware.table().values()])


SPACE = "/api/spaces/{namespace}/{name}"
CHANGES = ["POST", "DELETE"]
ROUTES = [
    Route("/api/spaces/hardware", hardware_list),
    Route("/api/spaces/templates", templates),
    Route(f"{SPACE}/secrets", list_values),
    Route(f"{SPACE}/variables", list_values),
    Route(f"{SPACE}/secrets", change_values, methods=CHANGES),
    Route(f"{SPACE}/variables", change_values, methods=CHANGES),
    Route(f"{SPACE}/runtime", runtime),
    Route(f"{SPACE}/pause", pause, methods=["POST"]),
    Route(f"{SPACE}/restart", restart, methods=["POST"]),
    Route(f"{SPACE}/hardware", set_hardware, methods=["POST"]),
    Route(f"{SPACE}/sleeptime", takes_json(set_sleep_time), methods=["POST"]),
    Route(f"{SPACE}/dev-mode", takes_json(set_dev_mode), methods=["POST"]),
    Route(f"{SPACE}/logs/{{which}}", log_stream),
]
