"""Home, search, listings, and the page of a user or organization."""

from __future__ import annotations

import sqlite3

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.language import Language, find
from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import hub_of
from bot.localhub.core.records import Repo
from bot.localhub.core.wire import REPO_TYPES, HubError, int_param, path_param
from bot.localhub.pages.community import latest_threads
from bot.localhub.pages.layout import page, render
from bot.localhub.repos import info, repos

HOME_REPOS, HOME_THREADS, PAGE = 8, 6, 50


def _list_repos(
    db: sqlite3.Connection,
    user: User | None,
    repo_type: str,
    query: dict[str, list[str]],
    limit: int,
    skip: int = 0,
    words: str = "",
    languages: tuple[str, ...] = (),
) -> list[Repo]:
    """Return repos of a type that the user may see, most recently changed first."""
    own = info.own_namespaces(db, user)
    where, values = info.conditions(own, repo_type, query, words, languages)
    rows = db.execute(
        f"{info.SELECT} WHERE {where} ORDER BY r.updated_at DESC, r.id DESC LIMIT ? OFFSET ?",
        (*values, limit, skip),
    ).fetchall()
    page = [Repo.from_row(row) for row in rows]
    return [repo for repo in page if repos.may_see(db, user, repo)]


def _repos_by_type(
    db: sqlite3.Connection,
    user: User | None,
    query: dict[str, list[str]],
    limit: int,
    words: str = "",
    languages: tuple[str, ...] = (),
) -> dict[str, list[Repo]]:
    return {
        repo_type: _list_repos(db, user, repo_type, query, limit, 0, words, languages)
        for repo_type in REPO_TYPES.values()
    }


def home(request: Request) -> Response:
    """Show recent repos of each type, recent discussions, and all accounts."""
    user = auth.current_user(request)
    with hub_of(request).store.read() as db:
        by_type = _repos_by_type(db, user, {}, HOME_REPOS)
        accounts = db.execute("SELECT * FROM accounts ORDER BY type, name LIMIT 50").fetchall()
        threads = latest_threads(db, user, HOME_THREADS)
    by_type["space"].sort(key=lambda repo: repo.card.get("pinned") is not True)
    return render(request, "home.html", repos=by_type, accounts=accounts, threads=threads)


def index(request: Request) -> Response:
    """Show all repos of a type, filtered by name, in pages."""
    user, repo_type = auth.current_user(request), repos.requested_type(request)
    search = request.query_params.get("search", "")[:200]
    number = int_param(request, "p", 0, 0, 10_000)
    query = {"search": [search]} if search else {}
    with hub_of(request).store.read() as db:
        items = _list_repos(db, user, repo_type, query, PAGE + 1, number * PAGE)
    return render(
        request, "index.html", repo_type=repo_type, repos=items[:PAGE], search=search,
        page=number, more=len(items) > PAGE,
    )  # fmt: skip


def search(request: Request) -> Response:
    """Show the repos of each type whose name or card matches, or that are in a language.

    The language may be written with any of its names or codes. Discussions match by their title.
    """
    user, text = auth.current_user(request), request.query_params.get("q", "")[:200]
    with hub_of(request).store.read() as db:
        by_type = _repos_by_type(db, user, {}, PAGE, text, _language_codes(text))
        threads = latest_threads(db, user, PAGE, text)
    return render(request, "search.html", repos=by_type, threads=threads, search=text)


def _language_codes(name: str) -> tuple[str, ...]:
    """Return the codes by which cards name the language; none if the name means none."""
    match = find(name)
    if isinstance(match, Language):
        languages: tuple[Language, ...] = (match,)
    else:
        # The languages of an unknown name only have similar names.
        languages = () if match.reason == "unknown" else match.languages
    return tuple(
        {code for each in languages for code in (each.iso639_3, each.bcp47.partition("-")[0])}
    )


def namespace(request: Request) -> Response:
    """Show the repos and the members or organizations of an account."""
    user, name = auth.current_user(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        account = auth.find_account(db, name)
        if account is None:
            raise HubError(404, f"There is no user or organization {name[:100]}")
        by_type = _repos_by_type(db, user, {"author": [account["name"]]}, 200)
        related = db.execute(
            "SELECT a.* FROM members m JOIN accounts a"
            " ON (m.org_id = ? AND a.id = m.user_id) OR (m.user_id = ? AND a.id = m.org_id)"
            " ORDER BY a.name",
            (account["id"], account["id"]),
        ).fetchall()
        may_read = auth.may_read(db, user, account["name"])
    return render(
        request, "namespace.html", account=account, repos=by_type, related=related,
        may_read=may_read,
    )  # fmt: skip


ROUTES = [
    Route("/", page(home)),
    Route("/search", page(search)),
    Route("/{repo_type:repo_type}", page(index)),
    Route("/{namespace}", page(namespace)),
]
