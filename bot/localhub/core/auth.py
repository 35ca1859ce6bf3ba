"""Who asks, and what they may do: users, organisations, members, tokens, browser sessions.

Token and session values are stored only as hashes, so that no route, log or file can list them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, path_param

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

SESSION_COOKIE = "local_hub_session"


@dataclass(frozen=True)
class User:
    """Somebody who asks, with the reach of the token they came with.

    role: of the token: read, write or fineGrained.  scoped: for fineGrained, the pairs of an
    entity name (``ns`` or ``ns/name``) and a permission (``repo.write``, ``discussion.write`` …).
    """

    id: str
    name: str
    fullname: str
    token_name: str
    role: str
    scoped: tuple[tuple[str, str], ...] = ()


def digest(secret: str) -> str:
    """What is stored in place of a token or session value."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_id() -> str:
    """A fresh 24-hex id, as the Hub gives to everything."""
    return secrets.token_hex(12)


# ── who asks ─────────────────────────────────────────────────────────────────────────────────


def who(request: Request) -> User | None:
    """The user of the request's token or browser session, None for nobody.

    HubError 401 for a token that is not valid.
    """
    if "auth" not in request.scope:
        request.scope["auth"] = _who(request)
    user = request.scope["auth"]
    assert user is None or isinstance(user, User)
    return user


def _who(request: Request) -> User | None:
    header = request.headers.get("authorization", "")
    if header:
        scheme, _, value = header.partition(" ")
        user = of_token(hub_of(request), value.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            said = {"error": "Invalid username or password."}
            raise HubError(401, "Invalid credentials in Authorization header", body=said)
        return user
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if not cookie or _from_elsewhere(request):
        return None
    return of_session(hub_of(request), cookie)


def _from_elsewhere(request: Request) -> bool:
    """Whether another site's page sent this: then its cookie does not count."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    if request.method in ("GET", "HEAD"):
        return False
    foreign = bool(origin) and origin.split("://")[-1] != request.headers.get("host", "")
    return foreign or site not in ("same-origin", "none")


def require(request: Request) -> User:
    """The user who asks; HubError 401 for nobody."""
    user = who(request)
    if user is None:
        raise HubError(401, "Invalid username or password.")
    return user


def require_writer(request: Request) -> User:
    """The user who asks with more than a read token; HubError 401 or 403."""
    user = require(request)
    if user.role == "read":
        raise HubError(403, "This token is read-only: use a token with write access")
    return user


def of_token(hub: Hub, token: str) -> User | None:
    """The user whose token this is."""
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


def of_session(hub: Hub, value: str) -> User | None:
    """The user whose browser session this is."""
    with hub.store.read() as db:
        row = db.execute(
            "SELECT a.id, a.name, a.fullname FROM sessions s JOIN accounts a ON a.id = s.user_id"
            " WHERE s.hash = ?",
            (digest(value),),
        ).fetchone()
    return User(row["id"], row["name"], row["fullname"], "browser", "write") if row else None


def open_session(hub: Hub, db: sqlite3.Connection, user_id: str) -> str:
    """Begin a browser session; the value of its cookie (set it HttpOnly, SameSite=Strict)."""
    value = secrets.token_urlsafe(32)
    db.execute("INSERT INTO sessions VALUES (?, ?, ?)", (digest(value), user_id, hub.now()))
    return value


def close_session(db: sqlite3.Connection, value: str) -> None:
    """End a browser session."""
    db.execute("DELETE FROM sessions WHERE hash = ?", (digest(value),))


# ── what they may do ─────────────────────────────────────────────────────────────────────────


def account(db: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    """The row of a user or organisation, whatever the case of the name."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM accounts WHERE name = ?", (name,)
    ).fetchone()
    return row


def belongs(db: sqlite3.Connection, user: User | None, namespace: str, *roles: str) -> bool:
    """Whether the namespace is the user's own or an organisation of theirs (with such a role)."""
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
    """Whether the user may see what is private in a namespace (``repo``: ``ns/name``)."""
    if not belongs(db, user, namespace):
        return False
    return user is not None and (user.role != "fineGrained" or _in_scope(user, namespace, repo))


def may_write(
    db: sqlite3.Connection,
    user: User | None,
    namespace: str,
    repo: str = "",
    permission: str = "repo.write",
) -> bool:
    """Whether the user, with this token, may change things in a namespace."""
    if user is None or not belongs(db, user, namespace, "admin", "write"):
        return False
    if user.role == "fineGrained":
        return _in_scope(user, namespace, repo, permission)
    return user.role == "write"


def _in_scope(user: User, namespace: str, repo: str, permission: str = "") -> bool:
    places = {namespace.lower(), repo.lower()}
    return any(
        entity.lower() in places and permission in ("", held) for entity, held in user.scoped
    )


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def whoami(request: Request) -> Response:
    """The user, their organisations, and the name and role of the token."""
    user = require(request)
    with hub_of(request).store.read() as db:
        orgs = db.execute(
            "SELECT o.id, o.name, o.fullname, m.role FROM members m"
            " JOIN accounts o ON o.id = m.org_id WHERE m.user_id = ? ORDER BY o.name",
            (user.id,),
        ).fetchall()
    token: dict[str, Any] = {"displayName": user.token_name, "role": user.role}
    if user.role == "fineGrained":
        token["fineGrained"] = {
            "scoped": [{"entity": {"name": e}, "permissions": [p]} for e, p in user.scoped]
        }
    return JSONResponse(
        {
            "type": "user", "id": user.id, "name": user.name, "fullname": user.fullname,
            "email": f"{user.name}@localhost", "emailVerified": True, "isPro": False,
            "canPay": False, "periodEnd": None, "avatarUrl": f"/avatars/{user.name}.svg",
            "orgs": [_org(o) for o in orgs],
            "auth": {"type": "access_token", "accessToken": token},
        }
    )  # fmt: skip


def _org(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "type": "org", "id": row["id"], "name": row["name"], "fullname": row["fullname"],
        "roleInOrg": row["role"], "isEnterprise": False, "canPay": False, "periodEnd": None,
        "avatarUrl": f"/avatars/{row['name']}.svg",
    }  # fmt: skip


def overview(request: Request) -> Response:
    """The public side of a user or organisation."""
    name = path_param(request, "account")
    kind = "org" if "/organizations/" in request.url.path else "user"
    with hub_of(request).store.read() as db:
        row = account(db, name)
        if row is None or row["type"] != kind:
            raise HubError(404, f"{'Organization' if kind == 'org' else 'User'} {name} not found")
        members = db.execute(
            "SELECT a.name, a.fullname, a.type FROM members m JOIN accounts a ON a.id = m.user_id"
            " WHERE m.org_id = ? ORDER BY a.name",
            (row["id"],),
        ).fetchall()
    shown = {
        "user" if kind == "user" else "name": row["name"], "fullname": row["fullname"],
        "avatarUrl": f"/avatars/{row['name']}.svg", "type": kind, "_id": row["id"],
        "numUsers": len(members), "createdAt": row["created_at"],
    }  # fmt: skip
    return JSONResponse(shown)


def org_members(request: Request) -> Response:
    """The members of an organisation."""
    name = path_param(request, "account")
    with hub_of(request).store.read() as db:
        rows = db.execute(
            "SELECT a.name, a.fullname FROM members m JOIN accounts a ON a.id = m.user_id"
            " JOIN accounts o ON o.id = m.org_id WHERE o.name = ? ORDER BY a.name",
            (name,),
        ).fetchall()
    return JSONResponse(
        [
            {"user": r["name"], "fullname": r["fullname"], "type": "user",
             "avatarUrl": f"/avatars/{r['name']}.svg"}
            for r in rows
        ]
    )  # fmt: skip


ROUTES = [
    Route("/api/whoami-v2", whoami),
    Route("/api/users/{account}/overview", overview),
    Route("/api/organizations/{account}/overview", overview),
    Route("/api/organizations/{account}/members", org_members),
]
