"""Gated repos: everybody sees that they are there, only those let in get the files.

The only writer of the table ``access_requests``.
"""

from __future__ import annotations

import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, page, path_param, takes_json, text_field
from bot.localhub.repos import repos
from bot.localhub.repos.repos import REPO, Repo

SCHEMA = """
CREATE TABLE IF NOT EXISTS access_requests (
    id TEXT PRIMARY KEY, repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES accounts(id), status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '', date TEXT NOT NULL, UNIQUE (repo_id, user_id)
);
"""

STATUSES = ("pending", "accepted", "rejected")
PAGE = 100


def check(db: sqlite3.Connection, user: User | None, repo: Repo) -> None:
    """HubError GatedRepo unless the user may have the files of the repo."""
    if not repo.gated or auth.belongs(db, user, repo.namespace):
        return
    what = f"Access to {repo.type} {repo.name} is restricted"
    if user is None:
        raise HubError(
            401,
            f"{what} and you are not in the authorized list. You must have access to it and be"
            " authenticated to access it. Please log in.",
            "GatedRepo",
        )
    row = _request(db, repo, user.id)
    if row is None or row["status"] != "accepted":
        why = "has been rejected by the repo's authors" if _is(row, "rejected") else ""
        why = why or ("is awaiting a review" if _is(row, "pending") else "")
        more = f"Your request {why}." if why else f"Visit {repo.web_path()} to ask for access."
        raise HubError(403, f"{what} and you are not in the authorized list. {more}", "GatedRepo")


def _is(row: sqlite3.Row | None, status: str) -> bool:
    return row is not None and row["status"] == status


def _request(db: sqlite3.Connection, repo: Repo, user_id: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM access_requests WHERE repo_id = ? AND user_id = ?", (repo.id, user_id)
    ).fetchone()
    return row


def _set(
    hub: Hub, db: sqlite3.Connection, repo: Repo, user_id: str, status: str, reason: str = ""
) -> None:
    db.execute(
        "INSERT INTO access_requests VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (repo_id, user_id)"
        " DO UPDATE SET status = excluded.status, reason = excluded.reason",
        (auth.new_id(), repo.id, user_id, status, reason, hub.now()),
    )


def auth_check(request: Request) -> Response:
    """Whether the user may have the files, or change them."""
    with hub_of(request).store.read() as db:
        if request.url.path.endswith("/write"):
            repos.asked_to_write(request, db)
        else:
            check(db, auth.who(request), repos.asked(request, db))
    return JSONResponse({})


def ask(request: Request) -> Response:
    """Ask for access: granted at once where the gate is automatic."""
    hub, user = hub_of(request), auth.require_writer(request)
    with hub.store.write() as db:
        repo = _gated(repos.asked(request, db))
        if _request(db, repo, user.id) is None:
            _set(hub, db, repo, user.id, "accepted" if repo.gated == "auto" else "pending")
        row = _request(db, repo, user.id)
    assert row is not None
    return JSONResponse({"status": row["status"]})


def _gated(repo: Repo) -> Repo:
    if not repo.gated:
        raise HubError(400, f"{repo.name} is not gated")
    return repo


def list_requests(request: Request) -> Response:
    """The requests with a status, oldest first."""
    hub, status = hub_of(request), path_param(request, "status")
    if status not in STATUSES:
        raise HubError(404, f"Requests are {', '.join(STATUSES)}")
    with hub.store.read() as db:
        repo = _gated(repos.asked_to_write(request, db)[0])
        rows = db.execute(
            "SELECT q.*, a.name, a.fullname FROM access_requests q"
            " JOIN accounts a ON a.id = q.user_id WHERE q.repo_id = ? AND q.status = ?"
            " ORDER BY q.date, q.id",
            (repo.id, status),
        ).fetchall()
    items = [
        {
            "requestId": r["id"], "status": r["status"], "timestamp": r["date"],
            "user": {"_id": r["user_id"], "user": r["name"], "fullname": r["fullname"]},
        }
        for r in rows
    ]  # fmt: skip
    return page(request, items, hub.url, PAGE)


def handle(request: Request, body: Json) -> Response:
    """Accept, reject or put back a request."""
    hub, status = hub_of(request), text_field(body, "status")
    if status not in STATUSES:
        raise HubError(400, f'"status" must be one of {", ".join(STATUSES)}')
    reason = text_field(body, "rejectionReason", "", 200)
    with hub.store.write() as db:
        repo = _gated(repos.asked_to_write(request, db)[0])
        row = _meant(db, repo, body)
        if row["status"] == status:
            raise HubError(404, f"This access request is already {status}")
        _set(hub, db, repo, row["user_id"], status, reason)
    return JSONResponse({})


def _meant(db: sqlite3.Connection, repo: Repo, body: Json) -> sqlite3.Row:
    """The request that a body names by ``user`` or ``requestId``."""
    if body.get("user") is not None:
        row = _request(db, repo, _user_id(db, text_field(body, "user")))
    else:
        row = db.execute(
            "SELECT * FROM access_requests WHERE repo_id = ? AND id = ?",
            (repo.id, text_field(body, "requestId")),
        ).fetchone()
    if row is None:
        raise HubError(404, "This access request cannot be found")
    return row


def _user_id(db: sqlite3.Connection, name: str) -> str:
    row = auth.account(db, name)
    if row is None or row["type"] != "user":
        raise HubError(404, f"User {name[:100]} not found")
    return str(row["id"])


def grant(request: Request, body: Json) -> Response:
    """Let somebody in who did not ask."""
    hub = hub_of(request)
    with hub.store.write() as db:
        repo = _gated(repos.asked_to_write(request, db)[0])
        user_id = _user_id(db, text_field(body, "user"))
        if _is(_request(db, repo, user_id), "accepted"):
            raise HubError(400, "This user already has access to the repo")
        _set(hub, db, repo, user_id, "accepted")
    return JSONResponse({})


REQUESTS = REPO + "/user-access-request"
ROUTES = [
    Route(REPO + "/auth-check", auth_check),
    Route(REPO + "/auth-check/write", auth_check),
    Route(REQUESTS + "/handle", takes_json(handle), methods=["POST"]),
    Route(REQUESTS + "/grant", takes_json(grant), methods=["POST"]),
    Route(REQUESTS + "/{status}", list_requests),
    Route("/{namespace}/{name}/ask-access", ask, methods=["POST"]),
    Route("/{kind:kind}/{namespace}/{name}/ask-access", ask, methods=["POST"]),
]
