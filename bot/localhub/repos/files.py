"""Reading a repo's content: tree, paths-info, download.

Content is served at the resolve URL itself, because clients would lose the headers they need in a
redirect on the same origin. It is never served as something a browser would run.
"""

from __future__ import annotations

import mimetypes
import sqlite3
from collections.abc import Sequence
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.hub import hub_of
from bot.localhub.core.records import Json, Repo
from bot.localhub.core.wire import (
    HubError,
    body_bytes,
    bool_param,
    int_param,
    page_response,
    path_param,
)
from bot.localhub.repos import download, gated, git, history, repos
from bot.localhub.repos.repos import REPO

PAGE, EXPANDED_PAGE = 1000, 100
MAX_PATHS = 2000
UNSCANNED = {
    "status": "unscanned",
    "avScan": {"status": "unscanned"},
    "pickleImportScan": {"status": "unscanned"},
}
SHOWN_AS_TEXT = ("text/", "application/json", "application/xml", "application/javascript",
                 "image/svg")  # fmt: skip
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; sandbox"
)


def requested_commit(request: Request, db: sqlite3.Connection) -> tuple[Repo, history.Commit]:
    """Return the repo and the commit in the path."""
    repo = repos.requested_repo(request, db)
    return repo, history.resolve(db, repo.id, path_param(request, "rev"))


# ── listings ─────────────────────────────────────────────────────────────────────────────────


def tree(request: Request) -> Response:
    """List the files and folders in a folder."""
    hub, expand = hub_of(request), bool_param(request, "expand")
    under = path_param(request, "path").strip("/") if "path" in request.path_params else ""
    page_size = EXPANDED_PAGE if expand else PAGE
    limit = int_param(request, "limit", page_size, 1, page_size)
    start = int_param(request, "cursor", 0, 0, 1 << 30)
    with hub.store.read() as db:
        repo, commit = requested_commit(request, db)
        folder = git.entry_at(db, commit.tree, under)
        if folder is None or not folder.is_folder:
            raise _entry_not_found(commit, under)
        entries = list(git.walk(db, folder.oid, under, bool_param(request, "recursive")))
        items = _items(db, repo, commit, entries[start : start + limit], expand)
    following = start + limit if start + limit < len(entries) else None
    response = page_response(request, items, hub.url, following)
    response.headers["X-Repo-Commit"] = commit.oid
    return response


async def paths_info(request: Request) -> Response:
    """Describe the given paths like a tree does; paths that do not exist are left out."""
    try:
        body = (await body_bytes(request)).decode("utf-8")
        form = parse_qs(body, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise HubError(400, "The form is not valid UTF-8") from error
    paths, expand = form.get("paths", []), form.get("expand", [""])[0].lower() in ("true", "1")
    if len(paths) > MAX_PATHS:
        raise HubError(413, f"A request can name at most {MAX_PATHS} paths")
    return await run_in_threadpool(_paths_info, request, paths, expand)


def _paths_info(request: Request, paths: list[str], expand: bool) -> Response:
    with hub_of(request).store.read() as db:
        repo, commit = requested_commit(request, db)
        entries = []
        for path in dict.fromkeys(path.strip("/") for path in paths):
            entry = git.entry_at(db, commit.tree, path) if path else None
            if entry is not None:
                entries.append((path, entry))
        return JSONResponse(_items(db, repo, commit, entries, expand))


def _items(
    db: sqlite3.Connection, repo: Repo, commit: history.Commit,
    entries: Sequence[tuple[str, git.Entry]], expand: bool,
) -> list[Json]:  # fmt: skip
    commits = last_commits(db, repo, commit, [path for path, _ in entries]) if expand else {}
    return [_item(db, path, entry, commits.get(path)) for path, entry in entries]


def _item(
    db: sqlite3.Connection, path: str, entry: git.Entry, commit: history.Commit | None
) -> Json:
    item: Json = {"type": "directory", "oid": entry.oid, "size": 0, "path": path}
    if not entry.is_folder:
        file = git.load_file(db, entry.oid)
        item |= {"type": "file", "size": file.size}
        if file.lfs:
            item["lfs"] = {
                "oid": file.sha256, "size": file.size, "pointerSize": file.pointer_size
            }  # fmt: skip
    if commit:
        item["lastCommit"] = {"id": commit.oid, "title": commit.title, "date": commit.date}
        if not entry.is_folder:
            item["securityFileStatus"] = UNSCANNED
    return item


def last_commits(
    db: sqlite3.Connection, repo: Repo, head: history.Commit, paths: list[str]
) -> dict[str, history.Commit]:
    """Return, for each path, the newest commit that changed it."""
    commits: dict[str, history.Commit] = {}
    pending = {path: _oid_at(db, head.tree, path) for path in paths}
    commit = head
    while pending:
        parent = history.load(db, repo.id, commit.parent) if commit.parent else None
        if parent is None:
            commits |= dict.fromkeys(pending, commit)
            break
        for path, oid in list(pending.items()):
            if parent.tree != commit.tree and _oid_at(db, parent.tree, path) != oid:
                commits[path] = commit
                del pending[path]
        commit = parent
    return commits


def _oid_at(db: sqlite3.Connection, tree: str, path: str) -> str:
    entry = git.entry_at(db, tree, path)
    return entry.oid if entry else ""


# ── download ─────────────────────────────────────────────────────────────────────────────────


def _entry_not_found(commit: history.Commit, path: str) -> HubError:
    return HubError(
        404, f"{path[:200]} does not exist on \"{commit.oid}\"", "EntryNotFound",
        {"X-Repo-Commit": commit.oid},
    )  # fmt: skip


def resolve(request: Request) -> Response:
    """Return the content of a file or a part of it; HEAD describes the file."""
    hub, path = hub_of(request), path_param(request, "path")
    with hub.store.read() as db:
        repo, commit = requested_commit(request, db)
        gated.check(db, auth.current_user(request), repo)
        file = git.file_at(db, commit.tree, path)
    if file is None:
        raise _entry_not_found(commit, path)
    headers = _headers(commit, file, path)
    if f'"{file.etag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return download.blob_response(hub.store, file.sha256, headers, _media_type(path))


def _headers(commit: history.Commit, file: git.File, path: str) -> dict[str, str]:
    name = path.rsplit("/", 1)[-1]
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    headers = {
        "X-Repo-Commit": commit.oid,
        "ETag": f'"{file.etag}"',
        "Content-Disposition":
            f"inline; filename*=UTF-8''{quote(name, safe='')}; filename=\"{plain}\";",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Expose-Headers":
            "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,ETag,Link,Accept-Ranges,"
            "Content-Range,X-Linked-Size,X-Linked-ETag",
    }  # fmt: skip
    if file.lfs:
        headers |= {"X-Linked-Size": str(file.size), "X-Linked-ETag": f'"{file.sha256}"'}
    return headers


def _media_type(path: str) -> str:
    """Return a media type that no browser runs: text is plain text, pictures and sound remain."""
    guess = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if guess.startswith(SHOWN_AS_TEXT):
        return "text/plain; charset=utf-8"
    return guess if guess.startswith(("image/", "audio/", "video/")) else "application/octet-stream"


BASES = ("/{namespace}/{name}", "/{repo_type:repo_type}/{namespace}/{name}")
ROUTES = [
    Route(REPO + "/tree/{rev}", tree),
    Route(REPO + "/tree/{rev}/{path:path}", tree),
    Route(REPO + "/paths-info/{rev}", paths_info, methods=["POST"]),
    *(Route(base + "/resolve/{rev}/{path:path}", resolve) for base in BASES),
]
