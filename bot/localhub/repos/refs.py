"""Branches, tags and commit listings."""

from __future__ import annotations

import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core.events import emit
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Event, Json, Repo
from bot.localhub.core.wire import (
    HubError,
    bool_param,
    int_param,
    json_endpoint,
    page_response,
    path_param,
    text_field,
)
from bot.localhub.repos import history, repos
from bot.localhub.repos.repos import REPO

PAGE = 50


def list_refs(request: Request) -> Response:
    """List branches and tags and, on request, the refs of pull requests."""
    with hub_of(request).store.read() as db:
        repo = repos.requested_repo(request, db)
        rows = db.execute(
            "SELECT ref, target FROM refs WHERE repo_id = ? ORDER BY ref", (repo.id,)
        ).fetchall()
    groups: dict[str, list[Json]] = {"heads": [], "tags": [], "pr": []}
    for row in rows:
        group, _, name = row["ref"].removeprefix("refs/").partition("/")
        shown = row["ref"] if group == "pr" else name
        groups[group].append({"name": shown, "ref": row["ref"], "targetCommit": row["target"]})
    answer = {"branches": groups["heads"], "converts": [], "tags": groups["tags"]}
    if bool_param(request, "include_prs"):
        answer["pullRequests"] = groups["pr"]
    return JSONResponse(answer)


def create_branch(request: Request, body: Json) -> Response:
    """Create a branch from a revision, main by default."""
    name = path_param(request, "branch")
    start = text_field(body, "startingPoint", "main")
    if body.get("emptyBranch"):
        raise HubError(501, "The local Hub creates branches from a revision, not empty ones")
    return _create_ref(request, "refs/heads/", name, start, overwrite=bool(body.get("overwrite")))


def create_tag(request: Request, body: Json) -> Response:
    """Tag a revision."""
    tag, message = text_field(body, "tag"), text_field(body, "message", "")
    return _create_ref(request, "refs/tags/", tag, path_param(request, "rev"), message)


def _create_ref(
    request: Request,
    prefix: str,
    name: str,
    start: str,
    message: str = "",
    overwrite: bool = False,
) -> Response:
    hub, ref = hub_of(request), prefix + name
    with hub.store.write() as db:
        repo, user = repos.writable_repo(request, db)
        old = history.ref_target(db, repo.id, ref)
        if old and not overwrite:
            raise HubError(409, f"Reference {ref} already exists")
        commit = history.resolve(db, repo.id, start)
        history.check_ref(name)
        history.set_ref(hub, db, repo.id, ref, commit.oid, message)
        emit(hub, db, ref_event(hub, db, repo, user.name, ref, old, commit.oid))
    return JSONResponse({}, 201)


def delete_branch(request: Request) -> Response:
    """Delete a branch, except main."""
    name = path_param(request, "branch")
    ref = name if name.startswith("refs/") else f"refs/heads/{name}"
    if ref == history.MAIN:
        raise HubError(403, f"Cannot delete {ref}")
    return _delete_ref(request, ref)


def delete_tag(request: Request) -> Response:
    """Delete a tag."""
    return _delete_ref(request, f"refs/tags/{path_param(request, 'rev')}")


def _delete_ref(request: Request, ref: str) -> Response:
    hub = hub_of(request)
    with hub.store.write() as db:
        repo, user = repos.writable_repo(request, db)
        old = history.ref_target(db, repo.id, ref)
        if old is None:
            raise history.revision_not_found(ref)
        db.execute("DELETE FROM refs WHERE repo_id = ? AND ref = ?", (repo.id, ref))
        emit(hub, db, ref_event(hub, db, repo, user.name, ref, old, None))
    return JSONResponse({})


def ref_event(
    hub: Hub, db: sqlite3.Connection, repo: Repo, actor: str,
    ref: str, old: str | None, new: str | None,
) -> Event:  # fmt: skip
    """Return the event of a ref that was created, moved or deleted (None: no commit)."""
    refs = [{"ref": ref, "oldSha": old, "newSha": new}]
    payload = repos.webhook_payload(hub, db, repo)
    return Event("update", "repo.content", repo.type, repo.name, payload, actor, updated_refs=refs)


def list_commits(request: Request) -> Response:
    """List the history of a revision, newest first."""
    hub = hub_of(request)
    limit = int_param(request, "limit", PAGE, 1, 1000)
    page = int_param(request, "p", 0, 0, 1 << 30)
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        head = history.resolve(db, repo.id, path_param(request, "rev"))
        commits = history.log(db, repo.id, head.oid, page * limit, limit + 1)
        total = history.count(db, repo.id, head.oid)
    following = page + 1 if len(commits) > limit else None
    items = [_commit_json(commit) for commit in commits[:limit]]
    response = page_response(request, items, hub.url, following, parameter="p")
    response.headers["X-Total-Count"] = str(total)
    return response


def _commit_json(commit: history.Commit) -> Json:
    return {
        "id": commit.oid, "title": commit.title, "message": commit.message, "date": commit.date,
        "authors": [{"user": commit.author, "avatar": f"/avatars/{commit.author}.svg"}],
    }  # fmt: skip


def squash(request: Request, body: Json) -> Response:
    """Replace the history of a branch with one commit."""
    hub = hub_of(request)
    name = path_param(request, "branch")
    message = text_field(body, "message", "") or "Super-squash branch"
    with hub.store.write() as db:
        repo, user = repos.writable_repo(request, db)
        ref = history.find_ref(db, repo.id, name)
        if ref is None or ref.startswith("refs/tags/"):
            raise history.revision_not_found(name)
        head = history.resolve(db, repo.id, ref)
        title, _, rest = message.partition("\n")
        commit = history.add_commit(hub, db, repo.id, head.tree, "", user.name, title, rest.strip())
        repos.move_ref(hub, db, repo, ref, commit)
        emit(hub, db, ref_event(hub, db, repo, user.name, ref, head.oid, commit.oid))
    return JSONResponse({"commitId": commit.oid})


ROUTES = [
    Route(REPO + "/refs", list_refs),
    Route(REPO + "/branch/{branch}", json_endpoint(create_branch), methods=["POST"]),
    Route(REPO + "/branch/{branch}", delete_branch, methods=["DELETE"]),
    Route(REPO + "/tag/{rev}", json_endpoint(create_tag), methods=["POST"]),
    Route(REPO + "/tag/{rev}", delete_tag, methods=["DELETE"]),
    Route(REPO + "/commits/{rev}", list_commits),
    Route(REPO + "/super-squash/{branch}", json_endpoint(squash), methods=["POST"]),
]
