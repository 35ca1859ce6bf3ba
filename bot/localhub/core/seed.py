"""The seed file: the accounts that exist when the Hub starts."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import yaml

from bot.localhub.core import accounts
from bot.localhub.core.auth import digest, find_account, new_id
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Json

ROLES = ("read", "write", "fineGrained")
MEMBER_ROLES = ("admin", "write", "contributor", "read")
NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
RESERVED_NAMES = frozenset(
    "api avatars buckets collections control datasets endpoints endpoints-api inference jobs lfs"
    " login logout models oauth search settings spaces static uploads".split()
)
ALLOWED_KEYS = {
    "users": {"name", "fullname", "token", "role", "scoped", "plan", "can_pay"},
    "orgs": {"name", "fullname", "members", "private_by_default", "plan", "can_pay"},
}


class SeedError(Exception):
    """The seed file is not valid; the message is one sentence."""


def read_seed(path: Path) -> dict[str, list[Json]]:
    """Return the users and organizations of a seed file; raises SeedError if it is not valid."""
    try:
        seed = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SeedError(f"Cannot read the seed file {path}: {error}") from error
    if not isinstance(seed, dict) or set(seed) - set(ALLOWED_KEYS):
        raise SeedError(f"The seed file {path} must have the keys users and orgs, and no others")
    sections = {kind: seed.get(kind) or [] for kind in ALLOWED_KEYS}
    for kind, entries in sections.items():
        if not isinstance(entries, list):
            raise SeedError(f"{kind} in the seed file {path} must be a list")
        for entry in entries:
            _check_entry(kind, entry)
    return sections


def _check_entry(kind: str, entry: Any) -> None:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise SeedError(
            f"Each of the {kind} in the seed file needs a name of letters, digits, -, _ and ."
        )
    if name.lower() in RESERVED_NAMES:
        raise SeedError(f"{name} in the seed file is the name of a page: choose another name")
    if unknown := set(entry) - ALLOWED_KEYS[kind]:
        raise SeedError(f"{name} in the seed file has unknown keys: {', '.join(sorted(unknown))}")
    if entry.get("role", "write") not in ROLES:
        raise SeedError(f"The role of {name} in the seed file must be one of {', '.join(ROLES)}")
    for key in ("private_by_default", "can_pay"):
        if not isinstance(entry.get(key, False), bool):
            raise SeedError(f"{key} of {name} in the seed file must be true or false")
    plans = accounts.PLANS[kind.removesuffix("s")]
    if entry.get("plan", "") not in plans:
        raise SeedError(
            f"The plan of {name} in the seed file must be one of {', '.join(filter(None, plans))}"
        )
    _check_scopes(name, entry.get("scoped") or [])
    _check_members(name, entry.get("members") or [])


def _check_scopes(name: str, scopes: Any) -> None:
    if not isinstance(scopes, list) or not all(
        isinstance(scope, dict)
        and isinstance(scope.get("entity"), str)
        and isinstance(scope.get("permissions"), list)
        for scope in scopes
    ):
        raise SeedError(
            f"scoped of {name} in the seed file must be a list of {{entity, permissions}}"
        )


def _check_members(name: str, members: Any) -> None:
    if not isinstance(members, list) or not all(
        isinstance(member, str)
        or isinstance(member, dict)
        and isinstance(member.get("name"), str)
        and member.get("role") in MEMBER_ROLES
        for member in members
    ):
        raise SeedError(
            f"Each of the members of {name} in the seed file must be a name, or {{name, role}} with"
            f" a role of {', '.join(MEMBER_ROLES)}"
        )


def apply_seed(hub: Hub, db: sqlite3.Connection, seed: dict[str, list[Json]]) -> None:
    """Create the seed's accounts and tokens; accounts that exist already stay as they are."""
    for entry in seed["users"]:
        user_id = _ensure_account(hub, db, entry, "user")
        _ensure_state(db, user_id, entry)
        if entry.get("token"):
            scopes = [
                (scope["entity"], str(permission))
                for scope in entry.get("scoped") or []
                for permission in scope["permissions"]
            ]
            db.execute(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, 'seed', ?, ?, ?)",
                (digest(str(entry["token"])), user_id, entry.get("role", "write"),
                 json.dumps(scopes), hub.now()),
            )  # fmt: skip
    for entry in seed["orgs"]:
        org_id = _ensure_account(hub, db, entry, "org")
        _ensure_state(db, org_id, entry)
        for member in entry.get("members") or []:
            _add_member(db, org_id, entry["name"], member)


def _ensure_account(hub: Hub, db: sqlite3.Connection, entry: Json, kind: str) -> str:
    existing = find_account(db, entry["name"])
    if existing is not None:
        if existing["type"] != kind:
            raise SeedError(
                f"The seed file lists {entry['name']} as a {kind}, but it exists as a"
                f" {existing['type']}"
            )
        return str(existing["id"])
    account_id = new_id()
    db.execute(
        "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)",
        (account_id, entry["name"], kind, str(entry.get("fullname") or entry["name"]),
         int(bool(entry.get("private_by_default"))), hub.now()),
    )  # fmt: skip
    return account_id


def _ensure_state(db: sqlite3.Connection, account_id: str, entry: Json) -> None:
    """Set the plan and payment of an account for which none were set before."""
    if accounts.state_of(db, account_id) == accounts.AccountState():
        state = accounts.AccountState(str(entry.get("plan", "")), bool(entry.get("can_pay")))
        accounts.set_state(db, account_id, state)


def _add_member(db: sqlite3.Connection, org_id: str, org: str, member: str | Json) -> None:
    name, role = (member, "admin") if isinstance(member, str) else (member["name"], member["role"])
    user = find_account(db, name)
    if user is None or user["type"] != "user":
        raise SeedError(f"The member {name} of {org} in the seed file is not one of its users")
    db.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?)", (org_id, user["id"], role))
