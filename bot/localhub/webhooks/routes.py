"""Webhooks: `/api/settings/webhooks`, who is told of an event, and what they are told.

The payload is version 3 of the Hub's (https://huggingface.co/docs/hub/webhooks). Sending it is the
matter of `courier.py`.
"""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import jobs
from bot.localhub.compute.job_spec import public_spec, variables
from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.events import Event
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, path_param, takes_json, text_field
from bot.localhub.webhooks import delivery

SCHEMA = """
CREATE TABLE IF NOT EXISTS webhooks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    owner_id TEXT NOT NULL REFERENCES accounts(id),
    url TEXT, job TEXT, watched TEXT NOT NULL, domains TEXT NOT NULL, secret TEXT,
    disabled INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS webhook_deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    webhook_id TEXT NOT NULL REFERENCES webhooks(id) ON DELETE CASCADE,
    payload TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL,
    status INTEGER, error TEXT, created_at TEXT NOT NULL, updated_at TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON webhook_deliveries (state, next_at);
"""
WATCHABLE = ("user", "org", "model", "dataset", "space")
DOMAINS = {"repo": "repo", "discussion": "discussion", "discussions": "discussion"}
DELIVERIES_KEPT = 1000


async def start(hub: Hub) -> None:
    """Listen to events and go on with what was not delivered."""
    hub.services["webhooks"] = delivery.Courier(hub, start_job)
    hub.listeners.append(note)


async def stop(hub: Hub) -> None:
    """Stop delivering; what is pending stays so."""
    hub.listeners.remove(note)
    await courier_of(hub).close()


def courier_of(hub: Hub) -> delivery.Courier:
    """Return the Hub's courier."""
    found = hub.services["webhooks"]
    assert isinstance(found, delivery.Courier)
    return found


# ── from an event to deliveries ──────────────────────────────────────────────────────────────


def concerns(watched: list[Json], domains: list[str], event: Event) -> bool:
    """Return whether a webhook with these settings is to be told of the event."""
    if event.scope.partition(".")[0] not in domains:
        return False
    name = event.repo_name.lower()
    namespace = name.partition("/")[0]
    for item in watched:
        target = namespace if item["type"] in ("user", "org") else name
        of_kind = item["type"] in ("user", "org", event.repo_type)
        if of_kind and item["name"].lower() == target:
            return True
    return False


def payload(event: Event, webhook_id: str) -> Json:
    """Return what is posted, version 3."""
    repo = dict(event.repo)
    if not event.scope.startswith("repo"):
        repo.pop("headSha", None)
    parts: dict[str, Any] = {
        "event": {"action": event.action, "scope": event.scope},
        "repo": repo,
        "discussion": event.discussion,
        "comment": event.comment,
        "updatedRefs": event.updated_refs,
        "updatedConfig": event.updated_config,
        "movedTo": event.moved_to,
        "webhook": {"id": webhook_id, "version": 3},
    }
    return {key: part for key, part in parts.items() if part is not None}


def note(hub: Hub, db: sqlite3.Connection, event: Event) -> None:
    """Write a delivery for every webhook that the event concerns; the courier hears of it then."""
    told = [
        row["id"]
        for row in db.execute("SELECT * FROM webhooks WHERE NOT disabled").fetchall()
        if concerns(json.loads(row["watched"]), json.loads(row["domains"]), event)
        and may_hear(db, row["owner_id"], event)
    ]
    for webhook_id in told:
        enqueue(hub, db, webhook_id, payload(event, webhook_id))
    if told:
        hub.store.afterwards(courier_of(hub).ring)


def may_hear(db: sqlite3.Connection, owner_id: str, event: Event) -> bool:
    """Return whether the webhook's owner may know of what happens in the repo."""
    if not event.repo.get("private"):
        return True
    row = db.execute("SELECT * FROM accounts WHERE id = ?", (owner_id,)).fetchone()
    owner = User(row["id"], row["name"], row["fullname"], "webhook", "read")
    return auth.may_read(db, owner, event.repo_name.partition("/")[0], event.repo_name)


def enqueue(hub: Hub, db: sqlite3.Connection, webhook_id: str, body: Json) -> str:
    """Write a delivery, forget the oldest finished ones, and return its id."""
    delivery_id = auth.new_id()
    seq = db.execute(
        "INSERT INTO webhook_deliveries (id, webhook_id, payload, next_at, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (delivery_id, webhook_id, json.dumps(body), time.time(), hub.now()),
    ).lastrowid
    db.execute(
        "DELETE FROM webhook_deliveries WHERE webhook_id = ? AND state != 'pending' AND seq < ?",
        (webhook_id, (seq or 0) - DELIVERIES_KEPT),
    )
    return delivery_id


def start_job(hub: Hub, delivery: sqlite3.Row) -> str:
    """Run a webhook's job with the event in its environment; the job's id."""
    spec, event = json.loads(delivery["job"]), json.loads(delivery["payload"])
    spec["environment"] |= {
        "WEBHOOK_PAYLOAD": delivery["payload"],
        "WEBHOOK_REPO_ID": event["repo"]["name"],
        "WEBHOOK_REPO_TYPE": event["repo"]["type"],
        "WEBHOOK_ID": delivery["id"],
    }
    if delivery["secret"]:
        spec["secrets"] |= {"WEBHOOK_SECRET": delivery["secret"]}
    initiator = {"type": "webhook", "id": delivery["webhook_id"]}
    with hub.store.write() as db:
        return jobs.launch(hub, db, spec.pop("namespace"), spec, initiator)


# ── settings ─────────────────────────────────────────────────────────────────────────────────


def read_watched(body: Json) -> list[Json]:
    """Return the watched users, organisations and repos; HubError 400 for anything else."""
    watched = body.get("watched")
    if not isinstance(watched, list):
        raise HubError(400, "`watched` must be a list of {type, name}")
    for item in watched:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind not in WATCHABLE or not isinstance(item.get("name"), str):
            raise HubError(400, f"`watched` takes {{type, name}} with a type of {WATCHABLE}")
        if (kind in ("user", "org")) == ("/" in item["name"]):
            raise HubError(400, f"{item['name'][:100]!r} is not the name of a {kind}")
    return [{"type": item["type"], "name": item["name"]} for item in watched]


def read_domains(body: Json) -> list[str]:
    """Return the domains, `repo` and `discussion` unless told otherwise."""
    domains = body.get("domains")
    if domains is None:
        return ["repo", "discussion"]
    if not isinstance(domains, list) or not all(
        isinstance(name, str) and name in DOMAINS for name in domains
    ):
        raise HubError(400, '`domains` takes "repo" and "discussion"')
    return list(dict.fromkeys(DOMAINS[name] for name in domains))


def read_url(body: Json) -> str:
    """Return where to post to; HubError 400 unless it is an http address."""
    url = text_field(body, "url", most=2000)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HubError(400, "`url` must be an address beginning with http:// or https://")
    return url


def read_secret(body: Json) -> str | None:
    """Return the secret, which travels in a header and must be printable ASCII."""
    secret = text_field(body, "secret", "", most=1000)
    if not all(" " <= letter <= "~" for letter in secret):
        raise HubError(400, "`secret` must be printable ASCII")
    return secret or None


def read_job(db: sqlite3.Connection, user: User, body: Json) -> str | None:
    """Return the spec to run, copied from a job without its secrets; None for none."""
    source = body.get("jobSourceId")
    if source is None:
        return None
    row = db.execute(f"{jobs.SELECT} WHERE j.id = ?", (source,)).fetchone()
    if row is None or not auth.may_write(db, user, row["owner_name"], permission="job.write"):
        raise HubError(404, f"Job {str(source)[:50]} not found")
    spec = json.loads(row["spec"]) | {"namespace": row["owner_name"]}
    return json.dumps(spec | {"secrets": variables(body, "secrets"), "volumes": []})


def as_wire(row: sqlite3.Row) -> Json:
    """Return the webhook object."""
    shown: Json = {
        "id": row["id"],
        "watched": json.loads(row["watched"]),
        "domains": json.loads(row["domains"]),
        "disabled": bool(row["disabled"]),
        "createdAt": row["created_at"],
    }
    if row["secret"]:
        shown["secret"] = row["secret"]
    if row["url"]:
        return {**shown, "url": row["url"]}
    return {**shown, "job": public_spec(json.loads(row["job"]))}


def manager(request: Request) -> User:
    """Return who asks, if with this token they may manage their webhooks; HubError 401 or 403."""
    user = auth.require_writer(request)
    if user.role == "fineGrained" and (user.name, "user.webhooks.write") not in user.scoped:
        raise HubError(403, "This token lacks the permission user.webhooks.write")
    return user


def own(db: sqlite3.Connection, request: Request) -> sqlite3.Row:
    """Return the webhook that the path names, if it belongs to the one who asks."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM webhooks WHERE id = ? AND owner_id = ?",
        (path_param(request, "webhook"), manager(request).id),
    ).fetchone()
    if row is None:
        raise HubError(404, "Webhook not found")
    return row


def index(request: Request) -> Response:
    """List the user's webhooks."""
    user = manager(request)
    with hub_of(request).store.read() as db:
        query = "SELECT * FROM webhooks WHERE owner_id = ? ORDER BY seq"
        rows = db.execute(query, (user.id,)).fetchall()
    return JSONResponse([as_wire(row) for row in rows])


def show(request: Request) -> Response:
    """Tell one webhook."""
    with hub_of(request).store.read() as db:
        return JSONResponse({"webhook": as_wire(own(db, request))})


def create(request: Request, body: Json) -> Response:
    """Create a webhook that posts to a URL or runs a job."""
    user, hub = manager(request), hub_of(request)
    watched, domains, secret = read_watched(body), read_domains(body), read_secret(body)
    with hub.store.write() as db:
        job = read_job(db, user, body)
        url = None if job else read_url(body)
        row = db.execute(
            "INSERT INTO webhooks (id, owner_id, url, job, watched, domains, secret, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
            (auth.new_id(), user.id, url, job, json.dumps(watched), json.dumps(domains), secret,
             hub.now()),
        ).fetchone()  # fmt: skip
    return JSONResponse({"webhook": as_wire(row)})


def update(request: Request, body: Json) -> Response:
    """Change what the body names; an empty `watched` leaves the watched as they are."""
    user, hub = manager(request), hub_of(request)
    with hub.store.write() as db:
        row = own(db, request)
        url, job = row["url"], row["job"]
        if "jobSourceId" in body:
            url, job = None, read_job(db, user, body)
        elif "url" in body:
            url, job = read_url(body), None
        watched = json.dumps(read_watched(body)) if body.get("watched") else row["watched"]
        domains = json.dumps(read_domains(body)) if "domains" in body else row["domains"]
        secret = read_secret(body) if "secret" in body else row["secret"]
        row = db.execute(
            "UPDATE webhooks SET url = ?, job = ?, watched = ?, domains = ?, secret = ?"
            " WHERE id = ? RETURNING *",
            (url, job, watched, domains, secret, row["id"]),
        ).fetchone()
    return JSONResponse({"webhook": as_wire(row)})


def switch(request: Request) -> Response:
    """Enable or disable a webhook, as the path says."""
    hub, disabled = hub_of(request), request.url.path.endswith("/disable")
    with hub.store.write() as db:
        row = db.execute(
            "UPDATE webhooks SET disabled = ? WHERE id = ? RETURNING *",
            (int(disabled), own(db, request)["id"]),
        ).fetchone()
    courier_of(hub).ring()
    return JSONResponse({"webhook": as_wire(row)})


def delete(request: Request) -> Response:
    """Delete a webhook with its log."""
    with hub_of(request).store.write() as db:
        db.execute("DELETE FROM webhooks WHERE id = ?", (own(db, request)["id"],))
    return JSONResponse({"success": True})


def deliveries(request: Request) -> Response:
    """List a webhook's deliveries, newest first."""
    with hub_of(request).store.read() as db:
        rows = db.execute(
            "SELECT * FROM webhook_deliveries WHERE webhook_id = ? ORDER BY seq DESC LIMIT 100",
            (own(db, request)["id"],),
        ).fetchall()
    return JSONResponse([delivery.as_wire(row) for row in rows])


def replay(request: Request) -> Response:
    """Send a delivery of the log once more, as a new one."""
    hub = hub_of(request)
    with hub.store.read() as db:
        webhook_id = own(db, request)["id"]
    return JSONResponse({"id": again(hub, path_param(request, "delivery"), webhook_id)})


def again(hub: Hub, delivery_id: str, webhook_id: str | None = None) -> str:
    """Send a delivery (of this webhook) as a new one and return its id; HubError 404 for none."""
    with hub.store.write() as db:
        row = db.execute(
            "SELECT * FROM webhook_deliveries"
            " WHERE id = ? AND webhook_id = coalesce(?, webhook_id)",
            (delivery_id, webhook_id),
        ).fetchone()
        if row is None:
            raise HubError(404, "Delivery not found")
        hub.store.afterwards(courier_of(hub).ring)
        return enqueue(hub, db, row["webhook_id"], json.loads(row["payload"]))


WEBHOOK = "/api/settings/webhooks/{webhook}"
ROUTES = [
    Route("/api/settings/webhooks", index),
    Route("/api/settings/webhooks", takes_json(create), methods=["POST"]),
    Route(WEBHOOK, show),
    Route(WEBHOOK, takes_json(update), methods=["POST"]),
    Route(WEBHOOK, delete, methods=["DELETE"]),
    Route(f"{WEBHOOK}/enable", switch, methods=["POST"]),
    Route(f"{WEBHOOK}/disable", switch, methods=["POST"]),
    Route(f"{WEBHOOK}/deliveries", deliveries),
    Route(f"{WEBHOOK}/replay/{{delivery}}", replay, methods=["POST"]),
]
