"""How content gets in: ``preupload`` says how to send each file, ``commit`` takes them all or none.

The body of a commit is spooled to disk and read line by line, so memory stays flat; contents are
durable before the one transaction that makes the commit.
"""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.events import Event, emit
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.store import CHUNK, Batch
from bot.localhub.core.wire import HubError, Json, flag, path_param, takes_json, text_field
from bot.localhub.repos import cards, git, history, patterns, repos
from bot.localhub.repos.refs import pushed
from bot.localhub.repos.repos import REPO, Repo

COMMIT_LIMIT = 1 << 30
LINE_LIMIT = 16 << 20
REGULAR_LIMIT = 10 << 20
MOST_OPERATIONS = 50_000
MOST_PREUPLOAD = 256


@dataclass
class Draft:
    """A commit as posted.  changes: (path, file) to put, (path, None) to remove, in order."""

    title: str = ""
    message: str = ""
    parent: str = ""
    changes: list[tuple[str, git.File | None]] = field(default_factory=list)


# ── preupload ────────────────────────────────────────────────────────────────────────────────


def preupload(request: Request, body: Json) -> Response:
    """For each file: regular or LFS, ignored or not, and what is there now."""
    hub = hub_of(request)
    files = body.get("files")
    if not isinstance(files, list) or len(files) > MOST_PREUPLOAD:
        raise HubError(400, f'"files" must be a list of at most {MOST_PREUPLOAD}')
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        _check_push(db, auth.require_writer(request), repo, request)
        head = history.resolve(db, repo.id, path_param(request, "rev"))
        lfs = patterns.lfs_patterns(_text_at(hub, db, head.tree, ".gitattributes"))
        ignored = body.get("gitIgnore")
        if not isinstance(ignored, str):
            ignored = _text_at(hub, db, head.tree, ".gitignore")
        rules = patterns.ignore_rules(ignored)
        answer = [_mode(db, head.tree, file, lfs, rules) for file in files]
    return JSONResponse({"files": answer, "commitOid": head.oid})


def _mode(
    db: sqlite3.Connection, tree: str, file: object, lfs: list[tuple[str, bool]], rules: list[str]
) -> Json:
    if not isinstance(file, dict):
        raise HubError(400, "Each of the files must be an object")
    path, size = git.check_path(text_field(file, "path")), file.get("size")
    if not isinstance(size, int) or size < 0:
        raise HubError(400, f'The "size" of {path} must be a number of bytes')
    try:
        sample = base64.b64decode(text_field(file, "sample", ""))
    except (binascii.Error, ValueError) as error:
        raise HubError(400, f'The "sample" of {path} is not base64') from error
    large = size > 0 and (patterns.is_lfs(path, lfs) or size >= REGULAR_LIMIT or b"\0" in sample)
    answer: Json = {
        "path": path,
        "uploadMode": "lfs" if large else "regular",
        "shouldIgnore": patterns.is_ignored(path, rules),
    }
    if there := git.file_at(db, tree, path):
        answer["oid"] = there.etag
    return answer


def _text_at(hub: Hub, db: sqlite3.Connection, tree: str, path: str) -> str:
    file = git.file_at(db, tree, path)
    if file is None or file.size > CHUNK:
        return ""
    return hub.store.blob_path(file.sha256).read_text(encoding="utf-8", errors="replace")


# ── commit ───────────────────────────────────────────────────────────────────────────────────


async def commit(request: Request) -> Response:
    """Take a commit as newline-delimited JSON."""
    hub = hub_of(request)
    await run_in_threadpool(_check_door, request)
    with tempfile.TemporaryFile(dir=hub.store.incoming) as spool:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > COMMIT_LIMIT:
                raise HubError(413, f"A commit's body must have at most {COMMIT_LIMIT} bytes")
            spool.write(piece)
        spool.seek(0)
        return await run_in_threadpool(_take, request, spool)


def _check_door(request: Request) -> None:
    """Refuse before the body is read where the answer cannot depend on it."""
    with hub_of(request).store.read() as db:
        repo = repos.asked(request, db)
        _check_push(db, auth.require_writer(request), repo, request)


def _check_push(db: sqlite3.Connection, user: User, repo: Repo, request: Request) -> None:
    opens = flag(request, "create_pr")
    if opens or repos.may_write(db, user, repo):
        return
    ref = path_param(request, "rev")
    if ref.startswith("refs/pr/") and _opened_by(db, repo, ref) == user.id:
        return
    raise HubError(
        403,
        "You are not authorized to push to this repo: pass `create_pr=1` as a query parameter to"
        " create a Pull Request",
    )


def _opened_by(db: sqlite3.Connection, repo: Repo, ref: str) -> str:
    """The id of the user who opened the pull request of a ref."""
    number = ref.removeprefix("refs/pr/")
    row = db.execute(
        "SELECT author_id FROM discussions WHERE repo_id = ? AND num = ?", (repo.id, number)
    ).fetchone()
    return str(row["author_id"]) if row else ""


def _take(request: Request, spool: IO[bytes]) -> Response:
    hub, user = hub_of(request), auth.require_writer(request)
    draft = _read(hub, request, spool)
    with hub.store.write() as db:
        repo = repos.asked(request, db)
        _check_push(db, user, repo, request)
        answer, event = _apply(hub, db, repo, user, request, draft)
        emit(hub, db, event)
    return JSONResponse(answer)


def _read(hub: Hub, request: Request, spool: IO[bytes]) -> Draft:
    """The posted lines as a Draft, with every regular file's content stored."""
    draft = Draft()
    with hub.store.read() as db:
        repo = repos.asked(request, db)
    with hub.store.batch() as batch:
        for number, (key, value) in enumerate(_lines(spool)):
            if number > MOST_OPERATIONS:
                raise HubError(413, f"A commit must have at most {MOST_OPERATIONS} operations")
            if (key == "header") != (number == 0):
                raise HubError(400, "The first line of a commit, and no other, must be its header")
            if key == "header":
                _read_header(draft, value)
            else:
                draft.changes.append(_read_operation(hub, batch, repo, key, value))
    if not draft.title:
        raise HubError(400, "A commit must begin with a header that has a summary")
    return draft


def _lines(spool: IO[bytes]) -> Iterator[tuple[str, Json]]:
    while line := spool.readline(LINE_LIMIT + 1):
        if len(line) > LINE_LIMIT:
            raise HubError(413, f"A line of a commit must have at most {LINE_LIMIT} bytes")
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            key, value = item["key"], item["value"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise HubError(400, "Each line of a commit must be JSON with key and value") from error
        if not isinstance(key, str) or not isinstance(value, dict):
            raise HubError(400, "Each line of a commit must be JSON with key and value")
        yield key, value


def _read_header(draft: Draft, value: Json) -> None:
    summary = text_field(value, "summary").strip()
    draft.title, _, more = summary.partition("\n")
    description = text_field(value, "description", "").strip()
    draft.message = "\n\n".join(part for part in (more.strip(), description) if part)
    draft.parent = text_field(value, "parentCommit", "")


def _read_operation(
    hub: Hub, batch: Batch, repo: Repo, key: str, value: Json
) -> tuple[str, git.File | None]:
    path = text_field(value, "path")
    if key == "deletedFolder":
        path = path.rstrip("/")
    git.check_path(path)
    if key == "file":
        return path, _regular(batch, repo, path, value)
    if key == "lfsFile":
        return path, _large(hub, repo, path, value)
    if key in ("deletedFile", "deletedFolder"):
        return path, None
    raise HubError(400, f"A commit cannot hold a line with the key {key[:50]!r}")


def _regular(batch: Batch, repo: Repo, path: str, value: Json) -> git.File:
    content = text_field(value, "content", most=LINE_LIMIT)
    if value.get("encoding") == "base64":
        try:
            data = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise HubError(400, f"The content of {path} is not base64") from error
    else:
        data = content.encode()
    if len(data) > REGULAR_LIMIT:
        raise HubError(422, f"{path} is over {REGULAR_LIMIT} bytes: it must be sent through LFS")
    if path == repos.README:
        _check_card(repo, data)
    return git.File(git.object_oid("blob", data), batch.put(data), len(data), False)


def _check_card(repo: Repo, data: bytes) -> None:
    found = cards.read_card(data.decode("utf-8", "replace"), repo.type)
    if found.errors:
        raise HubError(400, "Invalid metadata in README.md. " + " ".join(found.errors))


def _large(hub: Hub, repo: Repo, path: str, value: Json) -> git.File:
    """An LFS file: this repo must hold its content, of the size that is told (if it is)."""
    oid = text_field(value, "oid")
    if value.get("algo", "sha256") != "sha256":
        raise HubError(400, f'The "algo" of {path} must be sha256')
    with hub.store.read() as db:
        row = db.execute(
            "SELECT size FROM lfs_objects WHERE repo_id = ? AND sha256 = ?", (repo.id, oid)
        ).fetchone()
    if row is None or not hub.store.has_blob(oid):
        raise HubError(
            400, f"{path}: LFS pointer pointed to a file that does not exist: upload it first"
        )
    if value.get("size") not in (None, row["size"]):
        raise HubError(422, f"{path}: the LFS object has {row['size']} bytes, not the size told")
    return git.lfs_file(oid, row["size"])


def _apply(
    hub: Hub, db: sqlite3.Connection, repo: Repo, user: User, request: Request, draft: Draft
) -> tuple[Json, Event]:
    """Make the commit on its branch, or on a new pull request."""
    opens = flag(request, "create_pr")
    ref = history.ref_named(db, repo.id, path_param(request, "rev"))
    if ref is None or not ref.startswith(
        ("refs/heads/",) if opens else ("refs/heads/", "refs/pr/")
    ):
        revision = path_param(request, "rev")[:200]
        raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    head = history.resolve(db, repo.id, ref)
    if draft.parent and history.resolve(db, repo.id, draft.parent).oid != head.oid:
        raise HubError(412, history.STALE)
    made = history.add(
        hub, db, repo.id, _new_tree(hub, db, head, draft), head.oid, user.name, draft.title,
        draft.message,
    )  # fmt: skip
    answer: Json = {
        "success": True,
        "commitOid": made.oid,
        "commitUrl": f"{hub.url}{repo.web_path()}/commit/{made.oid}",
        "hookOutput": "",
    }
    old: str | None = head.oid
    if opens:
        number = _open(hub, db, repo, user, draft)
        ref, old = f"refs/pr/{number}", None
        answer["pullRequestUrl"] = f"{hub.url}{repo.web_path()}/discussions/{number}"
    repo = repos.advance(hub, db, repo, ref, made)
    return answer, pushed(hub, db, repo, user.name, ref, old, made.oid)


def _open(hub: Hub, db: sqlite3.Connection, repo: Repo, user: User, draft: Draft) -> int:
    if hub.pull_request is None:
        raise HubError(501, "The local Hub does not serve pull requests")
    return hub.pull_request(db, repo, user.name, draft.title, draft.message)


def _new_tree(hub: Hub, db: sqlite3.Connection, head: history.Commit, draft: Draft) -> str:
    tree = git.Draft(db, head.tree)
    for path, file in draft.changes:
        if file is not None:
            if not hub.store.has_blob(file.sha256):
                raise HubError(503, f"The content of {path} was deleted meanwhile: send it again")
            git.save_file(db, file)
            tree.put(path, file.oid)
        elif not tree.remove(path):
            raise HubError(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
    return tree.write()


ROUTES = [
    Route(REPO + "/preupload/{rev}", takes_json(preupload), methods=["POST"]),
    Route(REPO + "/commit/{rev}", commit, methods=["POST"]),
]
