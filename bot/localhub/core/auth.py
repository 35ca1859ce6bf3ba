"""Users, organizations, tokens, browser sessions, and permissions.

Token and session values are stored only as hashes, so that no route, log or file can reveal them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, type TEXT NOT NULL,
    fullname TEXT NOT NULL, private_by_default INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS members (
    org_id TEXT NOT NULL REFERENCES accounts(id), user_id TEXT NOT NULL REFERENCES accounts(id),
    role TEXT NOT NULL, PRIMARY KEY (org_id, user_id)
);
CREATE TABLE IF NOT EXISTS tokens (
    hash TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES accounts(id), name TEXT NOT NULL,
    role TEXT NOT NULL, scoped TEXT NOT NULL DEFAULT '[]', created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
    hash TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES accounts(id), created_at TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class User:
    """The user behind a request, with the reach of the token it carries.

    role: the token's: read, write or fineGrained. scoped: for fineGrained, pairs of an entity
    (`namespace` or `namespace/name`) and a permission (`repo.write`, `discussion.write` …).
    """

    id: str
    name: str
    fullname: str
    token_name: str
    role: str
    scoped: tuple[tuple[str, str], ...] = ()


def id_and_name(user: User) -> dict[str, str]:
    """Return how the API names the user who created something."""
    return {"id": user.id, "name": user.name}


def digest(secret: str) -> str:
    """Return what is stored in place of a token or session value."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_id() -> str:
    """Return a random id of 24 hex digits, like the Hub's."""
    return secrets.token_hex(12)


# ── authentication ───────────────────────────────────────────────────────────────────────────


def current_user(request: Request) -> User | None:
    """Return the user of the request's token or browser session, None for an anonymous request.

    Raises HubError 401 if the token is not valid.
    """
    if "auth" not in request.scope:
        request.scope["auth"] = _authenticate(request)
    user = request.scope["auth"]
    assert user is None or isinstance(user, User)
    return user


def session_cookie(hub: Hub) -> str:
    """Return the name of the session's cookie.

    Browsers send a cookie to every port of a host, so that another local Hub would replace it.
    """
    return f"local_hub_session_{urlsplit(hub.url).port}"


def session_value(request: Request) -> str:
    """Return the value of the session's cookie; empty without one."""
    return request.cookies.get(session_cookie(hub_of(request)), "")


def _authenticate(request: Request) -> User | None:
    header = request.headers.get("authorization", "")
    if header:
        scheme, _, value = header.partition(" ")
        user = None
        if scheme.lower() == "bearer":
            user = user_of_token(hub_of(request), value.strip())
        if user is None:
            body = {"error": "Invalid username or password."}
            raise HubError(401, "Invalid credentials in Authorization header", body=body)
        return user
    cookie = session_value(request)
    if not cookie or _is_cross_site(request):
        return None
    return user_of_session(hub_of(request), cookie)


def _is_cross_site(request: Request) -> bool:
    """Return whether a page of another site sent this; its cookie must not count then."""
    if request.method in ("GET", "HEAD"):
        return False
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    is_foreign = bool(origin) and origin.split("://")[-1] != request.headers.get("host", "")
    return is_foreign or site not in ("same-origin", "none")


def require_user(request: Request) -> User:
    """Return the user; raises HubError 401 for an anonymous request."""
    user = current_user(request)
    if user is None:
        raise HubError(401, "Invalid username or password.")
    return user


def require_write_token(request: Request) -> User:
    """Return the user; raises HubError 401 if anonymous, 403 if the token is read-only."""
    user = require_user(request)
    if user.role == "read":
        raise HubError(403, "This token is read-only: use a token with write access")
    return user


def user_of_token(hub: Hub, token: str) -> User | None:
    """Return the user to whom a token belongs."""
    with hub.store.read() as db:
        row = db.execute(
            "SELECT a.id, a.name, a.fullname, t.name AS token_name, t.role, t.scoped FROM tokens t"
            " JOIN accounts a ON a.id = t.user_id WHERE t.hash = ?",
            (digest(token),),
        ).fetchone()
    if row is None:
        return None
    scoped = tuple((entity, permission) for entity, permission in json.loads(row["scoped"]))
    return User(row["id"], row["name"], row["fullname"], row["token_name"], row["role"], scoped)


def user_of_session(hub: Hub, value: str) -> User | None:
    """Return the user to whom a browser session belongs."""
    with hub.store.read() as db:
        row = db.execute(
            "SELECT a.id, a.name, a.fullname FROM sessions s JOIN accounts a ON a.id = s.user_id"
            " WHERE s.hash = ?",
            (digest(value),),
        ).fetchone()
    return User(row["id"], row["name"], row["fullname"], "browser", "write") if row else None


def open_session(hub: Hub, db: sqlite3.Connection, user_id: str) -> str:
    """Start a browser session and return its cookie value (set HttpOnly and SameSite=Lax)."""
    value = secrets.token_urlsafe(32)
    db.execute("INSERT INTO sessions VALUES (?, ?, ?)", (digest(value), user_id, hub.now()))
    return value


def close_session(db: sqlite3.Connection, value: str) -> None:
    """End a browser session."""
    db.execute("DELETE FROM sessions WHERE hash = ?", (digest(value),))


# ── permissions ──────────────────────────────────────────────────────────────────────────────


def find_account(db: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    """Return the row of a user or organization; the case of the name does not matter."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM accounts WHERE name = ?", (name,)
    ).fetchone()
    return row


def is_member(db: sqlite3.Connection, user: User | None, namespace: str, *roles: str) -> bool:
    """Return whether a namespace is the user's own, or an organization they are in.

    roles: if given, the membership must have one of them.
    """
    if user is None:
        return False
    if user.name.lower() == namespace.lower():
        return True
    row = db.execute(
        "SELECT m.role FROM members m JOIN accounts o ON o.id = m.org_id"
        " WHERE o.name = ? AND m.user_id = ?",
        (namespace, user.id),
    ).fetchone()
    return row is not None and (not roles or row["role"] in roles)


def may_read(db: sqlite3.Connection, user: User | None, namespace: str, repo: str = "") -> bool:
    """Return whether the user may see what is private in a namespace (repo: its full name)."""
    if user is None or not is_member(db, user, namespace):
        return False
    return user.role != "fineGrained" or _is_in_scope(user, namespace, repo)


def may_write(
    db: sqlite3.Connection,
    user: User | None,
    namespace: str,
    repo: str = "",
    permission: str = "repo.write",
) -> bool:
    """Return whether the user may change things in a namespace with this token."""
    if user is None or not is_member(db, user, namespace, "admin", "write"):
        return False
    if user.role == "fineGrained":
        return _is_in_scope(user, namespace, repo, permission)
    return user.role == "write"


def may_infer(db: sqlite3.Connection, user: User, namespace: str) -> bool:
    """Return whether the user may send requests to private endpoints of a namespace."""
    if not is_member(db, user, namespace):
        return False
    permission = "inference.endpoints.infer.write"
    return user.role != "fineGrained" or _is_in_scope(user, namespace, "", permission)


def _is_in_scope(user: User, namespace: str, repo: str, permission: str = "") -> bool:
    targets = {namespace.lower(), repo.lower()}
    return any(
        entity.lower() in targets and permission in ("", granted) for entity, granted in user.scoped
    )
