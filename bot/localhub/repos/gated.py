"""Gated repos: everyone can see that they exist, only users with access can download files.

The only module that writes the table `access_requests`.
"""

from __future__ import annotations

import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import accounts, auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Json, Repo
from bot.localhub.core.wire import (
    HubError,
    choice_field,
    json_endpoint,
    paginate,
    path_param,
    text_field,
)
from bot.localhub.repos import repos
from bot.localhub.repos.repos import REPO

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
    """Raise HubError GatedRepo unless the user may download the repo's files."""
    if not repo.gated or auth.is_member(db, user, repo.namespace):
        return
    problem = (
        f"Access to {repo.type} {repo.name} is restricted and you are not in the authorized list."
    )
    if user is None:
        raise HubError(
            401,
            f"{problem} You must have access to it and be authenticated to access it. Please log"
            " in.",
            "GatedRepo",
        )
    status = _status(db, repo, user.id)
    if status != "accepted":
        hint = {
            "rejected": "Your request has been rejected by the repo's authors.",
            "pending": "Your request is awaiting a review.",
        }.get(status, f"Visit {repo.web_path()} to ask for access.")
        raise HubError(403, f"{problem} {hint}", "GatedRepo")


def _status(db: sqlite3.Connection, repo: Repo, user_id: str) -> str:
    """Return the status of a user's access request, `""` if there is none."""
    row = db.execute(
        "SELECT status FROM access_requests WHERE repo_id = ? AND user_id = ?", (repo.id, user_id)
    ).fetchone()
    return str(row["status"]) if row else ""


def _set_status(
    hub: Hub, db: sqlite3.Connection, repo: Repo, user_id: str, status: str, reason: str = ""
) -> None:
    db.execute(
        "INSERT INTO access_requests VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (repo_id, user_id)"
        " DO UPDATE SET status = excluded.status, reason = excluded.reason",
        (auth.new_id(), repo.id, user_id, status, reason, hub.now()),
    )


def check_download(request: Request) -> Response:
    """Confirm that the user may download the files."""
    with hub_of(request).store.read() as db:
        check(db, auth.current_user(request), repos.requested_repo(request, db))
    return JSONResponse({})


def check_write(request: Request) -> Response:
    """Confirm that the user may change the files."""
    with hub_of(request).store.read() as db:
        repos.writable_repo(request, db)
    return JSONResponse({})


def request_access(request: Request) -> Response:
    """Request access; it is granted at once if the gate is automatic."""
    hub, user = hub_of(request), auth.require_write_token(request)
    with hub.store.write() as db:
        repo = _check_gated(repos.requested_repo(request, db))
        status = _status(db, repo, user.id)
        if not status:
            status = "accepted" if repo.gated == "auto" else "pending"
            _set_status(hub, db, repo, user.id, status)
    return JSONResponse({"status": status})


def _check_gated(repo: Repo) -> Repo:
    if not repo.gated:
        raise HubError(400, f"{repo.name} is not gated")
    return repo


def list_requests(request: Request) -> Response:
    """List the access requests with a status, oldest first."""
    hub, status = hub_of(request), path_param(request, "status")
    if status not in STATUSES:
        raise HubError(404, f"The status of a request is one of {', '.join(STATUSES)}")
    with hub.store.read() as db:
        repo = _check_gated(repos.writable_repo(request, db)[0])
        rows = db.execute(
            "SELECT q.id AS request_id, q.status, q.date, a.id, a.name, a.fullname"
            " FROM access_requests q"
            " JOIN accounts a ON a.id = q.user_id WHERE q.repo_id = ? AND q.status = ?"
            " ORDER BY q.date, q.id",
            (repo.id, status),
        ).fetchall()
        items = [
            {
                "requestId": row["request_id"], "status": row["status"], "timestamp": row["date"],
                "user": {**accounts.user_json(db, row), "verifiedOrgNames": []},
            }
            for row in rows
        ]  # fmt: skip
    return paginate(request, items, hub.url, PAGE)


def handle_request(request: Request, body: Json) -> Response:
    """Accept or reject an access request, or make it pending again."""
    hub, status = hub_of(request), choice_field(body, "status", STATUSES)
    reason = text_field(body, "rejectionReason", "", 200)
    with hub.store.write() as db:
        repo = _check_gated(repos.writable_repo(request, db)[0])
        user_id = _user_id(db, text_field(body, "user"))
        current = _status(db, repo, user_id)
        if not current:
            raise HubError(404, "This access request cannot be found")
        if current == status:
            raise HubError(404, f"This access request is already {status}")
        _set_status(hub, db, repo, user_id, status, reason)
    return JSONResponse({})


def _user_id(db: sqlite3.Connection, name: str) -> str:
    row = auth.find_account(db, name)
    if row is None or row["type"] != "user":
        raise HubError(404, f"User {name[:100]} not found")
    return str(row["id"])


def grant(request: Request, body: Json) -> Response:
    """Grant access to a user who did not request it."""
    hub = hub_of(request)
    with hub.store.write() as db:
        repo = _check_gated(repos.writable_repo(request, db)[0])
        user_id = _user_id(db, text_field(body, "user"))
        if _status(db, repo, user_id) == "accepted":
            raise HubError(400, "This user already has access to the repo")
        _set_status(hub, db, repo, user_id, "accepted")
    return JSONResponse({})


REQUESTS = REPO + "/user-access-request"
ROUTES = [
    Route(REPO + "/auth-check", check_download),
    Route(REPO + "/auth-check/write", check_write),
    Route(REQUESTS + "/handle", json_endpoint(handle_request), methods=["POST"]),
    Route(REQUESTS + "/grant", json_endpoint(grant), methods=["POST"]),
    Route(REQUESTS + "/{status}", list_requests),
    Route("/{namespace}/{name}/ask-access", request_access, methods=["POST"]),
    Route("/{repo_type:repo_type}/{namespace}/{name}/ask-access", request_access, methods=["POST"]),
]
