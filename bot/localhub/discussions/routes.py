"""The Community tab under `/api/{type}s/{id}/discussions`: actions, permissions and routes.

The web pages call the same actions. Each action is one transaction that also emits its events.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.events import emit
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Event, Json, Repo
from bot.localhub.core.wire import (
    HubError,
    int_param,
    json_endpoint,
    path_param,
    text_field,
)
from bot.localhub.discussions import threads
from bot.localhub.repos import history, refs, repos
from bot.localhub.repos.repos import REPO

SCHEMA = threads.SCHEMA
PAGE = 50
TYPES = {"all": None, "discussion": False, "pull_request": True}


@asynccontextmanager
async def lifespan(hub: Hub) -> AsyncIterator[None]:
    """Let commits open pull requests, and emit an event for each of them."""

    def open_pull_request(
        db: sqlite3.Connection, repo: Repo, author: str, title: str, description: str
    ) -> int:
        account = auth.find_account(db, author)
        assert account is not None
        return threads.add(hub, db, repo, account["id"], title, description, is_pull_request=True)

    def on_event(db: sqlite3.Connection, event: Event) -> None:
        """Follow the event of a new ref of a pull request with that of its discussion."""
        for ref in event.updated_refs or []:
            if ref["ref"].startswith("refs/pr/") and ref["oldSha"] is None:
                repo = repos.load(db, event.repo_type, event.repo_name)
                assert repo is not None
                num = int(ref["ref"].rpartition("/")[2])
                emit(hub, db, _creation_event(hub, db, repo, num, event.actor))

    hub.open_pull_request = open_pull_request
    hub.listeners.append(on_event)
    yield
    hub.listeners.remove(on_event)


# ── events ───────────────────────────────────────────────────────────────────────────────────


def _event(
    hub: Hub,
    db: sqlite3.Connection,
    repo: Repo,
    num: int,
    actor: str,
    action: str,
    scope: str,
    comment: sqlite3.Row | None = None,
) -> Event:
    discussion = threads.webhook_payload(hub, repo, threads.find(db, repo, num))
    payload = threads.comment_webhook_payload(hub, repo, num, comment) if comment else None
    repo_payload = repos.webhook_payload(hub, db, repo)
    return Event(action, scope, repo.type, repo.name, repo_payload, actor, discussion, payload)


def _creation_event(hub: Hub, db: sqlite3.Connection, repo: Repo, num: int, actor: str) -> Event:
    """Return the event of a new thread, with its opening comment."""
    thread = threads.find(db, repo, num)
    query = f"{threads.SELECT_EVENT} WHERE e.discussion_id = ? ORDER BY e.seq LIMIT 1"
    opening = db.execute(query, (thread["id"],)).fetchone()
    return _event(hub, db, repo, num, actor, "create", "discussion", opening)


# ── actions ──────────────────────────────────────────────────────────────────────────────────


def open_discussion(hub: Hub, repo: Repo, user: User, title: str, text: str) -> int:
    """Open a discussion and return its number."""
    title = _check_title(title)
    with hub.store.write() as db:
        _check_may_comment(repo, user)
        num = threads.add(hub, db, repo, user.id, title, text, is_pull_request=False)
        emit(hub, db, _creation_event(hub, db, repo, num, user.name))
    return num


def comment(hub: Hub, repo: Repo, user: User, num: str, text: str) -> Json:
    """Add a comment and return its event."""
    text = _check_text(text)
    with hub.store.write() as db:
        _check_may_comment(repo, user)
        thread = threads.find(db, repo, num)
        _check_not_locked(thread)
        row = threads.add_comment(hub, db, thread["id"], user.id, text)
        emit(hub, db, _event(hub, db, repo, thread["num"], user.name, "create",
                             "discussion.comment", row))  # fmt: skip
        return threads.event_json(db, row)


def edit_comment(hub: Hub, repo: Repo, user: User, num: str, comment_id: str, text: str) -> Json:
    """Replace the text of a comment and return its event."""
    text = _check_text(text)
    with hub.store.write() as db:
        thread, row = _comment_to_change(db, repo, user, num, comment_id)
        row = threads.edit_comment(hub, db, row, user.id, text)
        emit(hub, db, _event(hub, db, repo, thread["num"], user.name, "update",
                             "discussion.comment", row))  # fmt: skip
        return threads.event_json(db, row)


def hide_comment(
    hub: Hub, repo: Repo, user: User, num: str, comment_id: str, reason: str | None
) -> Json:
    """Hide a comment for good and return its event."""
    with hub.store.write() as db:
        thread, row = _comment_to_change(db, repo, user, num, comment_id)
        row = threads.hide_comment(db, row, user.name, reason)
        emit(hub, db, _event(hub, db, repo, thread["num"], user.name, "update",
                             "discussion.comment", row))  # fmt: skip
        return threads.event_json(db, row)


def _comment_to_change(
    db: sqlite3.Connection, repo: Repo, user: User, num: str, comment_id: str
) -> tuple[sqlite3.Row, sqlite3.Row]:
    """Return a thread and its comment; raises HubError unless the user may change the comment."""
    thread = threads.find(db, repo, num)
    row = threads.event_by_id(db, thread["id"], comment_id)
    if row["type"] != "comment":
        raise HubError(400, "Only comments can be changed")
    _check_author(db, repo, user, row["author_id"], "change this comment")
    return thread, row


def pin(hub: Hub, repo: Repo, user: User, num: str, pinned: bool) -> None:
    """Pin a thread to the top of the listing, or unpin it."""
    with hub.store.write() as db:
        if not repos.may_write(db, user, repo):
            raise HubError(403, f"{user.name} may not pin discussions of {repo.name}")
        thread = threads.find(db, repo, num)
        threads.set_flag(hub, db, thread["id"], user.id, "pinned", pinned)


def set_status(hub: Hub, repo: Repo, user: User, num: str, status: str, text: str = "") -> Json:
    """Open or close a thread, optionally with a comment; return the event of the new status."""
    if status not in ("open", "closed"):
        raise HubError(400, "`status` must be open or closed")
    events: list[Event] = []
    with hub.store.write() as db:
        thread = threads.find(db, repo, num)
        _check_author(db, repo, user, thread["author_id"], f"set this discussion to {status}")
        if thread["status"] == "merged":
            raise HubError(400, "The status of a merged pull request cannot change")
        if text:
            row = threads.add_comment(hub, db, thread["id"], user.id, _check_text(text))
            events.append(_event(hub, db, repo, thread["num"], user.name, "create",
                                 "discussion.comment", row))  # fmt: skip
        db.execute("UPDATE discussions SET status = ? WHERE id = ?", (status, thread["id"]))
        data = {"status": status}
        row = threads.add_event(hub, db, thread["id"], user.id, "status-change", data)
        events.append(_event(hub, db, repo, thread["num"], user.name, "update", "discussion"))
        for event in events:
            emit(hub, db, event)
        return threads.event_json(db, row)


def merge(hub: Hub, repo: Repo, user: User, num: str, text: str = "") -> str:
    """Merge an open pull request into main and return the hash of the merge commit."""
    with hub.store.write() as db:
        if not repos.may_write(db, user, repo):
            raise HubError(403, f"{user.name} may not merge into {repo.name}")
        thread = threads.find(db, repo, num)
        if not thread["is_pull_request"] or thread["status"] != "open":
            raise HubError(400, "Only an open pull request can be merged")
        main, head, _ = threads.heads(db, repo, thread)
        tree, conflicts = history.merge_trees(db, repo.id, main, head)
        if conflicts:
            raise HubError(
                409, f"The pull request and main both changed {', '.join(conflicts[:5])}"
            )
        title = f"{thread['title']} (#{thread['num']})"
        commit = history.add_commit(hub, db, repo.id, tree, main.oid, user.name, title)
        repo = repos.move_ref(hub, db, repo, history.MAIN, commit)
        db.execute(
            "UPDATE discussions SET status = 'merged', merge_commit = ? WHERE id = ?",
            (commit.oid, thread["id"]),
        )
        if text:
            threads.add_comment(hub, db, thread["id"], user.id, _check_text(text))
        threads.add_event(hub, db, thread["id"], user.id, "status-change", {"status": "merged"})
        emit(hub, db, refs.ref_event(hub, db, repo, user.name, history.MAIN, main.oid, commit.oid))
        emit(hub, db, _event(hub, db, repo, thread["num"], user.name, "update", "discussion"))
    return commit.oid


# ── checks ───────────────────────────────────────────────────────────────────────────────────


def _check_title(title: str) -> str:
    """Return the title with normalized blanks; raises HubError 400 for a wrong length."""
    title = " ".join(title.split())
    if not 3 <= len(title) <= 200:
        raise HubError(400, f"A title must have 3 to 200 characters, not {len(title)}")
    return title


def _check_text(text: str) -> str:
    """Return the text; raises HubError 400 if it is empty."""
    if not text.strip():
        raise HubError(400, "A comment must not be empty")
    return text


def _check_not_locked(thread: sqlite3.Row) -> None:
    """Raise HubError 403 for a locked thread; what the Hub answers there is not documented."""
    if thread["locked"]:
        raise HubError(403, "This discussion is locked")


def _check_may_comment(repo: Repo, user: User) -> None:
    """Raise HubError 403 for a read-only token; everyone else who sees the repo may comment."""
    scopes = {entity.lower() for entity, granted in user.scoped if granted == "discussion.write"}
    is_in_scope = user.role == "fineGrained" and scopes & {
        repo.name.lower(),
        repo.namespace.lower(),
    }
    if user.role != "write" and not is_in_scope:
        raise HubError(403, "This token may not write in discussions")


def _check_author(
    db: sqlite3.Connection, repo: Repo, user: User, author_id: str, action: str
) -> None:
    """Raise HubError 403 unless the user is the author or has write access to the repo."""
    _check_may_comment(repo, user)
    if user.id != author_id and not repos.may_write(db, user, repo):
        raise HubError(403, f"{user.name} may not {action}")


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def _filter(request: Request) -> threads.Filter:
    """Return the filter in the query; raises HubError 400 for unknown values."""
    kind = request.query_params.get("type", "all")
    status = request.query_params.get("status", "all")
    if kind not in TYPES or status not in ("all", *threads.STATUSES):
        raise HubError(
            400,
            "`type` must be all, discussion or pull_request, and `status` all, open or closed",
        )
    return threads.Filter(
        TYPES[kind],
        None if status == "all" else status,
        request.query_params.get("author"),
        request.query_params.get("search"),
        pinned_first="sort" not in request.query_params,
    )


def index(request: Request) -> Response:
    """List threads, newest first; the query parameter `p` is the page.

    Pinned threads come first, unless the query has a `sort`.
    """
    start = PAGE * int_param(request, "p", 0, 0, 1_000_000)
    which = _filter(request)
    with hub_of(request).store.read() as db:
        repo = repos.requested_repo(request, db)
        rows, total = threads.select(db, repo.id, which, start, PAGE)
        items = [threads.summary_json(db, repo, row) for row in rows]
        counts = {"count": total, "start": start}
        if start == 0:
            counts["numClosedDiscussions"] = threads.count(db, repo.id, "closed")
    return JSONResponse({"discussions": items, **counts})


def create(request: Request, body: Json) -> Response:
    """Open a discussion."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
    user = auth.require_user(request)
    if body.get("pullRequest"):
        raise HubError(501, "The local Hub opens pull requests by commits with `create_pr=1` only")
    title, text = text_field(body, "title"), text_field(body, "description", "")
    num = open_discussion(hub, repo, user, title, text)
    url = f"{hub.url}{repo.web_path()}/discussions/{num}"
    return JSONResponse({"num": num, "url": url, "pullRequest": False})


def show(request: Request) -> Response:
    """Show a thread with its events."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        row = threads.find(db, repo, path_param(request, "num"))
        return JSONResponse(threads.thread_json(hub, db, repo, row))


def _thread_endpoint(
    key: str, action: Callable[[Hub, Repo, User, str, Request, Json], object], status: int = 200
) -> Callable[[Request, Json], Response]:
    """Return the handler of a route that acts on a thread and answers `{key: result}`."""

    def handler(request: Request, body: Json) -> Response:
        with hub_of(request).store.read() as db:
            repo = repos.requested_repo(request, db)
        user, num = auth.require_user(request), path_param(request, "num")
        return JSONResponse({key: action(hub_of(request), repo, user, num, request, body)}, status)

    handler.__doc__ = action.__doc__
    return handler


def _comment(hub: Hub, repo: Repo, user: User, num: str, _: Request, body: Json) -> Json:
    """Comment on a thread."""
    return comment(hub, repo, user, num, text_field(body, "comment"))


def _edit(hub: Hub, repo: Repo, user: User, num: str, request: Request, body: Json) -> Json:
    """Edit a comment."""
    comment_id, text = path_param(request, "comment"), text_field(body, "content")
    return edit_comment(hub, repo, user, num, comment_id, text)


def _hide(hub: Hub, repo: Repo, user: User, num: str, request: Request, body: Json) -> Json:
    """Hide a comment."""
    reason = text_field(body, "reason", "") or None
    return hide_comment(hub, repo, user, num, path_param(request, "comment"), reason)


def _pin(hub: Hub, repo: Repo, user: User, num: str, _: Request, body: Json) -> bool:
    """Pin or unpin a thread."""
    pinned = body.get("pinned")
    if not isinstance(pinned, bool):
        raise HubError(400, "`pinned` must be true or false")
    pin(hub, repo, user, num, pinned)
    return pinned


def _status(hub: Hub, repo: Repo, user: User, num: str, _: Request, body: Json) -> Json:
    """Open or close a thread."""
    status, text = text_field(body, "status"), text_field(body, "comment", "")
    return set_status(hub, repo, user, num, status, text)


def _merge(hub: Hub, repo: Repo, user: User, num: str, _: Request, body: Json) -> str:
    """Merge an open pull request into main."""
    return merge(hub, repo, user, num, text_field(body, "comment", ""))


THREAD = f"{REPO}/discussions/{{num}}"
ROUTES = [
    Route(f"{REPO}/discussions", index),
    Route(f"{REPO}/discussions", json_endpoint(create), methods=["POST"]),
    Route(THREAD, show),
    *[
        Route(THREAD + path, json_endpoint(_thread_endpoint(key, action, status)), methods=["POST"])
        for path, key, action, status in (
            ("/comment", "newMessage", _comment, 201),
            ("/comment/{comment}/edit", "updatedComment", _edit, 200),
            ("/comment/{comment}/hide", "updatedComment", _hide, 200),
            ("/status", "newStatus", _status, 200),
            ("/pin", "pinned", _pin, 200),
            ("/merge", "mergeCommitId", _merge, 200),
        )
    ],
]
