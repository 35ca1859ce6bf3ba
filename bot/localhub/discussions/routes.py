"""The Community tab: `/api/{type}s/{id}/discussions`, what one may do there and what follows.

The actions are also what the pages for people call; each is one transaction and then its event.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.events import Event, emit
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, flag, path_param, takes_json, text_field, whole
from bot.localhub.discussions import threads
from bot.localhub.repos import history, refs, repos
from bot.localhub.repos.repos import REPO, Repo

SCHEMA = threads.SCHEMA
PAGE = 50
TYPES = {"all": None, "discussion": False, "pull_request": True}


async def start(hub: Hub) -> None:
    """Offer to open the pull requests that come with a commit, and tell of every new one."""

    def pull_request(
        db: sqlite3.Connection, repo: Repo, author: str, title: str, description: str
    ) -> int:
        account = auth.account(db, author)
        assert account is not None
        return threads.add(hub, db, repo, account["id"], title, description, "open")

    hub.pull_request = pull_request
    hub.listeners.append(tell_of_pull_request)


async def stop(hub: Hub) -> None:
    """Listen no more."""
    hub.listeners.remove(tell_of_pull_request)


def tell_of_pull_request(hub: Hub, db: sqlite3.Connection, event: Event) -> None:
    """Follow the event of a new ref of a pull request with the one of its discussion."""
    for ref in event.updated_refs or []:
        if ref["ref"].startswith("refs/pr/") and ref["oldSha"] is None:
            repo = repos.load(db, event.repo_type, event.repo_name)
            assert repo is not None
            num = int(ref["ref"].rpartition("/")[2])
            emit(hub, db, told_of_new(hub, db, repo, num, event.actor))


# ── what follows ─────────────────────────────────────────────────────────────────────────────


def told(
    hub: Hub,
    db: sqlite3.Connection,
    repo: Repo,
    num: int,
    actor: str,
    what: str,
    comment: sqlite3.Row | None = None,
) -> Event:
    """Return the event to emit; `what` is action and scope, like "create discussion.comment"."""
    action, scope = what.split()
    about = threads.payload(hub, repo, threads.find(db, repo, num))
    said = threads.comment_payload(hub, repo, num, comment) if comment else None
    return Event(
        action, scope, repo.type, repo.name, repos.payload(hub, db, repo), actor, about, said
    )


def told_of_new(hub: Hub, db: sqlite3.Connection, repo: Repo, num: int, actor: str) -> Event:
    """Return the event of a thread that is there now, with its opening comment."""
    thread = threads.find(db, repo, num)
    query = f"{threads.SELECT_EVENT} WHERE e.discussion_id = ? ORDER BY e.seq LIMIT 1"
    first = db.execute(query, (thread["id"],)).fetchone()
    return told(hub, db, repo, num, actor, "create discussion", first)


# ── actions ──────────────────────────────────────────────────────────────────────────────────


def open_thread(
    hub: Hub, repo: Repo, user: User, title: str, text: str, pull_request: bool = False
) -> int:
    """Open a discussion, or an empty draft of a pull request; its number."""
    title = check_title(title)
    text = check_text(text)
    with hub.store.write() as db:
        check_may_speak(db, repo, user)
        num = threads.add(hub, db, repo, user.id, title, text, "draft" if pull_request else "")
        if pull_request:
            ref, head = threads.pull_ref(num), history.resolve(db, repo.id, history.MAIN).oid
            history.point(hub, db, repo.id, ref, head)
            event = refs.pushed(hub, db, repo, user.name, ref, None, head)
        else:
            event = told_of_new(hub, db, repo, num, user.name)
        emit(hub, db, event)
    return num


def comment(hub: Hub, repo: Repo, user: User, num: str, text: str) -> Json:
    """Answer; the event of the new comment."""
    text = check_text(text)
    with hub.store.write() as db:
        check_may_speak(db, repo, user)
        thread = threads.find(db, repo, num)
        row = threads.add_comment(hub, db, thread["id"], user.id, text)
        event = told(hub, db, repo, thread["num"], user.name, "create discussion.comment", row)
        emit(hub, db, event)
    return threads.event(row)


def change_comment(
    hub: Hub, repo: Repo, user: User, num: str, comment_id: str, text: str | None
) -> Json:
    """Edit a comment, or hide it for good (None); the event of the comment as it is now."""
    text = None if text is None else check_text(text)
    with hub.store.write() as db:
        thread = threads.find(db, repo, num)
        row = threads.event_by_id(db, thread["id"], comment_id)
        if row["type"] != "comment":
            raise HubError(400, "Only comments can be edited or hidden")
        check_author(db, repo, user, row["author_id"], "change this comment")
        row = threads.change_comment(hub, db, row, user.name, text)
        event = told(hub, db, repo, thread["num"], user.name, "update discussion.comment", row)
        emit(hub, db, event)
    return threads.event(row)


def rename(hub: Hub, repo: Repo, user: User, num: str, title: str) -> Json:
    """Give a thread another title; the event of it."""
    title = check_title(title)
    with hub.store.write() as db:
        thread = threads.find(db, repo, num)
        check_author(db, repo, user, thread["author_id"], "rename this discussion")
        db.execute("UPDATE discussions SET title = ? WHERE id = ?", (title, thread["id"]))
        data = {"from": thread["title"], "to": title}
        row = threads.add_event(hub, db, thread["id"], user.id, "title-change", data)
        event = told(hub, db, repo, thread["num"], user.name, "update discussion")
        emit(hub, db, event)
    return threads.event(row)


def set_status(hub: Hub, repo: Repo, user: User, num: str, status: str, text: str = "") -> Json:
    """Open or close a thread, with a comment if there is a text; the event of the status."""
    if status not in ("open", "closed"):
        raise HubError(400, '`status` must be "open" or "closed"')
    events: list[Event] = []
    with hub.store.write() as db:
        thread = threads.find(db, repo, num)
        check_author(db, repo, user, thread["author_id"], f"set this discussion to {status}")
        if thread["status"] == "merged":
            raise HubError(400, "A merged pull request stays merged")
        if text:
            said = threads.add_comment(hub, db, thread["id"], user.id, check_text(text))
            what = "create discussion.comment"
            events.append(told(hub, db, repo, thread["num"], user.name, what, said))
        db.execute("UPDATE discussions SET status = ? WHERE id = ?", (status, thread["id"]))
        data = {"status": status}
        row = threads.add_event(hub, db, thread["id"], user.id, "status-change", data)
        events.append(told(hub, db, repo, thread["num"], user.name, "update discussion"))
        for event in events:
            emit(hub, db, event)
    return threads.event(row)


def merge(hub: Hub, repo: Repo, user: User, num: str, text: str = "") -> str:
    """Bring an open pull request onto main; the hash of the commit."""
    with hub.store.write() as db:
        if not repos.may_write(db, user, repo):
            raise HubError(403, f"{user.name} may not merge into {repo.name}")
        thread = threads.find(db, repo, num)
        if not thread["is_pull_request"] or thread["status"] != "open":
            raise HubError(400, "Only an open pull request can be merged")
        main, head, _ = threads.sides(db, repo, thread)
        tree, conflicts = history.merged_tree(db, repo.id, main, head)
        if conflicts:
            raise HubError(409, f"Both sides changed {', '.join(conflicts[:5])}")
        title = f"{thread['title']} (#{thread['num']})"
        commit = history.add(hub, db, repo.id, tree, main.oid, user.name, title)
        repo = repos.advance(hub, db, repo, history.MAIN, commit)
        db.execute(
            "UPDATE discussions SET status = 'merged', merge_commit = ? WHERE id = ?",
            (commit.oid, thread["id"]),
        )
        if text:
            threads.add_comment(hub, db, thread["id"], user.id, check_text(text))
        threads.add_event(hub, db, thread["id"], user.id, "status-change", {"status": "merged"})
        events = [
            refs.pushed(hub, db, repo, user.name, history.MAIN, main.oid, commit.oid),
            told(hub, db, repo, thread["num"], user.name, "update discussion"),
        ]
        for event in events:
            emit(hub, db, event)
    return commit.oid


# ── what is allowed ──────────────────────────────────────────────────────────────────────────


def check_title(title: str) -> str:
    """Return the title without outer blanks; HubError 400 unless it has 3 to 200 characters."""
    title = " ".join(title.split())
    if not 3 <= len(title) <= 200:
        raise HubError(400, f"A title has 3 to 200 characters, this one {len(title)}")
    return title


def check_text(text: str) -> str:
    """Return the text; HubError 400 for an empty one."""
    if not text.strip():
        raise HubError(400, "A comment needs some text")
    return text


def check_may_speak(db: sqlite3.Connection, repo: Repo, user: User) -> None:
    """HubError 403 for a token that only reads; anybody else who sees the repo may speak."""
    scopes = {entity.lower() for entity, held in user.scoped if held == "discussion.write"}
    fine = user.role == "fineGrained" and scopes & {repo.name.lower(), repo.namespace.lower()}
    if user.role != "write" and not fine:
        raise HubError(403, "This token may not write in discussions")


def check_author(db: sqlite3.Connection, repo: Repo, user: User, author_id: str, what: str) -> None:
    """HubError 403 for somebody who neither wrote it nor has write access to the repo."""
    check_may_speak(db, repo, user)
    if user.id != author_id and not repos.may_write(db, user, repo):
        raise HubError(403, f"{user.name} may not {what}")


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def named(request: Request) -> tuple[Repo, User, str]:
    """Return the repo, the user and the number that a request is about."""
    with hub_of(request).store.read() as db:
        repo = repos.asked(request, db)
    return repo, auth.require(request), path_param(request, "num")


def read_filter(request: Request) -> threads.Filter:
    """Return what the query asks for; HubError 400 for values that mean nothing."""
    kind = request.query_params.get("type", "all")
    status = request.query_params.get("status", "all")
    if kind not in TYPES or status not in ("all", *threads.STATUSES):
        raise HubError(400, "`type` is all, discussion or pull_request; `status` all, open, closed")
    author = request.query_params.get("author")
    return threads.Filter(TYPES[kind], None if status == "all" else status, author)


def index(request: Request) -> Response:
    """List threads, newest first, a page `p` at a time."""
    start = PAGE * whole(request, "p", 0, 0, 1_000_000)
    which = read_filter(request)
    with hub_of(request).store.read() as db:
        repo = repos.asked(request, db)
        rows, total = threads.listed(db, repo.id, which, start, PAGE)
        opened = threads.listed(db, repo.id, threads.Filter(status="open"), 0, 0)[1]
    shown = [threads.summary(repo, row) for row in rows]
    counts = {"count": total, "start": start, "numOpenDiscussions": opened}
    return JSONResponse({"discussions": shown, **counts})


def create(request: Request, body: Json) -> Response:
    """Open a discussion or a pull request."""
    with hub_of(request).store.read() as db:
        repo = repos.asked(request, db)
    user, pull = auth.require(request), body.get("pullRequest") is True
    title, text = text_field(body, "title"), text_field(body, "description", "")
    num = open_thread(hub_of(request), repo, user, title, text, pull)
    url = f"{hub_of(request).url}{repo.web_path()}/discussions/{num}"
    return JSONResponse({"num": num, "url": url, "pullRequest": pull}, 201)


def show(request: Request) -> Response:
    """Tell a thread with its events."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        row = threads.find(db, repo, path_param(request, "num"))
        return JSONResponse(threads.details(hub, db, repo, row, flag(request, "diff")))


def on_thread(
    key: str, action: Callable[[Hub, Repo, User, str, Request, Json], object]
) -> Callable[[Request, Json], Response]:
    """Return a route's handler that does something to a thread and answers `{key: result}`."""

    def handler(request: Request, body: Json) -> Response:
        repo, user, num = named(request)
        return JSONResponse({key: action(hub_of(request), repo, user, num, request, body)})

    handler.__doc__ = action.__doc__
    return handler


def _comment(hub: Hub, repo: Repo, user: User, num: str, _: Request, body: Json) -> Json:
    """Answer in a thread."""
    return comment(hub, repo, user, num, text_field(body, "comment"))


def _edit(hub: Hub, repo: Repo, user: User, num: str, request: Request, body: Json) -> Json:
    """Replace the text of a comment."""
    which, text = path_param(request, "comment"), text_field(body, "content")
    return change_comment(hub, repo, user, num, which, text)


def _hide(hub: Hub, repo: Repo, user: User, num: str, request: Request, _: Json) -> Json:
    """Hide a comment and forget its text."""
    return change_comment(hub, repo, user, num, path_param(request, "comment"), None)


def _title(hub: Hub, repo: Repo, user: User, num: str, _: Request, body: Json) -> Json:
    """Give a thread another title."""
    return rename(hub, repo, user, num, text_field(body, "title"))


def _status(hub: Hub, repo: Repo, user: User, num: str, _: Request, body: Json) -> Json:
    """Open or close a thread."""
    status, text = text_field(body, "status"), text_field(body, "comment", "")
    return set_status(hub, repo, user, num, status, text)


def _merge(hub: Hub, repo: Repo, user: User, num: str, _: Request, body: Json) -> str:
    """Bring an open pull request onto main."""
    return merge(hub, repo, user, num, text_field(body, "comment", ""))


THREAD = f"{REPO}/discussions/{{num}}"
COMMENT = f"{THREAD}/comment/{{comment}}"
ROUTES = [
    Route(f"{REPO}/discussions", index),
    Route(f"{REPO}/discussions", takes_json(create), methods=["POST"]),
    Route(THREAD, show),
    *[
        Route(path, takes_json(on_thread(key, action)), methods=["POST"])
        for path, key, action in (
            (f"{THREAD}/comment", "newMessage", _comment),
            (f"{COMMENT}/edit", "updatedComment", _edit),
            (f"{COMMENT}/hide", "updatedComment", _hide),
            (f"{THREAD}/title", "newTitle", _title),
            (f"{THREAD}/status", "newStatus", _status),
            (f"{THREAD}/merge", "mergeCommitId", _merge),
        )
    ],
]
