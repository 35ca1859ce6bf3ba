"""What is in a repo and how it gets out: tree, paths-info, download.

Content is served from the resolve address itself (a redirect on the same origin would lose the
headers that clients go by) and never as something a browser would run.
"""

from __future__ import annotations

import mimetypes
import sqlite3
from collections.abc import Iterable
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.hub import hub_of
from bot.localhub.core.wire import (
    HubError,
    Json,
    body_bytes,
    flag,
    listing,
    parse_json,
    path_param,
    whole,
)
from bot.localhub.repos import download, gated, git, history, repos
from bot.localhub.repos.repos import REPO, Repo

PAGE, EXPANDED_PAGE = 1000, 100
MOST_PATHS = 2000
SAFE = {"status": "unscanned", "avScan": None, "pickleImportScan": None}
PLAIN = ("text/", "application/json", "application/xml", "application/javascript", "image/svg")
CLOSED = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; sandbox"


def asked_commit(request: Request, db: sqlite3.Connection) -> tuple[Repo, history.Commit]:
    """The repo and the commit in the path (``rev``)."""
    repo = repos.asked(request, db)
    return repo, history.resolve(db, repo.id, path_param(request, "rev"))


def asked_file(request: Request, path: str) -> tuple[history.Commit, git.File]:
    """The commit and the file in the path; HubError EntryNotFound, or GatedRepo where it is."""
    with hub_of(request).store.read() as db:
        repo, commit = asked_commit(request, db)
        gated.check(db, auth.who(request), repo)
        file = git.file_at(db, commit.tree, path)
    if file is None:
        raise _no_entry(commit, path)
    return commit, file


# ── listings ─────────────────────────────────────────────────────────────────────────────────


def tree(request: Request) -> Response:
    """The files and folders of a folder."""
    hub, expand = hub_of(request), flag(request, "expand")
    under = path_param(request, "path").strip("/") if "path" in request.path_params else ""
    most = EXPANDED_PAGE if expand else PAGE
    limit = whole(request, "limit", most, 1, most)
    start = whole(request, "cursor", 0, 0, 1 << 30)
    with hub.store.read() as db:
        repo, commit = asked_commit(request, db)
        folder = git.entry_at(db, commit.tree, under)
        if folder is None or not folder.is_folder:
            raise _no_entry(commit, under)
        found = list(git.walk(db, folder.oid, under, flag(request, "recursive")))
        page = found[start : start + limit]
        items = _items(db, repo, commit, page, expand)
    following = start + limit if start + limit < len(found) else None
    response = listing(request, items, hub.url, following)
    response.headers["X-Repo-Commit"] = commit.oid
    return response


async def paths_info(request: Request) -> Response:
    """The same items for chosen paths; what is not there is left out."""
    paths, expand = _form(request, await body_bytes(request))
    if len(paths) > MOST_PATHS:
        raise HubError(413, f"At most {MOST_PATHS} paths at once")
    return await run_in_threadpool(_paths_info, request, paths, expand)


def _form(request: Request, body: bytes) -> tuple[list[str], bool]:
    """``paths`` and ``expand`` of a form-encoded or JSON body."""
    if "json" in request.headers.get("content-type", ""):
        data = parse_json(body)
        paths, expand = data.get("paths", []), data.get("expand", False)
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise HubError(400, '"paths" must be a list of strings')
        return paths, bool(expand)
    try:
        form = parse_qs(body.decode("utf-8"), keep_blank_values=True, errors="strict")
    except (UnicodeDecodeError, ValueError) as error:
        raise HubError(400, "The form is not valid UTF-8") from error
    return form.get("paths", []), form.get("expand", [""])[0].lower() in ("true", "1")


def _paths_info(request: Request, paths: list[str], expand: bool) -> Response:
    with hub_of(request).store.read() as db:
        repo, commit = asked_commit(request, db)
        found = []
        for path in dict.fromkeys(p.strip("/") for p in paths):
            entry = git.entry_at(db, commit.tree, path) if path else None
            if entry is not None:
                found.append((path, entry))
        return JSONResponse(_items(db, repo, commit, found, expand))


def _items(
    db: sqlite3.Connection, repo: Repo, commit: history.Commit,
    found: Iterable[tuple[str, git.Entry]], expand: bool,
) -> list[Json]:  # fmt: skip
    pairs = list(found)
    last = last_commits(db, repo, commit, [path for path, _ in pairs]) if expand else {}
    return [_item(db, path, entry, last.get(path)) for path, entry in pairs]


def _item(db: sqlite3.Connection, path: str, entry: git.Entry, last: history.Commit | None) -> Json:
    item: Json = {"type": "directory", "oid": entry.oid, "size": 0, "path": path}
    if not entry.is_folder:
        file = git.load_file(db, entry.oid)
        item |= {"type": "file", "size": file.size}
        if file.lfs:
            item["lfs"] = {
                "oid": file.sha256, "size": file.size, "pointerSize": file.pointer_size
            }  # fmt: skip
    if last:
        item["lastCommit"] = {"id": last.oid, "title": last.title, "date": last.date}
        if not entry.is_folder:
            item["securityFileStatus"] = SAFE
    return item


def last_commits(
    db: sqlite3.Connection, repo: Repo, head: history.Commit, paths: list[str]
) -> dict[str, history.Commit]:
    """For each path, the newest commit that changed it."""
    found: dict[str, history.Commit] = {}
    open_paths = {path: _oid_at(db, head.tree, path) for path in paths}
    commit = head
    while open_paths:
        parent = history.load(db, repo.id, commit.parent) if commit.parent else None
        if parent is None:
            found |= dict.fromkeys(open_paths, commit)
            break
        for path, oid in list(open_paths.items()):
            if parent.tree != commit.tree and _oid_at(db, parent.tree, path) != oid:
                found[path] = commit
                del open_paths[path]
        commit = parent
    return found


def _oid_at(db: sqlite3.Connection, tree: str, path: str) -> str:
    entry = git.entry_at(db, tree, path)
    return entry.oid if entry else ""


# ── download ─────────────────────────────────────────────────────────────────────────────────


def _no_entry(commit: history.Commit, path: str) -> HubError:
    return HubError(
        404, f"{path[:200]} does not exist on \"{commit.oid}\"", "EntryNotFound",
        {"X-Repo-Commit": commit.oid},
    )  # fmt: skip


def resolve(request: Request) -> Response:
    """A file's content, or a part of it; HEAD tells what it is."""
    hub, path = hub_of(request), path_param(request, "path")
    commit, file = asked_file(request, path)
    headers = _headers(commit, file, path)
    if f'"{file.etag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return download.stored(hub.store, file.sha256, headers, _type(path))


def raw(request: Request) -> Response:
    """A file as git has it: for a large one, its pointer."""
    hub, path = hub_of(request), path_param(request, "path")
    commit, file = asked_file(request, path)
    headers = _headers(commit, file, path)
    if file.lfs:
        del headers["X-Linked-Size"], headers["X-Linked-ETag"]
        headers["ETag"] = f'"{file.oid}"'
        return Response(git.pointer(file.sha256, file.size), headers=headers,
                        media_type="text/plain")  # fmt: skip
    return download.stored(hub.store, file.sha256, headers, _type(path))


def lfs_object(request: Request) -> Response:
    """An LFS object by its hash, for whoever may read the repo that holds it."""
    hub, oid = hub_of(request), path_param(request, "oid")
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        gated.check(db, auth.who(request), repo)
        row = db.execute(
            "SELECT 1 FROM lfs_objects WHERE repo_id = ? AND sha256 = ?", (repo.id, oid)
        ).fetchone()
    if row is None:
        raise HubError(404, "This repo holds no such object", "EntryNotFound")
    return download.stored(hub.store, oid, {}, "application/octet-stream")


def _headers(commit: history.Commit, file: git.File, path: str) -> dict[str, str]:
    name = path.rsplit("/", 1)[-1]
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    headers = {
        "X-Repo-Commit": commit.oid,
        "ETag": f'"{file.etag}"',
        "Content-Disposition":
            f"inline; filename*=UTF-8''{quote(name, safe='')}; filename=\"{plain}\";",
        "Content-Security-Policy": CLOSED,
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Expose-Headers":
            "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,ETag,Link,Accept-Ranges,"
            "Content-Range,X-Linked-Size,X-Linked-ETag",
    }  # fmt: skip
    if file.lfs:
        headers |= {"X-Linked-Size": str(file.size), "X-Linked-ETag": f'"{file.sha256}"'}
    return headers


def _type(path: str) -> str:
    """A media type no browser runs: text as plain text, pictures and sound as they are."""
    guess = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if guess.startswith(PLAIN):
        return "text/plain; charset=utf-8"
    return guess if guess.startswith(("image/", "audio/", "video/")) else "application/octet-stream"


BASES = ("/{namespace}/{name}", "/{kind:kind}/{namespace}/{name}")
ROUTES = [
    Route(REPO + "/tree/{rev}", tree),
    Route(REPO + "/tree/{rev}/{path:path}", tree),
    Route(REPO + "/paths-info/{rev}", paths_info, methods=["POST"]),
    *(Route(base + "/resolve/{rev}/{path:path}", resolve) for base in BASES),
    *(Route(base + "/raw/{rev}/{path:path}", raw) for base in BASES),
    *(Route(base + ".git/lfs/{oid}", lfs_object) for base in BASES),
]
