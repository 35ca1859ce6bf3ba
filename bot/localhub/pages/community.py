"""The Community tab: list, read, open, answer and close discussions."""

from __future__ import annotations

import sqlite3

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import hub_of
from bot.localhub.core.wire import HubError, Json, path_param, whole
from bot.localhub.discussions import routes, threads
from bot.localhub.pages.content import REPO, frame_of
from bot.localhub.pages.layout import page, render
from bot.localhub.pages.session import go, read_form, require
from bot.localhub.repos import repos
from bot.localhub.repos.repos import Repo

PAGE = 30


def told(repo: Repo, row: sqlite3.Row) -> Json:
    """Return a thread as lists show it, with the page of its repo."""
    return threads.summary(repo, row) | {"path": repo.web_path()}


def latest(db: sqlite3.Connection, user: User | None, most: int) -> list[Json]:
    """Return the threads in which something was said last, of all repos that the user may see."""
    rows = db.execute(
        f"{threads.SELECT} ORDER BY (SELECT max(seq) FROM discussion_events e"
        " WHERE e.discussion_id = d.id) DESC LIMIT ?",
        (most * 5,),
    ).fetchall()
    pairs = [(repos.by_id(db, row["repo_id"]), row) for row in rows]
    seen = [told(repo, row) for repo, row in pairs if repo and repos.may_see(db, user, repo)]
    return seen[:most]


def index(request: Request) -> Response:
    """The threads of a repo, the open ones unless asked otherwise."""
    status = request.query_params.get("status", "open")
    if status not in ("open", "closed", "all"):
        raise HubError(400, "`status` is open, closed or all")
    number = whole(request, "p", 0, 0, 100_000)
    which = threads.Filter(status=None if status == "all" else status)
    with hub_of(request).store.read() as db:
        repo = repos.asked(request, db)
        rows, total = threads.listed(db, repo.id, which, number * PAGE, PAGE)
        closed = threads.listed(db, repo.id, threads.Filter(status="closed"), 0, 0)[1]
        values = frame_of(db, request, repo, "community")
    return render(
        request, "community.html", threads=[told(repo, row) for row in rows],
        which=status, closed=closed, page=number, more=(number + 1) * PAGE < total, **values,
    )  # fmt: skip


def show(request: Request) -> Response:
    """A thread with everything that was said, and a place to answer."""
    hub, user = hub_of(request), auth.who(request)
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        row = threads.find(db, repo, path_param(request, "num"))
        details = threads.details(hub, db, repo, row, diff=bool(row["is_pull_request"]))
        values = frame_of(db, request, repo, "community")
    mine = user is not None and user.id == row["author_id"]
    return render(
        request, "thread.html", thread=details, may_close=mine or values["may_write"], **values
    )


def new(request: Request) -> Response:
    """The form of a new discussion; a link may fill it in by ``title`` and ``description``."""
    require(request)
    asked = request.query_params
    title, text = asked.get("title", "")[:200], asked.get("description", "")[:65536]
    with hub_of(request).store.read() as db:
        repo = repos.asked(request, db)
        values = frame_of(db, request, repo, "community")
    return render(request, "new_thread.html", title=title, text=text, problem="", **values)


async def create(request: Request) -> Response:
    """Open a discussion; what is wrong is told beside what was written."""
    fields = await read_form(request)
    return await run_in_threadpool(open_thread, request, fields)


def open_thread(request: Request, fields: dict[str, str]) -> Response:
    """Open it, or show the form again."""
    hub, user = hub_of(request), require(request)
    title, text = fields.get("title", ""), fields.get("text", "")
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        values = frame_of(db, request, repo, "community")
    try:
        num = routes.open_thread(hub, repo, user, title, text)
    except HubError as error:
        return render(
            request, "new_thread.html", error.status, title=title, text=text,
            problem=error.message, **values,
        )  # fmt: skip
    return go(f"{repo.web_path()}/discussions/{num}")


async def act(request: Request) -> Response:
    """Answer, close, reopen or merge, as the pressed button says."""
    fields = await read_form(request)
    return await run_in_threadpool(carry_out, request, fields)


def carry_out(request: Request, fields: dict[str, str]) -> Response:
    """Do what the form asks for."""
    hub, user, num = hub_of(request), require(request), path_param(request, "num")
    with hub.store.read() as db:
        repo = repos.asked(request, db)
    text, action = fields.get("text", "").strip(), fields.get("action", "")
    if action == "comment":
        routes.comment(hub, repo, user, num, text)
    elif action in ("open", "closed"):
        routes.set_status(hub, repo, user, num, action, text)
    elif action == "merge":
        routes.merge(hub, repo, user, num, text)
    else:
        raise HubError(400, "The form does not say what to do")
    return go(f"{repo.web_path()}/discussions/{num}#end")


ROUTES = [
    route
    for base in REPO
    for route in (
        Route(f"{base}/discussions", page(index)),
        Route(f"{base}/discussions", page(create), methods=["POST"]),
        Route(f"{base}/discussions/new", page(new)),
        Route(f"{base}/discussions/{{num}}", page(show)),
        Route(f"{base}/discussions/{{num}}", page(act), methods=["POST"]),
    )
]
