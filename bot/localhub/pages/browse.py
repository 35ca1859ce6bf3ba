"""Pages that list: home, models, datasets, Spaces, what a user or an organisation has."""

from __future__ import annotations

import sqlite3

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import hub_of
from bot.localhub.core.wire import KINDS, HubError, path_param, whole
from bot.localhub.pages.community import latest
from bot.localhub.pages.layout import page, render
from bot.localhub.repos import info, repos
from bot.localhub.repos.repos import Repo

HOME_ROWS, HOME_THREADS, PAGE = 8, 6, 50


def listed(
    db: sqlite3.Connection,
    user: User | None,
    kind: str,
    query: dict[str, list[str]],
    most: int,
    skip: int = 0,
) -> list[Repo]:
    """Return repos of a type that the user may see, the last changed first."""
    where, values = info.conditions(user, info.own_namespaces(db, user), kind, query)
    rows = db.execute(
        f"{info.SELECT} WHERE {where} ORDER BY r.updated_at DESC, r.id DESC LIMIT ? OFFSET ?",
        (*values, most, skip),
    ).fetchall()
    found = [repos.of_row(row) for row in rows]
    return [repo for repo in found if repos.may_see(db, user, repo)]


def home(request: Request) -> Response:
    """What is new, of each kind, and who is here."""
    user = auth.who(request)
    with hub_of(request).store.read() as db:
        found = {kind: listed(db, user, kind, {}, HOME_ROWS) for kind in KINDS.values()}
        people = db.execute("SELECT * FROM accounts ORDER BY type, name LIMIT 50").fetchall()
        talk = latest(db, user, HOME_THREADS)
    return render(request, "home.html", repos=found, people=people, threads=talk)


def index(request: Request) -> Response:
    """All repos of a kind, searched and in pages."""
    user, kind = auth.who(request), repos.asked_kind(request)
    search, skip = request.query_params.get("search", "")[:200], whole(request, "p", 0, 0, 10_000)
    query = {"search": [search]} if search else {}
    with hub_of(request).store.read() as db:
        found = listed(db, user, kind, query, PAGE + 1, skip * PAGE)
    return render(
        request, "index.html", kind=kind, repos=found[:PAGE], search=search,
        page=skip, more=len(found) > PAGE,
    )  # fmt: skip


def search(request: Request) -> Response:
    """What is called so, of each kind."""
    user, words = auth.who(request), request.query_params.get("q", "")[:200]
    with hub_of(request).store.read() as db:
        found = {kind: listed(db, user, kind, {"search": [words]}, PAGE) for kind in KINDS.values()}
    return render(request, "search.html", repos=found, search=words)


def namespace(request: Request) -> Response:
    """What belongs to a user or an organisation."""
    user, name = auth.who(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        account = auth.account(db, name)
        if account is None:
            raise HubError(404, f"There is no user or organization {name[:100]}")
        query = {"author": [account["name"]]}
        found = {kind: listed(db, user, kind, query, 200) for kind in KINDS.values()}
        people = db.execute(
            "SELECT a.* FROM members m JOIN accounts a"
            " ON (m.org_id = ? AND a.id = m.user_id) OR (m.user_id = ? AND a.id = m.org_id)"
            " ORDER BY a.name",
            (account["id"], account["id"]),
        ).fetchall()
        insider = auth.may_read(db, user, account["name"])
    return render(
        request, "namespace.html", account=account, repos=found, people=people, insider=insider
    )


ROUTES = [
    Route("/", page(home)),
    Route("/search", page(search)),
    Route("/{kind:kind}", page(index)),
    Route("/{namespace}", page(namespace)),
]
