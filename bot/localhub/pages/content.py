"""Pages of a repo: its card, its files, its history, a commit; a Space's app."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localhub.compute import spaces
from bot.localhub.core import auth
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, path_param, whole
from bot.localhub.discussions import diffs, threads
from bot.localhub.pages.layout import page, render
from bot.localhub.repos import cards, files, git, history, repos
from bot.localhub.repos.info import View
from bot.localhub.repos.repos import Repo

LARGEST_SHOWN = 512 * 1024
MOST_ENTRIES, COMMITS = 1000, 50
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")


@dataclass(frozen=True)
class Row:
    """A line of the file list."""

    name: str
    path: str
    is_folder: bool
    size: int
    lfs: bool
    last: history.Commit | None


def frame_of(db: sqlite3.Connection, request: Request, repo: Repo, tab: str) -> dict[str, Any]:
    """Return what the head of every page of a repo shows."""
    likes = db.execute("SELECT count(*) AS n FROM likes WHERE repo_id = ?", (repo.id,)).fetchone()
    opened = threads.listed(db, repo.id, threads.Filter(status="open"), 0, 0)[1]
    return {
        "repo": repo,
        "tab": tab,
        "likes": likes["n"],
        "open_threads": opened,
        "may_write": repos.may_write(db, auth.who(request), repo),
    }


def text_of(hub: Hub, file: git.File | None) -> str | None:
    """Return a file as text, None if it is none or too long."""
    if file is None or file.size > LARGEST_SHOWN:
        return None
    data = hub.store.blob_path(file.sha256).read_bytes()
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def card(request: Request) -> Response:
    """The repo's card; for a Space its app, which wakes."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        if repo.type == "space":
            return app(request, db, repo)
        commit = history.resolve(db, repo.id, history.MAIN)
        text = text_of(hub, git.file_at(db, commit.tree, repos.README)) or ""
        view = View(hub, db, repo, commit)
        facts = {
            "library": view.library() if repo.type == "model" else None,
            "parameters": view.safetensors() if repo.type == "model" else None,
            "bytes": view.used_storage(),
            "trained": view.linked("model", "datasets") if repo.type == "dataset" else [],
            "spaces": view.linked("space", "models" if repo.type == "model" else "datasets"),
        }
        values = frame_of(db, request, repo, "card")
    return render(request, "card.html", text=cards.body_of(text), facts=facts, **values)


def app(request: Request, db: sqlite3.Connection, repo: Repo) -> Response:
    """A Space's app in a frame, or what it is doing instead."""
    hub = hub_of(request)
    runner = spaces.runner_of(hub)
    runtime = runner.runtime(db, repo)
    if runtime["stage"] == "SLEEPING":
        runner.wake(repo)
    values = frame_of(db, request, repo, "app")
    url = runner.keeper.url(repo.id) if runtime["stage"] == "RUNNING" else None
    if url and request.url.hostname != "localhost":
        # Cookies know no ports: under the Hub's own host name the app would get its session.
        url = url.replace("127.0.0.1", "localhost")
    # The app gets the page's query, so that a link can open it in a certain state.
    query = f"?{request.url.query}" if request.url.query else ""
    return render(request, "space.html", runtime=runtime, url=url, query=query, **values)


def revision(request: Request) -> str:
    """Return the revision in the path."""
    return path_param(request, "rev")


def tree(request: Request) -> Response:
    """The files of a folder, each with its last commit."""
    hub, rev = hub_of(request), revision(request)
    path = path_param(request, "path").strip("/") if "path" in request.path_params else ""
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        commit = history.resolve(db, repo.id, rev)
        folder = git.entry_at(db, commit.tree, path)
        if folder is None or not folder.is_folder:
            raise HubError(404, f"There is no folder {path[:200]} at {rev[:100]}")
        found = list(git.walk(db, folder.oid, path, recursive=False))
        shown = found[:MOST_ENTRIES]
        last = files.last_commits(db, repo, commit, [each for each, _ in shown])
        rows = [row(db, each, entry, last.get(each)) for each, entry in shown]
        values = frame_of(db, request, repo, "files")
        total = history.count(db, repo.id, commit.oid)
    rows.sort(key=lambda each: (not each.is_folder, each.name))
    return render(
        request, "tree.html", rows=rows, rev=rev, path=path, commit=commit, total=total,
        left_out=len(found) - len(shown), **values,
    )  # fmt: skip


def row(db: sqlite3.Connection, path: str, entry: git.Entry, last: history.Commit | None) -> Row:
    """Return a line of the file list."""
    if entry.is_folder:
        return Row(entry.name, path, True, 0, False, last)
    file = git.load_file(db, entry.oid)
    return Row(entry.name, path, False, file.size, file.lfs, last)


def blob(request: Request) -> Response:
    """A file: text as text, a picture as such, anything else to download."""
    hub, rev, path = hub_of(request), revision(request), path_param(request, "path")
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        commit = history.resolve(db, repo.id, rev)
        file = git.file_at(db, commit.tree, path)
        if file is None:
            raise HubError(404, f"There is no file {path[:200]} at {rev[:100]}")
        last = files.last_commits(db, repo, commit, [path]).get(path)
        values = frame_of(db, request, repo, "files")
    return render(
        request, "blob.html", file=file, rev=rev, path=path, text=text_of(hub, file), last=last,
        picture=path.lower().endswith(PICTURES), **values,
    )  # fmt: skip


def commits(request: Request) -> Response:
    """The history of a revision."""
    hub, rev, skip = hub_of(request), revision(request), whole(request, "p", 0, 0, 100_000)
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        head = history.resolve(db, repo.id, rev)
        found = history.log(db, repo.id, head.oid, skip * COMMITS, COMMITS + 1)
        values = frame_of(db, request, repo, "files")
    return render(
        request, "commits.html", commits=found[:COMMITS], rev=rev, page=skip,
        more=len(found) > COMMITS, **values,
    )  # fmt: skip


def commit_page(request: Request) -> Response:
    """What a commit changed."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        commit = history.resolve(db, repo.id, path_param(request, "oid"))
        parent = history.load(db, repo.id, commit.parent) if commit.parent else None
        diff = diffs.unified(hub.store, db, parent.tree if parent else "", commit.tree)
        values = frame_of(db, request, repo, "files")
    return render(request, "commit.html", commit=commit, diff=diff, **values)


REPO = ("/{kind:kind}/{namespace}/{name}", "/{namespace}/{name}")
ROUTES = [
    Route(base + path, page(handler))
    for base in REPO
    for path, handler in (
        ("/tree/{rev}", tree),
        ("/tree/{rev}/{path:path}", tree),
        ("/blob/{rev}/{path:path}", blob),
        ("/commits/{rev}", commits),
        ("/commit/{oid}", commit_page),
        ("", card),
    )
]
