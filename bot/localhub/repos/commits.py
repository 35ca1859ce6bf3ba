"""Commits: `preupload` says how to send each file, `commit` applies all changes or none.

The body of a commit is spooled to disk and read line by line, so memory use stays flat. Contents
are durable before the one transaction that makes the commit.
"""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import IO

from pathspec import GitIgnoreSpec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.clock import iso
from bot.localhub.core.events import emit
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Event, Json, Repo
from bot.localhub.core.store import CHUNK, Batch
from bot.localhub.core.wire import HubError, bool_param, json_endpoint, path_param, text_field
from bot.localhub.repos import cards, git, history, lfs, patterns, repos
from bot.localhub.repos.initial_files import README
from bot.localhub.repos.refs import ref_event
from bot.localhub.repos.repos import REPO

BODY_LIMIT = 1 << 30
LINE_LIMIT = 16 << 20
REGULAR_LIMIT = 10 << 20
MAX_OPERATIONS = 50_000
MAX_PREUPLOAD = 256


@dataclass
class CommitDraft:
    """A commit as it was posted.

    changes: (path, file) to write or (path, None) to remove, in order.
    """

    title: str = ""
    message: str = ""
    parent: str = ""
    changes: list[tuple[str, git.File | None]] = field(default_factory=list)


# ── preupload ────────────────────────────────────────────────────────────────────────────────


def preupload(request: Request, body: Json) -> Response:
    """For each file, say whether to use LFS, whether to ignore it, and what is there now."""
    hub = hub_of(request)
    files = body.get("files")
    if not isinstance(files, list) or len(files) > MAX_PREUPLOAD:
        raise HubError(400, f"`files` must be a list of at most {MAX_PREUPLOAD}")
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        _check_may_push(db, auth.require_write_token(request), repo, request)
        head = history.resolve(db, repo.id, path_param(request, "rev"))
        lfs_rules = patterns.LfsRules(_text_at(hub, db, head.tree, ".gitattributes"))
        ignored = body.get("gitIgnore")
        if not isinstance(ignored, str):
            ignored = _text_at(hub, db, head.tree, ".gitignore")
        ignore_rules = patterns.ignore_rules(ignored)
        answers = [_upload_mode(db, head.tree, file, lfs_rules, ignore_rules) for file in files]
    return JSONResponse({"files": answers, "commitOid": head.oid})


def _upload_mode(
    db: sqlite3.Connection,
    tree: str,
    file: object,
    lfs_rules: patterns.LfsRules,
    ignore_rules: GitIgnoreSpec,
) -> Json:
    if not isinstance(file, dict):
        raise HubError(400, "Each of the `files` must be an object")
    path, size = git.check_path(text_field(file, "path")), file.get("size")
    if not isinstance(size, int) or size < 0:
        raise HubError(400, f"The size of {path} must be a number of bytes")
    try:
        sample = base64.b64decode(text_field(file, "sample", ""))
    except (binascii.Error, ValueError) as error:
        raise HubError(400, f"The sample of {path} is not base64") from error
    is_large = size > 0 and (lfs_rules.match(path) or size >= REGULAR_LIMIT or b"\0" in sample)
    answer: Json = {
        "path": path,
        "uploadMode": "lfs" if is_large else "regular",
        "shouldIgnore": ignore_rules.match_file(path),
    }
    if existing := git.file_at(db, tree, path):
        answer["oid"] = existing.etag
    return answer


def _text_at(hub: Hub, db: sqlite3.Connection, tree: str, path: str) -> str:
    file = git.file_at(db, tree, path)
    if file is None or file.size > CHUNK:
        return ""
    return hub.store.blob_path(file.sha256).read_text(encoding="utf-8", errors="replace")


# ── commit ───────────────────────────────────────────────────────────────────────────────────


async def commit(request: Request) -> Response:
    """Make a commit from newline-delimited JSON."""
    hub = hub_of(request)
    await run_in_threadpool(_check_access, request)
    with tempfile.TemporaryFile(dir=hub.store.incoming) as spool:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > BODY_LIMIT:
                raise HubError(413, f"The body of a commit must have at most {BODY_LIMIT} bytes")
            spool.write(chunk)
        spool.seek(0)
        return await run_in_threadpool(_create_commit, request, spool)


def _check_access(request: Request) -> None:
    """Reject a request before its body is read, if the body cannot change the answer."""
    with hub_of(request).store.read() as db:
        repo = repos.requested_repo(request, db)
        _check_may_push(db, auth.require_write_token(request), repo, request)


def _check_may_push(db: sqlite3.Connection, user: User, repo: Repo, request: Request) -> None:
    if bool_param(request, "create_pr") or repos.may_write(db, user, repo):
        return
    ref = path_param(request, "rev")
    if ref.startswith("refs/pr/") and _pull_request_author(db, repo, ref) == user.id:
        return
    raise HubError(
        403,
        "You are not authorized to push to this repo: pass `create_pr=1` as a query parameter to"
        " create a Pull Request",
    )


def _pull_request_author(db: sqlite3.Connection, repo: Repo, ref: str) -> str:
    """Return the id of the user who opened the pull request of a ref."""
    number = ref.removeprefix("refs/pr/")
    row = db.execute(
        "SELECT author_id FROM discussions WHERE repo_id = ? AND num = ?", (repo.id, number)
    ).fetchone()
    return str(row["author_id"]) if row else ""


def _create_commit(request: Request, spool: IO[bytes]) -> Response:
    hub, user = hub_of(request), auth.require_write_token(request)
    draft = _read_draft(hub, request, spool)
    with hub.store.write() as db:
        repo = repos.requested_repo(request, db)
        _check_may_push(db, user, repo, request)
        _check_rate(hub, db, repo)
        answer, event = _apply(hub, db, repo, user, request, draft)
        emit(hub, db, event)
    return JSONResponse(answer)


def _check_rate(hub: Hub, db: sqlite3.Connection, repo: Repo) -> None:
    """Raise HubError 429 after too many commits to a repo within an hour."""
    limit = hub.rules.commits_per_hour
    since = iso(hub.clock.now() - timedelta(hours=1))
    if limit and history.count_since(db, repo.id, since) >= limit:
        raise HubError(
            429,
            f"You have exceeded the rate limit for repository commits ({limit} per hour). You can"
            " retry this action in about 1 hour.",
        )


def _read_draft(hub: Hub, request: Request, spool: IO[bytes]) -> CommitDraft:
    """Parse the posted lines and store the content of every regular file."""
    draft = CommitDraft()
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
    with hub.store.batch() as batch:
        for number, (key, value) in enumerate(_lines(spool)):
            if number > MAX_OPERATIONS:
                raise HubError(413, f"A commit must have at most {MAX_OPERATIONS} operations")
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


def _read_header(draft: CommitDraft, value: Json) -> None:
    summary = text_field(value, "summary").strip()
    draft.title, _, rest = summary.partition("\n")
    description = text_field(value, "description", "").strip()
    draft.message = "\n\n".join(part for part in (rest.strip(), description) if part)
    draft.parent = text_field(value, "parentCommit", "")


def _read_operation(
    hub: Hub, batch: Batch, repo: Repo, key: str, value: Json
) -> tuple[str, git.File | None]:
    path = text_field(value, "path")
    if key in ("deletedEntry", "deletedFolder"):
        path = path.rstrip("/")
    git.check_path(path)
    if key == "file":
        return path, _regular_file(hub, batch, repo, path, value)
    if key == "lfsFile":
        return path, _lfs_file(hub, repo, path, value)
    if key in ("deletedEntry", "deletedFile", "deletedFolder"):
        return path, None
    raise HubError(400, f"A commit cannot have a line with the key {key[:50]!r}")


def _regular_file(hub: Hub, batch: Batch, repo: Repo, path: str, value: Json) -> git.File:
    content = text_field(value, "content", max_length=LINE_LIMIT)
    if value.get("encoding") == "base64":
        try:
            data = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise HubError(400, f"The content of {path} is not base64") from error
    else:
        data = content.encode()
    if len(data) > REGULAR_LIMIT:
        raise HubError(422, f"{path} is larger than {REGULAR_LIMIT} bytes: upload it with LFS")
    if path == README:
        card = cards.read_card(data.decode("utf-8", "replace"), repo.type)
        if card.errors and hub.rules.card_metadata:
            raise HubError(400, "Invalid metadata in README.md. " + " ".join(card.errors))
    return git.File(git.object_oid("blob", data), batch.put(data), len(data), False)


def _lfs_file(hub: Hub, repo: Repo, path: str, value: Json) -> git.File:
    """Return an LFS file; its content must have been uploaded to this repo."""
    oid = text_field(value, "oid")
    if value.get("algo", "sha256") != "sha256":
        raise HubError(400, f"The algo of {path} must be sha256")
    with hub.store.read() as db:
        size = lfs.object_size(db, repo.id, oid)
    if size is None or not hub.store.has_blob(oid):
        raise HubError(400, f"{path}: LFS pointer pointed to a file that does not exist")
    if value.get("size") not in (None, size):
        raise HubError(422, f"{path}: the LFS object has {size} bytes, not the given size")
    return git.lfs_file(oid, size)


def _apply(
    hub: Hub, db: sqlite3.Connection, repo: Repo, user: User, request: Request, draft: CommitDraft
) -> tuple[Json, Event]:
    """Make the commit on its branch, or on the ref of a new pull request."""
    opens_pull_request = bool_param(request, "create_pr")
    revision = path_param(request, "rev")
    ref = history.find_ref(db, repo.id, revision)
    writable = ("refs/heads/",) if opens_pull_request else ("refs/heads/", "refs/pr/")
    if ref is None or not ref.startswith(writable):
        raise history.revision_not_found(revision)
    head = history.resolve(db, repo.id, ref)
    if draft.parent and history.resolve(db, repo.id, draft.parent).oid != head.oid:
        raise HubError(412, history.STALE)
    tree = _new_tree(db, head, draft)
    made = history.add_commit(
        hub, db, repo.id, tree, head.oid, user.name, draft.title, draft.message
    )
    answer: Json = {
        "success": True,
        "commitOid": made.oid,
        "commitUrl": f"{hub.url}{repo.web_path()}/commit/{made.oid}",
        "hookOutput": "",
    }
    old: str | None = head.oid
    if opens_pull_request:
        number = hub.open_pull_request(db, repo, user.name, draft.title, draft.message)
        ref, old = f"refs/pr/{number}", None
        answer["pullRequestUrl"] = f"{hub.url}{repo.web_path()}/discussions/{number}"
    repo = repos.move_ref(hub, db, repo, ref, made)
    return answer, ref_event(hub, db, repo, user.name, ref, old, made.oid)


def _new_tree(db: sqlite3.Connection, head: history.Commit, draft: CommitDraft) -> str:
    tree = git.TreeDraft(db, head.tree)
    for path, file in draft.changes:
        if file is not None:
            git.save_file(db, file)
            tree.put(path, file.oid)
        elif not tree.remove(path):
            raise HubError(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
    return tree.write()


ROUTES = [
    Route(REPO + "/preupload/{rev}", json_endpoint(preupload), methods=["POST"]),
    Route(REPO + "/commit/{rev}", commit, methods=["POST"]),
]
