"""The Community tab: read, open, comment on and close discussions."""

from __future__ import annotations

import sqlite3

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import hub_of
from bot.localhub.core.records import Json, Repo
from bot.localhub.core.wire import HubError, int_param, path_param
from bot.localhub.discussions import routes, threads
from bot.localhub.pages.content import REPO_PAGES, repo_context
from bot.localhub.pages.layout import page, render
from bot.localhub.pages.session import read_form, redirect, require_login
from bot.localhub.repos import repos

PAGE = 30


def _thread_item(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> Json:
    """Return a thread as listings show it, with the path of its repo's page."""
    return threads.summary_json(db, repo, row) | {"path": repo.web_path()}


def latest_threads(
    db: sqlite3.Connection, user: User | None, limit: int, words: str = ""
) -> list[Json]:
    """Return the threads with the newest events, from all repos that the user may see.

    Their titles contain the words.
    """
    rows = db.execute(
        f"{threads.SELECT} WHERE instr(lower(d.title), lower(?)) ORDER BY"
        " (SELECT max(seq) FROM discussion_events e WHERE e.discussion_id = d.id) DESC LIMIT ?",
        (words, limit * 5),
    ).fetchall()
    pairs = [(repos.by_id(db, row["repo_id"]), row) for row in rows]
    visible = [
        _thread_item(db, repo, row) for repo, row in pairs if repo and repos.may_see(db, user, repo)
    ]
    return visible[:limit]


def index(request: Request) -> Response:
    """List the threads of a repo, by default the open ones."""
    status = request.query_params.get("status", "open")
    if status not in ("open", "closed", "all"):
        raise HubError(400, "`status` must be open, closed or all")
    number = int_param(request, "p", 0, 0, 100_000)
    which = threads.Filter(status=None if status == "all" else status)
    with hub_of(request).store.read() as db:
        repo = repos.requested_repo(request, db)
        rows, total = threads.select(db, repo.id, which, number * PAGE, PAGE)
        items = [_thread_item(db, repo, row) for row in rows]
        closed_count = threads.count(db, repo.id, "closed")
        context = repo_context(db, request, repo, "community")
    return render(
        request, "community.html", threads=items,
        status=status, closed_count=closed_count, page=number, more=(number + 1) * PAGE < total,
        **context,
    )  # fmt: skip


def show(request: Request) -> Response:
    """Show a thread with its events and a form to comment."""
    hub, user = hub_of(request), auth.current_user(request)
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        row = threads.find(db, repo, path_param(request, "num"))
        thread = threads.thread_json(hub, db, repo, row)
        diff = threads.pull_request_diff(hub, db, repo, row) if thread["isPullRequest"] else ""
        context = repo_context(db, request, repo, "community")
    is_author = user is not None and user.id == row["author_id"]
    may_close = is_author or context["may_write"]
    return render(request, "thread.html", thread=thread, diff=diff, may_close=may_close, **context)


def new(request: Request) -> Response:
    """Show the form of a new discussion; a link may fill in `title` and `description`."""
    require_login(request)
    query = request.query_params
    title, text = query.get("title", "")[:200], query.get("description", "")[:65536]
    with hub_of(request).store.read() as db:
        repo = repos.requested_repo(request, db)
        context = repo_context(db, request, repo, "community")
    return render(request, "new_thread.html", title=title, text=text, problem="", **context)


async def create(request: Request) -> Response:
    """Open a discussion; if something is wrong, show the form again with its contents."""
    fields = await read_form(request)
    return await run_in_threadpool(_open_discussion, request, fields)


def _open_discussion(request: Request, fields: dict[str, str]) -> Response:
    hub, user = hub_of(request), require_login(request)
    title, text = fields.get("title", ""), fields.get("text", "")
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        context = repo_context(db, request, repo, "community")
    try:
        num = routes.open_discussion(hub, repo, user, title, text)
    except HubError as error:
        return render(
            request, "new_thread.html", error.status, title=title, text=text,
            problem=error.message, **context,
        )  # fmt: skip
    return redirect(f"{repo.web_path()}/discussions/{num}")


async def submit(request: Request) -> Response:
    """Comment, close, reopen or merge, depending on the button that was pressed."""
    fields = await read_form(request)
    return await run_in_threadpool(_perform, request, fields)


def _perform(request: Request, fields: dict[str, str]) -> Response:
    hub, user, num = hub_of(request), require_login(request), path_param(request, "num")
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
    text, action = fields.get("text", "").strip(), fields.get("action", "")
    if action == "comment":
        routes.comment(hub, repo, user, num, text)
    elif action in ("open", "closed"):
        routes.set_status(hub, repo, user, num, action, text)
    elif action == "merge":
        routes.merge(hub, repo, user, num, text)
    else:
        raise HubError(400, "The form does not say what to do")
    return redirect(f"{repo.web_path()}/discussions/{num}#end")


ROUTES = [
    route
    for base in REPO_PAGES
    for route in (
        Route(f"{base}/discussions", page(index)),
        Route(f"{base}/discussions", page(create), methods=["POST"]),
        Route(f"{base}/discussions/new", page(new)),
        Route(f"{base}/discussions/{{num}}", page(show)),
        Route(f"{base}/discussions/{{num}}", page(submit), methods=["POST"]),
    )
]
