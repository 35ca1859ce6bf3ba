"""Repos: lookup and visibility, creation, settings, deletion.

The only module that writes the table `repos`.
"""

from __future__ import annotations

import json
import re
import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import accounts, auth
from bot.localhub.core.auth import User
from bot.localhub.core.events import emit
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Event, Json, Repo
from bot.localhub.core.wire import (
    REPO_TYPES,
    HubError,
    choice_field,
    json_endpoint,
    path_param,
    text_field,
)
from bot.localhub.repos import cards, git, history
from bot.localhub.repos.initial_files import README, initial_files

SCHEMA = """
CREATE TABLE IF NOT EXISTS repos (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
    namespace TEXT NOT NULL COLLATE NOCASE, private INTEGER NOT NULL, gated TEXT NOT NULL,
    sdk TEXT NOT NULL, card TEXT NOT NULL, tags TEXT NOT NULL, created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL, UNIQUE (type, name)
);
CREATE INDEX IF NOT EXISTS repos_by_change ON repos (type, updated_at, id);
CREATE INDEX IF NOT EXISTS repos_by_birth ON repos (type, created_at, id);
"""

NAME = re.compile(
    r"(?!.*(?:--|\.\.|\.git$|\.ipynb$))[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?", re.A
)
SPACE_SDKS = ("gradio", "docker", "static")
PAID_SDKS = ("gradio", "docker")
ZERO_GPU = ("zerogpu", "zero-a10g")
FREE_HARDWARE = ("cpu-basic", *ZERO_GPU)
FREE_ZERO_GPU_SPACES = 2
GATES = {"auto": "auto", "manual": "manual", False: ""}


# ── lookup ───────────────────────────────────────────────────────────────────────────────────


def load(db: sqlite3.Connection, repo_type: str, name: str) -> Repo | None:
    """Return a repo by name, whose case does not matter, without checking permissions."""
    query = "SELECT * FROM repos WHERE type = ? AND name = ?"
    row = db.execute(query, (repo_type, name)).fetchone()
    return Repo.from_row(row) if row else None


def by_id(db: sqlite3.Connection, repo_id: str) -> Repo | None:
    """Return a repo by id, without checking permissions."""
    row = db.execute("SELECT * FROM repos WHERE id = ?", (repo_id,)).fetchone()
    return Repo.from_row(row) if row else None


def may_see(db: sqlite3.Connection, user: User | None, repo: Repo) -> bool:
    """Return whether the user may know that the repo exists."""
    return not repo.private or auth.may_read(db, user, repo.namespace, repo.name)


def may_write(db: sqlite3.Connection, user: User | None, repo: Repo) -> bool:
    """Return whether the user may change the repo."""
    return auth.may_write(db, user, repo.namespace, repo.name)


def find_visible(
    db: sqlite3.Connection, user: User | None, repo_type: str, name: str
) -> Repo | None:
    """Return a repo by name if the user may see it."""
    repo = load(db, repo_type, name)
    return repo if repo and may_see(db, user, repo) else None


def requested_type(request: Request) -> str:
    """Return the repo type in the path; paths without one are about models."""
    return str(request.path_params.get("repo_type", "model"))


def requested_repo(request: Request, db: sqlite3.Connection) -> Repo:
    """Return the repo in the path.

    Raises HubError RepoNotFound (401 for anonymous requests, else 404) if the repo does not exist
    or the user may not see it.
    """
    user = auth.current_user(request)
    name = f"{path_param(request, 'namespace')}/{path_param(request, 'name')}"
    repo = find_visible(db, user, requested_type(request), name)
    if repo is None:
        raise not_found(user)
    return repo


def writable_repo(request: Request, db: sqlite3.Connection) -> tuple[Repo, User]:
    """Return the repo in the path and the user; raises HubError unless they may change it."""
    repo = requested_repo(request, db)
    user = auth.require_user(request)
    if not may_write(db, user, repo):
        raise no_write_access(repo)
    return repo, user


def not_found(user: User | None) -> HubError:
    """Return the error for a repo that does not exist or that the user may not see."""
    return HubError(401 if user is None else 404, "Repository not found", "RepoNotFound")


def no_write_access(repo: Repo) -> HubError:
    """Return the error for a repo that the user may not change."""
    return HubError(403, f"You don't have write access to {repo.name} with this token")


# ── changes ──────────────────────────────────────────────────────────────────────────────────


def check_name(name: str) -> str:
    """Return the part of a repo's name after the slash; raises HubError 400 if it is invalid."""
    if not NAME.fullmatch(name):
        raise HubError(
            400,
            f"Invalid repo name: {name[:200]!r}. A name has at most 96 letters, digits, -, _ and .;"
            " it does not start or end with - or . and does not contain -- or ..",
        )
    return name


def create(
    hub: Hub,
    db: sqlite3.Connection,
    repo_type: str,
    namespace: str,
    name: str,
    author: str,
    private: bool = False,
    sdk: str = "",
) -> Repo:
    """Create a repo with its initial commit; the caller checks the name and permissions."""
    now, repo_id = hub.now(), auth.new_id()
    db.execute(
        "INSERT INTO repos (id, type, name, namespace, private, gated, sdk, card, tags,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, '', ?, '{}', '[]', ?, ?)",
        (repo_id, repo_type, f"{namespace}/{name}", namespace, int(private), sdk, now, now),
    )
    draft = git.TreeDraft(db, "")
    for path, content in initial_files(repo_type, name, sdk).items():
        data = content.encode()
        file = git.File(git.object_oid("blob", data), hub.store.put_blob(data), len(data), False)
        git.save_file(db, file)
        draft.put(path, file.oid)
    commit = history.add_commit(hub, db, repo_id, draft.write(), "", author, "initial commit")
    repo = by_id(db, repo_id)
    assert repo is not None
    return move_ref(hub, db, repo, history.MAIN, commit)


def move_ref(
    hub: Hub, db: sqlite3.Connection, repo: Repo, ref: str, commit: history.Commit
) -> Repo:
    """Point a ref to a commit and return the updated repo; on main, reread the card."""
    history.set_ref(hub, db, repo.id, ref, commit.oid)
    if ref == history.MAIN:
        card = card_at(hub, db, repo.type, commit.tree)
        names = {entry.name for entry in git.read_tree(db, commit.tree)}
        sdk = card["sdk"] if repo.type == "space" and card.get("sdk") in SPACE_SDKS else repo.sdk
        db.execute(
            "UPDATE repos SET card = ?, tags = ?, sdk = ? WHERE id = ?",
            (
                # Unescaped, so that a search finds words that are not ASCII.
                json.dumps(card, ensure_ascii=False),
                json.dumps(cards.tags_of(card, repo.type, names)),
                sdk,
                repo.id,
            ),
        )
    updated = by_id(db, repo.id)
    assert updated is not None
    return updated


def card_at(hub: Hub, db: sqlite3.Connection, repo_type: str, tree: str) -> Json:
    """Return the front matter of the README in a tree, `{}` if there is none."""
    file = git.file_at(db, tree, README)
    if file is None or file.size > cards.CARD_LIMIT:
        return {}
    text = hub.store.blob_path(file.sha256).read_text(encoding="utf-8", errors="replace")
    return cards.read_card(text, repo_type).data


def webhook_payload(hub: Hub, db: sqlite3.Connection, repo: Repo) -> Json:
    """Return the `repo` object of webhook payloads."""
    owner = auth.find_account(db, repo.namespace)
    return {
        "type": repo.type, "name": repo.name, "id": repo.id, "private": repo.private,
        "url": {"web": hub.url + repo.web_path(), "api": hub.url + repo.api_path()},
        "owner": {"id": owner["id"] if owner else ""},
        "headSha": history.ref_target(db, repo.id, history.MAIN), "tags": repo.tags,
        **({"subdomain": cards.subdomain(repo.name)} if repo.type == "space" else {}),
    }  # fmt: skip


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def read_private(body: Json, default: bool) -> bool:
    """Return whether a repo is to be private, from `visibility` or the older `private`.

    A protected repo is public and hides its files, which this Hub does not do.
    """
    if body.get("visibility") is not None:
        return choice_field(body, "visibility", ("public", "private", "protected")) == "private"
    private = body.get("private")
    if private is not None and not isinstance(private, bool):
        raise HubError(400, "`private` must be true or false")
    return default if private is None else private


def _read_id(request: Request, body: Json) -> tuple[User, str, str, str]:
    """Return (user, type, namespace, name) from the body of a creation or deletion."""
    user = auth.require_user(request)
    repo_type = choice_field(body, "type", tuple(REPO_TYPES.values()), "model")
    name = text_field(body, "name")
    namespace = text_field(body, "organization", "") or user.name
    if "/" in name:
        namespace, _, name = name.partition("/")
    return user, repo_type, namespace, name


def create_repo(request: Request, body: Json) -> Response:
    """Create a repo."""
    hub = hub_of(request)
    user, repo_type, namespace, name = _read_id(request, body)
    check_name(name)
    if body.get("files"):
        raise HubError(501, "The local Hub creates repos without `files`: commit them afterwards")
    sdk = choice_field(body, "sdk", SPACE_SDKS) if repo_type == "space" else ""
    with hub.store.write() as db:
        owner = auth.find_account(db, namespace)
        if owner is None or not auth.may_write(db, user, namespace):
            raise HubError(
                403, f"You don't have the rights to create a {repo_type} under the namespace"
                f' "{namespace[:100]}"'
            )  # fmt: skip
        existing = load(db, repo_type, f"{namespace}/{name}")
        if existing is not None:
            url = hub.url + existing.web_path()
            raise HubError(409, f"You already created this {repo_type} repo: {existing.name}",
                           body={"url": url})  # fmt: skip
        if sdk in PAID_SDKS and hub.rules.plans:
            _check_plan(db, owner["id"], body)
        private = read_private(body, bool(owner["private_by_default"]))
        repo = create(hub, db, repo_type, owner["name"], name, user.name, private, sdk)
        for hook in hub.creation_hooks:
            hook(db, repo, body)
        payload = webhook_payload(hub, db, repo)
        emit(hub, db, Event("create", "repo", repo_type, repo.name, payload, user.name))
    return JSONResponse({"url": hub.url + repo.web_path(), "name": repo.name, "id": repo.id})


def _check_plan(db: sqlite3.Connection, owner_id: str, body: Json) -> None:
    """Raise HubError 402 unless the owner's plan allows a Gradio or Docker Space.

    Paid hardware needs no plan, only a way to pay. A free personal account may have two on ZeroGPU.
    """
    state = accounts.state_of(db, owner_id)
    hardware = body.get("hardware", "cpu-basic")
    if state.plan or (hardware not in FREE_HARDWARE and state.can_pay):
        return
    query = "SELECT name, type FROM accounts WHERE id = ?"
    owner = db.execute(query, (owner_id,)).fetchone()
    count = db.execute(
        "SELECT count(*) AS n FROM repos WHERE type = 'space' AND sdk = 'gradio' AND namespace = ?",
        (owner["name"],),
    ).fetchone()["n"]
    if owner["type"] == "user" and hardware in ZERO_GPU and count < FREE_ZERO_GPU_SPACES:
        return
    raise HubError(
        402,
        "Payment required: a Gradio or Docker Space on free hardware needs a PRO subscription (a"
        " user) or a Team or Enterprise plan (an organization). A static Space is free.",
    )


def delete_repo(request: Request, body: Json) -> Response:
    """Delete a repo and everything that belongs to it."""
    hub = hub_of(request)
    user, repo_type, namespace, name = _read_id(request, body)
    with hub.store.write() as db:
        repo = find_visible(db, user, repo_type, f"{namespace}/{name}")
        if repo is None:
            raise not_found(user)
        if not may_write(db, user, repo):
            raise no_write_access(repo)
        payload = webhook_payload(hub, db, repo)
        db.execute("DELETE FROM repos WHERE id = ?", (repo.id,))
        emit(hub, db, Event("delete", "repo", repo_type, repo.name, payload, user.name))
    return JSONResponse({})


def change_settings(request: Request, body: Json) -> Response:
    """Change the visibility or the gate of a repo."""
    hub = hub_of(request)
    gate = body.get("gated")
    if gate is not None and (not isinstance(gate, (str, bool)) or gate not in GATES):
        raise HubError(400, "`gated` must be auto, manual or false")
    with hub.store.write() as db:
        repo, user = writable_repo(request, db)
        private = read_private(body, repo.private)
        gated = repo.gated if gate is None else GATES[gate]
        db.execute(
            "UPDATE repos SET private = ?, gated = ?, updated_at = ? WHERE id = ?",
            (int(private), gated, hub.now(), repo.id),
        )
        updated = by_id(db, repo.id)
        assert updated is not None
        payload = webhook_payload(hub, db, updated)
        config = {"private": private} if private != repo.private else {}
        emit(hub, db, Event("update", "repo.config", repo.type, repo.name, payload, user.name,
                            updated_config=config))  # fmt: skip
    return JSONResponse({"gated": gated or False, "private": private})


REPO = "/api/{repo_type:repo_type}/{namespace}/{name}"
ROUTES = [
    Route("/api/repos/create", json_endpoint(create_repo), methods=["POST"]),
    Route("/api/repos/delete", json_endpoint(delete_repo), methods=["DELETE"]),
    Route(REPO + "/settings", json_endpoint(change_settings), methods=["PUT"]),
]
