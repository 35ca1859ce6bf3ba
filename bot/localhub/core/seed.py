"""The seed file: who is there when the Hub starts, read or refused in one sentence."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import yaml

from bot.localhub.core.auth import account, digest, new_id
from bot.localhub.core.hub import Hub

ROLES = ("read", "write", "fineGrained")
MEMBER_ROLES = ("admin", "write", "contributor", "read")
NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
RESERVED = frozenset(
    "api avatars buckets collections control datasets endpoints endpoints-api inference jobs lfs"
    " login logout models oauth search settings spaces static uploads".split()
)


class SeedError(Exception):
    """A seed file that cannot be read; the message is one sentence."""


def read_seed(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The seed file's users and organisations; SeedError with one sentence if it is wrong."""
    try:
        seed = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SeedError(f"Cannot read the seed file {path}: {error}") from error
    if not isinstance(seed, dict) or set(seed) - {"users", "orgs"}:
        raise SeedError(f"The seed file {path} must have the keys users and orgs, and no others")
    parts = {"users": seed.get("users") or [], "orgs": seed.get("orgs") or []}
    for kind, entries in parts.items():
        if not isinstance(entries, list):
            raise SeedError(f"{kind} in the seed file {path} must be a list")
        for entry in entries:
            _check_seed(kind, entry)
    return parts


def _check_seed(kind: str, entry: Any) -> None:
    allowed = {
        "users": {"name", "fullname", "token", "role", "scoped"},
        "orgs": {"name", "fullname", "members", "private_by_default"},
    }[kind]
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise SeedError(f"An entry of {kind} in the seed needs a name of letters, digits, - _ .")
    if name.lower() in RESERVED:
        raise SeedError(f"{name} in the seed is the name of a page: choose another")
    if unknown := set(entry) - allowed:
        raise SeedError(f"{kind} entry {name} in the seed has unknown keys: {sorted(unknown)}")
    if entry.get("role", "write") not in ROLES:
        raise SeedError(f"The role of {name} in the seed must be one of {', '.join(ROLES)}")
    if not isinstance(entry.get("private_by_default", False), bool):
        raise SeedError(f"private_by_default of {name} in the seed must be true or false")
    _check_lists(name, entry)


def _check_lists(name: str, entry: dict[str, Any]) -> None:
    """Scopes and members have the shape they are read by."""
    scoped, members = entry.get("scoped") or [], entry.get("members") or []
    if not isinstance(scoped, list) or not all(
        isinstance(scope, dict)
        and isinstance(scope.get("entity"), str)
        and isinstance(scope.get("permissions"), list)
        for scope in scoped
    ):
        raise SeedError(f"scoped of {name} in the seed must be a list of {{entity, permissions}}")
    if not isinstance(members, list) or not all(
        isinstance(member, str)
        or isinstance(member, dict)
        and isinstance(member.get("name"), str)
        and member.get("role") in MEMBER_ROLES
        for member in members
    ):
        raise SeedError(
            f"members of {name} in the seed must be names, or {{name, role}} with a role of"
            f" {', '.join(MEMBER_ROLES)}"
        )


def plant(hub: Hub, db: sqlite3.Connection, seed: dict[str, list[dict[str, Any]]]) -> None:
    """Bring the seed's accounts and tokens into being; what is there already stays."""
    for entry in seed["users"]:
        user_id = _account(hub, db, entry, "user")
        if entry.get("token"):
            db.execute(
                "INSERT OR REPLACE INTO tokens VALUES (?, ?, 'seed', ?, ?, ?)",
                (digest(str(entry["token"])), user_id, entry.get("role", "write"),
                 json.dumps(_pairs(entry.get("scoped", []))), hub.now()),
            )  # fmt: skip
    for entry in seed["orgs"]:
        org_id = _account(hub, db, entry, "org")
        for member in entry.get("members") or []:
            _join(db, org_id, str(entry["name"]), member)


def _pairs(scoped: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """``[{entity: ns/name, permissions: […]}]`` as (entity, permission) pairs."""
    return [(str(s["entity"]), str(p)) for s in scoped for p in s.get("permissions", [])]


def _account(hub: Hub, db: sqlite3.Connection, entry: dict[str, Any], kind: str) -> str:
    there = account(db, entry["name"])
    if there is not None:
        if there["type"] != kind:
            raise SeedError(f"{entry['name']} in the seed is already there as another kind")
        return str(there["id"])
    made = new_id()
    db.execute(
        "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)",
        (made, entry["name"], kind, str(entry.get("fullname") or entry["name"]),
         int(bool(entry.get("private_by_default"))), hub.now()),
    )  # fmt: skip
    return made


def _join(db: sqlite3.Connection, org_id: str, org: str, member: Any) -> None:
    name, role = (member["name"], member["role"]) if isinstance(member, dict) else (member, "admin")
    row = account(db, str(name))
    if row is None or row["type"] != "user":
        raise SeedError(f"The organisation {org} in the seed has a member {name} who is no user")
    db.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?)", (org_id, row["id"], str(role)))
