"""Repositories: what one is, who sees it, how it comes, changes its name and settings, and goes.

The only writer of the tables ``repos``, ``moved`` and ``likes``.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.events import Event, emit
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import KINDS, HubError, Json, path_param, takes_json, text_field
from bot.localhub.repos import cards, git, history, initial_files

SCHEMA = """
CREATE TABLE IF NOT EXISTS repos (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
    namespace TEXT NOT NULL COLLATE NOCASE, private INTEGER NOT NULL, gated TEXT NOT NULL,
    sdk TEXT NOT NULL, card TEXT NOT NULL, tags TEXT NOT NULL, created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL, downloads INTEGER NOT NULL DEFAULT 0, UNIQUE (type, name)
);
CREATE INDEX IF NOT EXISTS repos_by_change ON repos (type, updated_at, id);
CREATE INDEX IF NOT EXISTS repos_by_birth ON repos (type, created_at, id);
CREATE TABLE IF NOT EXISTS moved (
    type TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
    repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE, PRIMARY KEY (type, name)
);
CREATE TABLE IF NOT EXISTS likes (
    repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES accounts(id), date TEXT NOT NULL,
    PRIMARY KEY (repo_id, user_id)
);
"""

NAME = re.compile(
    r"(?!.*(?:--|\.\.|\.git$|\.ipynb$))[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?", re.A
)
SPACE_SDKS = ("gradio", "docker", "static")
GATES = {"auto": "auto", "manual": "manual", False: ""}
README = initial_files.README


@dataclass(frozen=True)
class Repo:
    """A repo as it stands.  name: ``ns/name``.  gated: ``""``, auto or manual.  card: its YAML."""

    id: str
    type: str
    name: str
    namespace: str
    private: bool
    gated: str
    sdk: str
    card: Json
    tags: list[str]
    created_at: str
    updated_at: str
    downloads: int

    @property
    def prefix(self) -> str:
        """What stands before the name in page and file addresses: ``""``, ``datasets/`` …"""
        return "" if self.type == "model" else f"{self.type}s/"

    def api_path(self) -> str:
        """The repo's address in the API."""
        return f"/api/{self.type}s/{self.name}"

    def web_path(self) -> str:
        """The repo's page."""
        return f"/{self.prefix}{self.name}"


def of_row(row: sqlite3.Row) -> Repo:
    """A row of the table as a Repo."""
    return Repo(
        row["id"], row["type"], row["name"], row["namespace"], bool(row["private"]), row["gated"],
        row["sdk"], json.loads(row["card"]), json.loads(row["tags"]), row["created_at"],
        row["updated_at"], row["downloads"],
    )  # fmt: skip


# ── finding ──────────────────────────────────────────────────────────────────────────────────


def load(db: sqlite3.Connection, kind: str, name: str) -> Repo | None:
    """The repo of a type with this name, whatever its case, whoever asks."""
    row = db.execute("SELECT * FROM repos WHERE type = ? AND name = ?", (kind, name)).fetchone()
    return of_row(row) if row else None


def by_id(db: sqlite3.Connection, repo_id: str) -> Repo | None:
    """The repo with this id, whoever asks."""
    row = db.execute("SELECT * FROM repos WHERE id = ?", (repo_id,)).fetchone()
    return of_row(row) if row else None


def may_see(db: sqlite3.Connection, user: User | None, repo: Repo) -> bool:
    """Whether the repo exists as far as the user is concerned."""
    return not repo.private or auth.may_read(db, user, repo.namespace, repo.name)


def may_write(db: sqlite3.Connection, user: User | None, repo: Repo) -> bool:
    """Whether the user may change the repo."""
    return auth.may_write(db, user, repo.namespace, repo.name)


def find(db: sqlite3.Connection, user: User | None, kind: str, name: str) -> Repo | None:
    """The repo if the user may see it."""
    repo = load(db, kind, name)
    return repo if repo and may_see(db, user, repo) else None


def asked_kind(request: Request) -> str:
    """The type of repo that the path is about: model where it does not say."""
    return str(request.path_params.get("kind", "model"))


def asked(request: Request, db: sqlite3.Connection) -> Repo:
    """The repo in the path (``kind``, ``namespace``, ``name``).

    HubError RepoNotFound (401 for anonymous, else 404) where it is missing or private to others,
    307 to the new address where it moved.
    """
    user, kind = auth.who(request), asked_kind(request)
    name = f"{path_param(request, 'namespace')}/{path_param(request, 'name')}"
    repo = find(db, user, kind, name)
    if repo is None:
        _point_on(request, db, user, kind, name)
        raise not_found(user)
    return repo


def _point_on(
    request: Request, db: sqlite3.Connection, user: User | None, kind: str, name: str
) -> None:
    row = db.execute(
        "SELECT repo_id FROM moved WHERE type = ? AND name = ?", (kind, name)
    ).fetchone()
    repo = by_id(db, row["repo_id"]) if row else None
    if repo is None or not may_see(db, user, repo):
        return
    old = f"/{request.path_params['namespace']}/{request.path_params['name']}"
    query = f"?{request.url.query}" if request.url.query else ""
    target = request.url.path.replace(old, f"/{repo.name}", 1) + query
    raise HubError(307, f"The repo moved to {repo.name}", headers={"Location": target})


def not_found(user: User | None) -> HubError:
    """The refusal for a repo that is not there or must not be seen."""
    if user is None:
        return HubError(401, "Repository not found", "RepoNotFound")
    return HubError(404, "Repository not found", "RepoNotFound")


def asked_to_write(request: Request, db: sqlite3.Connection) -> tuple[Repo, User]:
    """The repo in the path and the user who may change it; HubError 401, 403 or RepoNotFound."""
    repo = asked(request, db)
    user = auth.require(request)
    if not may_write(db, user, repo):
        raise HubError(403, f"You have no write access to {repo.name} with this token")
    return repo, user


# ── changing ─────────────────────────────────────────────────────────────────────────────────


def check_name(name: str) -> str:
    """The part of a repo id after the slash, as given; HubError 400 if it cannot be one."""
    if not NAME.fullmatch(name):
        raise HubError(
            400,
            f"Invalid repo name: {name[:200]!r} - a name has at most 96 letters, digits, - _ .,"
            " does not begin or end with - or . and holds no -- or ..",
        )
    return name


def create(
    hub: Hub,
    db: sqlite3.Connection,
    kind: str,
    namespace: str,
    name: str,
    author: str,
    private: bool = False,
    sdk: str = "",
) -> Repo:
    """A new repo with its initial commit; permissions and names are settled before."""
    now, repo_id = hub.now(), auth.new_id()
    db.execute(
        "INSERT INTO repos (id, type, name, namespace, private, gated, sdk, card, tags,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, '', ?, '{}', '[]', ?, ?)",
        (repo_id, kind, f"{namespace}/{name}", namespace, int(private), sdk, now, now),
    )
    db.execute("DELETE FROM moved WHERE type = ? AND name = ?", (kind, f"{namespace}/{name}"))
    draft = git.Draft(db, "")
    for path, content in initial_files.first_files(kind, name, sdk).items():
        draft.put(path, store_text(hub, db, content).oid)
    commit = history.add(hub, db, repo_id, draft.write(), "", author, "initial commit")
    repo = by_id(db, repo_id)
    assert repo is not None
    return advance(hub, db, repo, history.MAIN, commit)


def store_text(hub: Hub, db: sqlite3.Connection, text: str) -> git.File:
    """Store a small text as a regular file's content."""
    data = text.encode()
    file = git.File(git.object_oid("blob", data), hub.store.put_blob(data), len(data), False)
    git.save_file(db, file)
    return file


def advance(hub: Hub, db: sqlite3.Connection, repo: Repo, ref: str, commit: history.Commit) -> Repo:
    """Point a ref to a commit; on main the card is read anew."""
    history.point(hub, db, repo.id, ref, commit.oid)
    if ref == history.MAIN:
        card = card_of(hub, db, repo.type, commit.tree)
        names = {entry.name for entry in git.read_tree(db, commit.tree)}
        sdk = card["sdk"] if repo.type == "space" and card.get("sdk") in SPACE_SDKS else repo.sdk
        db.execute(
            "UPDATE repos SET card = ?, tags = ?, sdk = ? WHERE id = ?",
            (json.dumps(card), json.dumps(cards.tags_of(card, repo.type, names)), sdk, repo.id),
        )
    fresh = by_id(db, repo.id)
    assert fresh is not None
    return fresh


def card_of(hub: Hub, db: sqlite3.Connection, kind: str, tree: str) -> Json:
    """The front matter of the README in a tree, ``{}`` if there is none to read."""
    file = git.file_at(db, tree, README)
    if file is None or file.size > cards.CARD_LIMIT:
        return {}
    text = hub.store.blob_path(file.sha256).read_text(encoding="utf-8", errors="replace")
    return cards.read_card(text, kind).data


def payload(hub: Hub, db: sqlite3.Connection, repo: Repo) -> dict[str, Any]:
    """The repo as webhook payloads show it."""
    owner = auth.account(db, repo.namespace)
    return {
        "type": repo.type, "name": repo.name, "id": repo.id, "private": repo.private,
        "url": {"web": hub.url + repo.web_path(), "api": hub.url + repo.api_path()},
        "owner": {"id": owner["id"] if owner else ""},
        "headSha": history.ref_target(db, repo.id, history.MAIN), "tags": repo.tags,
        **({"subdomain": cards.subdomain(repo.name)} if repo.type == "space" else {}),
    }  # fmt: skip


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def _body_kind(body: Json) -> str:
    kind = text_field(body, "type", "model")
    if kind not in KINDS.values():
        raise HubError(400, f'"type" must be one of {", ".join(KINDS.values())}')
    return kind


def asked_private(body: Json, default: bool) -> bool:
    """``visibility`` or the older ``private``; "protected" is public with hidden files."""
    if body.get("visibility") is not None:
        visibility = body["visibility"]
        if visibility not in ("public", "private", "protected"):
            raise HubError(400, '"visibility" must be public, private or protected')
        return bool(visibility == "private")
    private = body.get("private", default)
    if private is not None and not isinstance(private, bool):
        raise HubError(400, '"private" must be true or false')
    return default if private is None else private


def _body_repo(request: Request, body: Json) -> tuple[User, str, str, str]:
    """(user, type, namespace, name) of a create or delete body."""
    user, kind = auth.require(request), _body_kind(body)
    name = text_field(body, "name")
    namespace = text_field(body, "organization", "") or user.name
    if "/" in name:
        namespace, _, name = name.partition("/")
    return user, kind, namespace, name


def create_repo(request: Request, body: Json) -> Response:
    """Create a repo."""
    hub = hub_of(request)
    user, kind, namespace, name = _body_repo(request, body)
    check_name(name)
    sdk = text_field(body, "sdk", "") if kind == "space" else ""
    if kind == "space" and sdk not in SPACE_SDKS:
        raise HubError(400, f'"sdk" must be one of {", ".join(SPACE_SDKS)} for a Space')
    with hub.store.write() as db:
        owner = auth.account(db, namespace)
        if owner is None or not auth.may_write(db, user, namespace):
            raise HubError(
                403, f"You don't have the rights to create a {kind} under the namespace"
                f' "{namespace[:100]}"'
            )  # fmt: skip
        there = load(db, kind, f"{namespace}/{name}")
        if there is not None:
            url = hub.url + there.web_path()
            raise HubError(409, f"You already created this {kind} repo: {there.name}",
                           body={"url": url, "name": there.name})  # fmt: skip
        private = asked_private(body, bool(owner["private_by_default"]))
        repo = create(hub, db, kind, owner["name"], name, user.name, private, sdk)
        for creator in hub.creators:
            creator(db, repo, body)
        about = payload(hub, db, repo)
        emit(hub, db, Event("create", "repo", kind, repo.name, about, user.name))
    url = hub.url + repo.web_path()
    return JSONResponse({"url": url, "name": repo.name, "id": repo.id})


def delete_repo(request: Request, body: Json) -> Response:
    """Delete a repo with all that belongs to it."""
    hub = hub_of(request)
    user, kind, namespace, name = _body_repo(request, body)
    with hub.store.write() as db:
        repo = find(db, user, kind, f"{namespace}/{name}")
        if repo is None:
            raise not_found(user)
        if not may_write(db, user, repo):
            raise HubError(403, f"You have no write access to {repo.name} with this token")
        about = payload(hub, db, repo)
        db.execute("DELETE FROM repos WHERE id = ?", (repo.id,))
        emit(hub, db, Event("delete", "repo", kind, repo.name, about, user.name))
    return JSONResponse({})


def move_repo(request: Request, body: Json) -> Response:
    """Give a repo another name or owner; the old address points on."""
    hub, user, kind = hub_of(request), auth.require(request), _body_kind(body)
    source, target = text_field(body, "fromRepo"), text_field(body, "toRepo")
    namespace, _, name = target.partition("/")
    check_name(name)
    with hub.store.write() as db:
        repo = find(db, user, kind, source)
        if repo is None:
            raise not_found(user)
        owner = auth.account(db, namespace)
        allowed = may_write(db, user, repo) and auth.may_write(db, user, namespace)
        if owner is None or not allowed:
            raise HubError(403, f"You have no rights to move {repo.name} to {target[:200]}")
        there = load(db, kind, target)
        if there is not None and there.id != repo.id:
            raise HubError(409, f"A {kind} repository called {there.name} already exists")
        new_name = f"{owner['name']}/{name}"
        about = payload(hub, db, repo)
        db.execute("DELETE FROM moved WHERE type = ? AND name = ?", (kind, new_name))
        db.execute("INSERT OR REPLACE INTO moved VALUES (?, ?, ?)", (kind, repo.name, repo.id))
        db.execute(
            "UPDATE repos SET name = ?, namespace = ? WHERE id = ?",
            (new_name, owner["name"], repo.id),
        )
        to = {"name": new_name, "owner": {"id": owner["id"]}}
        emit(hub, db, Event("move", "repo", kind, repo.name, about, user.name, moved_to=to))
    return JSONResponse({})


def change_settings(request: Request, body: Json) -> Response:
    """Visibility and gating."""
    hub = hub_of(request)
    gated = body.get("gated")
    if gated is not None and (not isinstance(gated, (str, bool)) or gated not in GATES):
        raise HubError(400, '"gated" must be "auto", "manual" or false')
    with hub.store.write() as db:
        repo, user = asked_to_write(request, db)
        private = asked_private(body, repo.private)
        gate = repo.gated if gated is None else GATES[gated]
        db.execute(
            "UPDATE repos SET private = ?, gated = ?, updated_at = ? WHERE id = ?",
            (int(private), gate, hub.now(), repo.id),
        )
        fresh = by_id(db, repo.id)
        assert fresh is not None
        about = payload(hub, db, fresh)
        config = {"private": private} if private != repo.private else {}
        emit(hub, db, Event("update", "repo.config", repo.type, repo.name, about, user.name,
                            updated_config=config))  # fmt: skip
    return JSONResponse({"gated": gate or False, "private": private})


REPO = "/api/{kind:kind}/{namespace}/{name}"
ROUTES = [
    Route("/api/repos/create", takes_json(create_repo), methods=["POST"]),
    Route("/api/repos/delete", takes_json(delete_repo), methods=["DELETE"]),
    Route("/api/repos/move", takes_json(move_repo), methods=["POST"]),
    Route(REPO + "/settings", takes_json(change_settings), methods=["PUT"]),
]
