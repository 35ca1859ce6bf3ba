"""Accounts as the API shows them, and what the real Hub knows of their plan and payment."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.hub import hub_of
from bot.localhub.core.records import Json
from bot.localhub.core.wire import path_param

SCHEMA = """
CREATE TABLE IF NOT EXISTS account_states (
    account_id TEXT PRIMARY KEY REFERENCES accounts(id), plan TEXT NOT NULL DEFAULT '',
    can_pay INTEGER NOT NULL DEFAULT 0, spend_limit_reached INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0
);
"""
# The plan of a user is "" or pro, that of an organization "" or one of the others.
PLANS = {"user": ("", "pro"), "org": ("", "team", "enterprise", "plus", "academia")}


@dataclass(frozen=True)
class AccountState:
    """What an account may do beyond the rights of its members.

    deleted: its discussions and comments remain, without an author.
    """

    plan: str = ""
    can_pay: bool = False
    spend_limit_reached: bool = False
    deleted: bool = False


def state_of(db: sqlite3.Connection, account_id: str) -> AccountState:
    """Return the state of an account, by default that of a free one."""
    row = db.execute(
        "SELECT plan, can_pay, spend_limit_reached, deleted FROM account_states"
        " WHERE account_id = ?",
        (account_id,),
    ).fetchone()
    if row is None:
        return AccountState()
    return AccountState(row["plan"], *(bool(row[key]) for key in tuple(row.keys())[1:]))


def best_plan(db: sqlite3.Connection, user_id: str) -> str:
    """Return the plan that counts for a user: an organization's before their own, or ""."""
    rows = db.execute(
        "SELECT s.plan FROM account_states s LEFT JOIN members m ON m.org_id = s.account_id"
        " WHERE s.account_id = ? OR m.user_id = ?",
        (user_id, user_id),
    ).fetchall()
    order = ("", *PLANS["user"], *PLANS["org"])
    return max((row["plan"] for row in rows), key=order.index, default="")


def set_state(db: sqlite3.Connection, account_id: str, state: AccountState) -> None:
    """Store the state of an account."""
    db.execute(
        "INSERT OR REPLACE INTO account_states VALUES (?, ?, ?, ?, ?)",
        (account_id, state.plan, state.can_pay, state.spend_limit_reached, state.deleted),
    )


def avatar_url(name: str) -> str:
    """Return the path of an account's picture."""
    return f"/avatars/{name}.svg"


def owner_json(account_id: str, name: str, kind: str) -> Json:
    """Return an account as the owner of a job."""
    return {"id": account_id, "name": name, "type": kind, "avatarUrl": avatar_url(name)}


def account_json(db: sqlite3.Connection, account_id: str) -> Json | None:
    """Return an account as an author or owner, None if it was deleted."""
    row = db.execute("SELECT * FROM accounts WHERE id = ?", (account_id,)).fetchone()
    state = state_of(db, account_id)
    if row is None or state.deleted:
        return None
    account: Json = {
        "_id": row["id"], "name": row["name"], "fullname": row["fullname"], "type": row["type"],
        "avatarUrl": avatar_url(row["name"]), "isHf": False, "isHfAdmin": False, "isMod": False,
    }  # fmt: skip
    if row["type"] == "user":
        account["isPro"] = state.plan == "pro"
    elif state.plan:
        account["plan"] = state.plan
    return account


def author_field(db: sqlite3.Connection, account_id: str) -> Json:
    """Return `{"author": …}`, or `{}` for a deleted account: the field is absent, never null."""
    account = account_json(db, account_id)
    return {} if account is None else {"author": account}


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def whoami(request: Request) -> Response:
    """Show the user, their organizations, and the name and role of the token."""
    user = auth.require_user(request)
    with hub_of(request).store.read() as db:
        orgs = db.execute(
            "SELECT o.id, o.name, o.fullname, m.role FROM members m"
            " JOIN accounts o ON o.id = m.org_id WHERE m.user_id = ? ORDER BY o.name",
            (user.id,),
        ).fetchall()
        created = db.execute("SELECT created_at FROM accounts WHERE id = ?", (user.id,)).fetchone()
        state = state_of(db, user.id)
        token: Json = {
            "displayName": user.token_name, "role": user.role, "createdAt": created["created_at"],
        }  # fmt: skip
        if user.role == "fineGrained":
            token["fineGrained"] = _fine_grained(db, user)
        return JSONResponse(
            {
                "type": "user", "id": user.id, "name": user.name, "fullname": user.fullname,
                "email": f"{user.name}@localhost", "emailVerified": True,
                "isPro": state.plan == "pro", "canPay": state.can_pay, "billingMode": "prepaid",
                "periodEnd": None, "avatarUrl": avatar_url(user.name),
                "orgs": [_org_json(org, state_of(db, org["id"])) for org in orgs],
                "auth": {"type": "access_token", "accessToken": token},
            }
        )  # fmt: skip


def _fine_grained(db: sqlite3.Connection, user: auth.User) -> Json:
    """Return the scopes of a token; permissions without an entity hold for everything."""
    scoped: dict[str, list[str]] = {}
    for entity, permission in user.scoped:
        scoped.setdefault(entity, []).append(permission)
    everywhere = scoped.pop("", [])
    shown = [
        {"entity": _entity_json(db, name), "permissions": permissions}
        for name, permissions in scoped.items()
    ]
    return {"scoped": shown, "global": everywhere, "canReadGatedRepos": False}


def _entity_json(db: sqlite3.Connection, name: str) -> Json:
    """Return the account or repo that a scope names."""
    row = db.execute("SELECT id, type FROM accounts WHERE name = ?", (name,)).fetchone()
    row = row or db.execute("SELECT id, type FROM repos WHERE name = ?", (name,)).fetchone()
    found: tuple[str, Any] = (row["id"], row["type"]) if row else ("0" * 24, "model")
    return {"_id": found[0], "type": found[1], "name": name}


def _org_json(row: sqlite3.Row, state: AccountState) -> Json:
    return {
        "type": "org", "id": row["id"], "name": row["name"], "fullname": row["fullname"],
        "roleInOrg": row["role"], "canPay": state.can_pay, "billingMode": "prepaid",
        "spendLimitReached": state.spend_limit_reached, "periodEnd": None,
        "avatarUrl": avatar_url(row["name"]), **({"plan": state.plan} if state.plan else {}),
    }  # fmt: skip


def list_members(request: Request) -> Response:
    """List the members of an organization."""
    with hub_of(request).store.read() as db:
        rows = db.execute(
            "SELECT a.id, a.name, a.fullname, m.role FROM members m"
            " JOIN accounts a ON a.id = m.user_id"
            " JOIN accounts o ON o.id = m.org_id WHERE o.name = ? ORDER BY a.name",
            (path_param(request, "account"),),
        ).fetchall()
        return JSONResponse([{**user_json(db, row), "role": row["role"]} for row in rows])


def user_json(db: sqlite3.Connection, row: sqlite3.Row) -> Json:
    """Return a user as lists of people show them (row: id, name and fullname)."""
    return {
        "_id": row["id"], "user": row["name"], "fullname": row["fullname"], "type": "user",
        "avatarUrl": avatar_url(row["name"]), "isPro": state_of(db, row["id"]).plan == "pro",
    }  # fmt: skip


ROUTES = [
    Route("/api/whoami-v2", whoami),
    Route("/api/organizations/{account}/members", list_members),
]
