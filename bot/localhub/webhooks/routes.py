"""Webhooks under `/api/settings/webhooks`, and which events they receive.

The payload is version 3 of the Hub's (https://huggingface.co/docs/hub/webhooks).
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import jobs
from bot.localhub.compute.hub import ComputeHub
from bot.localhub.compute.job_spec import read_spec, read_variables, webhook_spec
from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Event, Json
from bot.localhub.core.wire import HubError, json_endpoint, path_param, split_url, text_field
from bot.localhub.webhooks.delivery import DeliveryWorker

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
WATCHABLE = ("user", "org", "model", "dataset", "space", "bucket", "kernel", "container")
DOMAINS = ("repo", "discussion")
DELIVERIES_KEPT = 1000


@asynccontextmanager
async def lifespan(hub: ComputeHub) -> AsyncIterator[None]:
    """Deliver events, beginning with what is still pending; on exit, the rest stays pending."""

    def start_job(row: sqlite3.Row) -> str:
        return _start_job(hub, row)

    def on_event(db: sqlite3.Connection, event: Event) -> None:
        _enqueue_deliveries(hub, db, event)

    worker = DeliveryWorker(hub, start_job)
    hub.wake_deliveries = worker.wake
    hub.listeners.append(on_event)
    yield
    hub.listeners.remove(on_event)
    await worker.close()


# ── from an event to deliveries ──────────────────────────────────────────────────────────────


def matches(watched: list[Json], domains: list[str], event: Event) -> bool:
    """Return whether a webhook with these settings subscribes to an event."""
    if event.scope.partition(".")[0] not in domains:
        return False
    name = event.repo_name.lower()
    namespace = name.partition("/")[0]
    for item in watched:
        watches_namespace = item["type"] in ("user", "org")
        target = namespace if watches_namespace else name
        if (watches_namespace or item["type"] == event.repo_type) and item[
            "name"
        ].lower() == target:
            return True
    return False


def webhook_payload(event: Event, webhook_id: str) -> Json:
    """Return the payload to post, version 3."""
    repo = dict(event.repo)
    if not event.scope.startswith("repo"):
        repo.pop("headSha", None)
    parts: Json = {
        "event": {"action": event.action, "scope": event.scope},
        "repo": repo,
        "discussion": event.discussion,
        "comment": event.comment,
        "updatedRefs": event.updated_refs,
        "updatedConfig": event.updated_config,
        "webhook": {"id": webhook_id, "version": 3},
    }
    return {key: part for key, part in parts.items() if part is not None}


def _enqueue_deliveries(hub: Hub, db: sqlite3.Connection, event: Event) -> None:
    """Insert a delivery for every webhook that subscribes to the event and may see it."""
    webhook_ids = [
        row["id"]
        for row in db.execute("SELECT * FROM webhooks WHERE NOT disabled").fetchall()
        if matches(json.loads(row["watched"]), json.loads(row["domains"]), event)
        and _owner_may_see(db, row["owner_id"], event)
    ]
    for webhook_id in webhook_ids:
        _enqueue(hub, db, webhook_id, webhook_payload(event, webhook_id))
    if webhook_ids:
        hub.store.after_commit(hub.wake_deliveries)


def _owner_may_see(db: sqlite3.Connection, owner_id: str, event: Event) -> bool:
    if not event.repo.get("private"):
        return True
    row = db.execute("SELECT * FROM accounts WHERE id = ?", (owner_id,)).fetchone()
    owner = User(row["id"], row["name"], row["fullname"], "webhook", "read")
    return auth.may_read(db, owner, event.repo_name.partition("/")[0], event.repo_name)


def _enqueue(hub: Hub, db: sqlite3.Connection, webhook_id: str, payload: Json) -> None:
    """Insert a delivery, and delete the oldest finished ones."""
    seq = db.execute(
        "INSERT INTO webhook_deliveries (id, webhook_id, payload, next_at, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (auth.new_id(), webhook_id, json.dumps(payload), time.time(), hub.now()),
    ).lastrowid
    db.execute(
        "DELETE FROM webhook_deliveries WHERE webhook_id = ? AND state != 'pending' AND seq < ?",
        (webhook_id, (seq or 0) - DELIVERIES_KEPT),
    )


def _start_job(hub: ComputeHub, delivery: sqlite3.Row) -> str:
    """Run a webhook's job with the event in its environment, and return the job's id."""
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


def _read_watched(body: Json) -> list[Json]:
    """Return the watched users, organizations and repos."""
    watched = body.get("watched")
    if not isinstance(watched, list) or not watched:
        raise HubError(400, "`watched` must be a list of {type, name} that is not empty")
    for item in watched:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind not in WATCHABLE or not isinstance(item.get("name"), str):
            raise HubError(
                400,
                "Each item of `watched` must be {type, name} with a type of"
                f" {', '.join(WATCHABLE)}",
            )
        if (kind in ("user", "org")) == ("/" in item["name"]):
            raise HubError(400, f"{item['name'][:100]!r} cannot be the name of a {kind}")
    return [{"type": item["type"], "name": item["name"]} for item in watched]


def _read_domains(body: Json) -> list[str]:
    """Return the domains."""
    domains = body.get("domains")
    if not isinstance(domains, list) or not all(
        isinstance(name, str) and name in DOMAINS for name in domains
    ):
        raise HubError(400, "`domains` must be a list of repo and discussion")
    return list(dict.fromkeys(domains))


def _read_url(body: Json) -> str:
    """Return the URL to post to."""
    url = text_field(body, "url", max_length=2000)
    parts = split_url(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HubError(400, "`url` must begin with http:// or https://")
    return url


def _read_secret(body: Json) -> str | None:
    """Return the secret, which is sent in a header and so must be printable ASCII."""
    secret = text_field(body, "secret", "")
    if not all(" " <= letter <= "~" for letter in secret):
        raise HubError(400, "`secret` must be printable ASCII")
    return secret or None


def _read_job(db: sqlite3.Connection, user: User, body: Json, old: Json | None) -> Json | None:
    """Return the spec to run: written out, copied from a job without its secrets, or the old one.

    Of the secrets in an update, each replaces one; an empty one removes it, and what is not listed
    keeps its value.
    """
    if body.get("jobSourceId") is not None:
        job = _copied_job(db, user, text_field(body, "jobSourceId"))
        job["secrets"] = (old or {}).get("secrets", {}) | read_variables(body, "secrets")
    elif isinstance(body.get("job"), dict):
        job = read_spec(body["job"]) | {"createdBy": auth.id_and_name(user), "namespace": user.name}
        job["secrets"] = (old or {}).get("secrets", {}) | job["secrets"]
    elif "url" in body or old is None:
        return None
    else:
        job = old | {"secrets": old["secrets"] | read_variables(body, "secrets")}
    return job | {"secrets": {key: value for key, value in job["secrets"].items() if value}}


def _copied_job(db: sqlite3.Connection, user: User, job_id: str) -> Json:
    """Return the spec of an existing job; raises HubError 404 if the user may not run it."""
    row = db.execute(f"{jobs.SELECT} WHERE j.id = ?", (job_id,)).fetchone()
    if row is None or not auth.may_write(db, user, row["owner_name"], permission="job.write"):
        raise HubError(404, f"Job {job_id[:50]} not found")
    spec: Json = json.loads(row["spec"])
    return spec | {"namespace": row["owner_name"], "jobSourceId": job_id}


def webhook_json(db: sqlite3.Connection, row: sqlite3.Row) -> Json:
    """Return the webhook object; its secret is never shown."""
    result: Json = {
        "id": row["id"],
        "watched": json.loads(row["watched"]),
        "domains": json.loads(row["domains"]),
        "disabled": bool(row["disabled"]),
        "hasSecret": bool(row["secret"]),
    }
    last = db.execute(
        "SELECT max(created_at) AS at FROM webhook_deliveries WHERE webhook_id = ?", (row["id"],)
    ).fetchone()
    if last["at"]:
        result["lastTriggerAt"] = last["at"]
    if row["url"]:
        return {**result, "url": row["url"]}
    job = json.loads(row["job"])
    if "jobSourceId" in job:
        result["jobSourceId"] = job["jobSourceId"]
    return {**result, "job": webhook_spec(job)}


def _require_manager(request: Request) -> User:
    """Return the user; raises HubError 401 or 403 if the token may not manage webhooks."""
    user = auth.require_write_token(request)
    if user.role == "fineGrained" and (user.name, "user.webhooks.write") not in user.scoped:
        raise HubError(403, "This token lacks the permission user.webhooks.write")
    return user


def _require_reader(request: Request) -> User:
    """Return the user; raises HubError 401 or 403 if the token may not see webhooks."""
    user = auth.require_user(request)
    allowed = {(user.name, f"user.webhooks.{right}") for right in ("read", "write")}
    if user.role == "fineGrained" and not allowed & set(user.scoped):
        raise HubError(403, "This token lacks the permission user.webhooks.read")
    return user


def _own_webhook(db: sqlite3.Connection, request: Request) -> sqlite3.Row:
    """Return the webhook in the path; raises HubError 404 unless it belongs to the user."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM webhooks WHERE id = ? AND owner_id = ?",
        (path_param(request, "webhook"), _require_manager(request).id),
    ).fetchone()
    if row is None:
        raise HubError(404, "Webhook not found")
    return row


def index(request: Request) -> Response:
    """List the user's webhooks."""
    user = _require_reader(request)
    with hub_of(request).store.read() as db:
        query = "SELECT * FROM webhooks WHERE owner_id = ? ORDER BY seq"
        rows = db.execute(query, (user.id,)).fetchall()
        return JSONResponse([webhook_json(db, row) for row in rows])


def show(request: Request) -> Response:
    """Show one webhook."""
    with hub_of(request).store.read() as db:
        return JSONResponse({"webhook": webhook_json(db, _own_webhook(db, request))})


def create(request: Request, body: Json) -> Response:
    """Create a webhook that posts to a URL or runs a job."""
    user, hub = _require_manager(request), hub_of(request)
    watched, domains, secret = _read_watched(body), _read_domains(body), _read_secret(body)
    with hub.store.write() as db:
        job = _read_job(db, user, body, None)
        url = None if job else _read_url(body)
        row = db.execute(
            "INSERT INTO webhooks (id, owner_id, url, job, watched, domains, secret, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
            (auth.new_id(), user.id, url, job and json.dumps(job), json.dumps(watched),
             json.dumps(domains), secret, hub.now()),
        ).fetchone()  # fmt: skip
        return JSONResponse({"webhook": webhook_json(db, row)})


def update(request: Request, body: Json) -> Response:
    """Change a webhook; what is left out keeps its value, but for `watched` and `domains`."""
    user, hub = _require_manager(request), hub_of(request)
    watched, domains = _read_watched(body), _read_domains(body)
    with hub.store.write() as db:
        row = _own_webhook(db, request)
        job = _read_job(db, user, body, json.loads(row["job"]) if row["job"] else None)
        url = None if job else _read_url(body) if "url" in body else row["url"]
        secret = _read_secret(body) if "secret" in body else row["secret"]
        row = db.execute(
            "UPDATE webhooks SET url = ?, job = ?, watched = ?, domains = ?, secret = ?"
            " WHERE id = ? RETURNING *",
            (url, job and json.dumps(job), json.dumps(watched), json.dumps(domains), secret,
             row["id"]),
        ).fetchone()  # fmt: skip
        return JSONResponse({"webhook": webhook_json(db, row)})


def enable(request: Request) -> Response:
    """Enable a webhook and deliver what is pending."""
    return _set_disabled(request, False)


def disable(request: Request) -> Response:
    """Disable a webhook."""
    return _set_disabled(request, True)


def _set_disabled(request: Request, disabled: bool) -> Response:
    hub = hub_of(request)
    with hub.store.write() as db:
        row = db.execute(
            "UPDATE webhooks SET disabled = ? WHERE id = ? RETURNING *",
            (int(disabled), _own_webhook(db, request)["id"]),
        ).fetchone()
        shown = webhook_json(db, row)
    hub.wake_deliveries()
    return JSONResponse({"webhook": shown})


def delete(request: Request) -> Response:
    """Delete a webhook and its deliveries."""
    with hub_of(request).store.write() as db:
        db.execute("DELETE FROM webhooks WHERE id = ?", (_own_webhook(db, request)["id"],))
    return JSONResponse({})


WEBHOOK = "/api/settings/webhooks/{webhook}"
ROUTES = [
    Route("/api/settings/webhooks", index),
    Route("/api/settings/webhooks", json_endpoint(create), methods=["POST"]),
    Route(WEBHOOK, show),
    Route(WEBHOOK, json_endpoint(update), methods=["POST"]),
    Route(WEBHOOK, delete, methods=["DELETE"]),
    Route(f"{WEBHOOK}/enable", enable, methods=["POST"]),
    Route(f"{WEBHOOK}/disable", disable, methods=["POST"]),
]
