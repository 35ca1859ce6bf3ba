"""Branches, tags and the history of a repo, as the API shows and changes them."""

from __future__ import annotations

import html
import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core.events import Event, emit
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import (  # fmt: skip
    HubError,
    Json,
    flag,
    listing,
    path_param,
    takes_json,
    text_field,
    whole,
)
from bot.localhub.repos import history, repos
from bot.localhub.repos.repos import REPO, Repo

PAGE = 100


def list_refs(request: Request) -> Response:
    """All branches and tags, and the refs of pull requests on request."""
    with hub_of(request).store.read() as db:
        repo = repos.asked(request, db)
        rows = db.execute(
            "SELECT ref, target FROM refs WHERE repo_id = ? ORDER BY ref", (repo.id,)
        ).fetchall()
    found: dict[str, list[Json]] = {"heads": [], "tags": [], "pr": [], "convert": []}
    for row in rows:
        group, _, name = row["ref"].removeprefix("refs/").partition("/")
        shown = name if group in ("heads", "tags") else row["ref"]
        found[group].append({"name": shown, "ref": row["ref"], "targetCommit": row["target"]})
    answer = {"branches": found["heads"], "converts": found["convert"], "tags": found["tags"]}
    if flag(request, "include_prs"):
        answer["pullRequests"] = found["pr"]
    return JSONResponse(answer)


def create_branch(request: Request, body: Json) -> Response:
    """A branch from a revision (main by default)."""
    name = path_param(request, "branch")
    start = text_field(body, "startingPoint", "main")
    return _set_new_ref(request, f"refs/heads/{name}", start)


def create_tag(request: Request, body: Json) -> Response:
    """A tag on a revision."""
    tag, message = text_field(body, "tag"), text_field(body, "message", "")
    return _set_new_ref(request, f"refs/tags/{tag}", path_param(request, "rev"), message)


def _set_new_ref(request: Request, ref: str, start: str, message: str = "") -> Response:
    hub = hub_of(request)
    with hub.store.write() as db:
        repo, user = repos.asked_to_write(request, db)
        if history.ref_target(db, repo.id, ref):
            raise HubError(409, f"Reference {ref} already exists")
        commit = history.resolve(db, repo.id, start)
        history.check_ref(ref.removeprefix("refs/heads/").removeprefix("refs/tags/"))
        history.point(hub, db, repo.id, ref, commit.oid, message)
        emit(hub, db, pushed(hub, db, repo, user.name, ref, None, commit.oid))
    return JSONResponse({}, 201)


def delete_branch(request: Request) -> Response:
    """Remove a branch; main stays."""
    name = path_param(request, "branch")
    ref = name if name.startswith("refs/") else f"refs/heads/{name}"
    if ref == history.MAIN:
        raise HubError(403, f"Cannot delete {ref}")
    return _delete_ref(request, ref)


def delete_tag(request: Request) -> Response:
    """Remove a tag."""
    return _delete_ref(request, f"refs/tags/{path_param(request, 'rev')}")


def _delete_ref(request: Request, ref: str) -> Response:
    hub = hub_of(request)
    with hub.store.write() as db:
        repo, user = repos.asked_to_write(request, db)
        old = history.ref_target(db, repo.id, ref)
        if old is None:
            raise HubError(404, f"Invalid rev id: {ref[:200]}", "RevisionNotFound")
        db.execute("DELETE FROM refs WHERE repo_id = ? AND ref = ?", (repo.id, ref))
        emit(hub, db, pushed(hub, db, repo, user.name, ref, old, None))
    return JSONResponse({})


def pushed(
    hub: Hub, db: sqlite3.Connection, repo: Repo, actor: str,
    ref: str, old: str | None, new: str | None,
) -> Event:  # fmt: skip
    """The event of a ref that came, moved or went (hashes; None for no commit)."""
    refs = [{"ref": ref, "oldSha": old, "newSha": new}]
    about = repos.payload(hub, db, repo)
    return Event("update", "repo.content", repo.type, repo.name, about, actor, updated_refs=refs)


def list_commits(request: Request) -> Response:
    """The history of a revision, newest first."""
    hub = hub_of(request)
    limit = whole(request, "limit", PAGE, 1, 1000)
    skip = whole(request, "cursor", 0, 0, 1 << 30)
    formatted = "formatted" in request.query_params.getlist("expand[]")
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        head = history.resolve(db, repo.id, path_param(request, "rev"))
        commits = history.log(db, repo.id, head.oid, skip, limit + 1)
        total = history.count(db, repo.id, head.oid)
    items = [_shown(commit, formatted) for commit in commits[:limit]]
    following = skip + limit if len(commits) > limit else None
    response = listing(request, items, hub.url, following)
    response.headers["X-Total-Count"] = str(total)
    return response


def _shown(commit: history.Commit, formatted: bool) -> Json:
    item: Json = {
        "id": commit.oid, "title": commit.title, "message": commit.message, "date": commit.date,
        "authors": [{"user": commit.author, "avatar": f"/avatars/{commit.author}.svg"}],
    }  # fmt: skip
    if formatted:
        item["formatted"] = {
            "title": html.escape(commit.title), "message": html.escape(commit.message)
        }  # fmt: skip
    return item


def squash(request: Request, body: Json) -> Response:
    """One commit in place of a branch's whole history."""
    hub = hub_of(request)
    name = path_param(request, "branch")
    message = text_field(body, "message", "") or "Super-squash branch"
    with hub.store.write() as db:
        repo, user = repos.asked_to_write(request, db)
        ref = history.ref_named(db, repo.id, name)
        if ref is None or ref.startswith("refs/tags/"):
            raise HubError(404, f"Invalid rev id: {name[:200]}", "RevisionNotFound")
        head = history.resolve(db, repo.id, ref)
        title, _, rest = message.partition("\n")
        commit = history.add(hub, db, repo.id, head.tree, "", user.name, title, rest.strip())
        repos.advance(hub, db, repo, ref, commit)
        emit(hub, db, pushed(hub, db, repo, user.name, ref, head.oid, commit.oid))
    return JSONResponse({})


ROUTES = [
    Route(REPO + "/refs", list_refs),
    Route(REPO + "/branch/{branch}", takes_json(create_branch), methods=["POST"]),
    Route(REPO + "/branch/{branch}", delete_branch, methods=["DELETE"]),
    Route(REPO + "/tag/{rev}", takes_json(create_tag), methods=["POST"]),
    Route(REPO + "/tag/{rev}", delete_tag, methods=["DELETE"]),
    Route(REPO + "/commits/{rev}", list_commits),
    Route(REPO + "/super-squash/{branch}", takes_json(squash), methods=["POST"]),
]
