"""Pages of a repo: card, files, history, commit; for a Space, its app."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localhub.compute.hub import hub_of
from bot.localhub.compute.space_runner import SPACE_HOST
from bot.localhub.core import auth
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Repo
from bot.localhub.core.wire import HubError, int_param, path_param
from bot.localhub.discussions import diffs, threads
from bot.localhub.pages.layout import page, render
from bot.localhub.repos import cards, files, git, history, preview, repos
from bot.localhub.repos.info import RepoInfo
from bot.localhub.repos.initial_files import README

MAX_SHOWN_BYTES = 512 * 1024
MAX_ENTRIES, PAGE = 1000, 50
MAX_TABLES = 20  # parquet files that a dataset's page lists
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")


@dataclass(frozen=True)
class FileRow:
    """A row of the file list; size: in bytes."""

    name: str
    path: str
    is_folder: bool
    size: int
    lfs: bool
    last_commit: history.Commit | None


def repo_context(db: sqlite3.Connection, request: Request, repo: Repo, tab: str) -> dict[str, Any]:
    """Return the template variables that every page of a repo needs."""
    return {
        "repo": repo,
        "tab": tab,
        "open_count": threads.count(db, repo.id, "open"),
        "may_write": repos.may_write(db, auth.current_user(request), repo),
    }


def _text_of(hub: Hub, file: git.File | None) -> str | None:
    """Return a file as text, None if it is missing, too large or not text."""
    if file is None or file.size > MAX_SHOWN_BYTES:
        return None
    data = hub.store.blob_path(file.sha256).read_bytes()
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def card(request: Request) -> Response:
    """Show the repo's card; for a Space, show its app and wake it."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        if repo.type == "space":
            return _app(request, db, repo)
        commit = history.resolve(db, repo.id, history.MAIN)
        text = _text_of(hub, git.file_at(db, commit.tree, README)) or ""
        info = RepoInfo(hub, db, repo, commit)
        facts = {
            "library": info.library() if repo.type == "model" else None,
            "parameters": info.safetensors() if repo.type == "model" else None,
            "bytes": info.used_storage(),
            "models": info.linked("model", "datasets") if repo.type == "dataset" else [],
            "spaces": info.linked("space", "models" if repo.type == "model" else "datasets"),
        }
        tables = _tables(db, commit) if repo.type == "dataset" else {}
        context = repo_context(db, request, repo, "card")
    shown = next((path for path in tables if "train" in path), next(iter(tables), ""))
    return render(
        request, "card.html", text=cards.body_of(text), facts=facts, tables=tables, shown=shown,
        preview=_preview_of(hub, shown, tables[shown]) if tables else None, **context,
    )  # fmt: skip


def _tables(db: sqlite3.Connection, commit: history.Commit) -> dict[str, git.File]:
    """Return the first of the dataset's parquet files by path."""
    oids = git.all_files(db, commit.tree)
    paths = sorted(path for path in oids if path.endswith(preview.SUFFIX))
    return {path: git.load_file(db, oids[path]) for path in paths[:MAX_TABLES]}


def _preview_of(hub: Hub, path: str, file: git.File) -> preview.Preview | None:
    """Return the first rows of a parquet file; None for any other file."""
    if not path.endswith(preview.SUFFIX):
        return None
    return preview.read_preview(hub.store.blob_path(file.sha256))


def _app(request: Request, db: sqlite3.Connection, repo: Repo) -> Response:
    """Show a Space's app in a frame, or its stage if it is not running."""
    hub = hub_of(request)
    runtime = hub.spaces.runtime(db, repo)
    if runtime["stage"] == "SLEEPING":
        hub.spaces.wake(repo)
    context = repo_context(db, request, repo, "app")
    url = hub.spaces.processes.url(repo.id) if runtime["stage"] == "RUNNING" else None
    if url and request.url.hostname != SPACE_HOST:
        url = url.replace("127.0.0.1", SPACE_HOST)
    # The app gets the page's query, so that a link can open it in a certain state.
    query = f"?{request.url.query}" if request.url.query else ""
    return render(request, "space.html", runtime=runtime, url=url, query=query, **context)


def tree(request: Request) -> Response:
    """Show the files in a folder, each with its last commit."""
    hub, rev = hub_of(request), path_param(request, "rev")
    path = path_param(request, "path").strip("/") if "path" in request.path_params else ""
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        commit = history.resolve(db, repo.id, rev)
        folder = git.entry_at(db, commit.tree, path)
        if folder is None or not folder.is_folder:
            raise HubError(404, f"There is no folder {path[:200]} at {rev[:100]}")
        entries = list(git.walk(db, folder.oid, path, recursive=False))
        shown = entries[:MAX_ENTRIES]
        commits = files.last_commits(db, repo, commit, [name for name, _ in shown])
        rows = [_file_row(db, name, entry, commits.get(name)) for name, entry in shown]
        context = repo_context(db, request, repo, "files")
        commit_count = history.count(db, repo.id, commit.oid)
    rows.sort(key=lambda row: (not row.is_folder, row.name))
    return render(
        request, "tree.html", rows=rows, rev=rev, path=path, commit=commit,
        commit_count=commit_count, omitted=len(entries) - len(shown), **context,
    )  # fmt: skip


def _file_row(
    db: sqlite3.Connection, path: str, entry: git.Entry, last_commit: history.Commit | None
) -> FileRow:
    if entry.is_folder:
        return FileRow(entry.name, path, True, 0, False, last_commit)
    file = git.load_file(db, entry.oid)
    return FileRow(entry.name, path, False, file.size, file.lfs, last_commit)


def blob(request: Request) -> Response:
    """Show a text file or a picture; offer any other file as a download."""
    hub, rev, path = hub_of(request), path_param(request, "rev"), path_param(request, "path")
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        commit = history.resolve(db, repo.id, rev)
        file = git.file_at(db, commit.tree, path)
        if file is None:
            raise HubError(404, f"There is no file {path[:200]} at {rev[:100]}")
        last_commit = files.last_commits(db, repo, commit, [path]).get(path)
        context = repo_context(db, request, repo, "files")
    return render(
        request, "blob.html", file=file, rev=rev, path=path, text=_text_of(hub, file),
        preview=_preview_of(hub, path, file), last_commit=last_commit,
        is_picture=path.lower().endswith(IMAGE_SUFFIXES), **context,
    )  # fmt: skip


def commits(request: Request) -> Response:
    """Show the history of a revision."""
    hub, rev = hub_of(request), path_param(request, "rev")
    number = int_param(request, "p", 0, 0, 100_000)
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        head = history.resolve(db, repo.id, rev)
        items = history.log(db, repo.id, head.oid, number * PAGE, PAGE + 1)
        context = repo_context(db, request, repo, "files")
    return render(
        request, "commits.html", commits=items[:PAGE], rev=rev, page=number,
        more=len(items) > PAGE, **context,
    )  # fmt: skip


def commit_page(request: Request) -> Response:
    """Show the changes of a commit."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        commit = history.resolve(db, repo.id, path_param(request, "oid"))
        parent = history.load(db, repo.id, commit.parent) if commit.parent else None
        diff = diffs.unified(hub.store, db, parent.tree if parent else "", commit.tree)
        context = repo_context(db, request, repo, "files")
    return render(request, "commit.html", commit=commit, diff=diff, **context)


REPO_PAGES = ("/{repo_type:repo_type}/{namespace}/{name}", "/{namespace}/{name}")
ROUTES = [
    Route(base + path, page(handler))
    for base in REPO_PAGES
    for path, handler in (
        ("/tree/{rev}", tree),
        ("/tree/{rev}/{path:path}", tree),
        ("/blob/{rev}/{path:path}", blob),
        ("/commits/{rev}", commits),
        ("/commit/{oid}", commit_page),
        ("", card),
    )
]
