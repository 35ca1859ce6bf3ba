"""Commits and refs of a repo: where a revision points, and how a branch moves on.

The only writer of the tables ``commits`` and ``refs``.  Permissions are settled before.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from bot.localhub.core.hub import Hub
from bot.localhub.core.wire import HubError
from bot.localhub.repos import git

SCHEMA = """
CREATE TABLE IF NOT EXISTS commits (
    repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE, oid TEXT NOT NULL,
    tree TEXT NOT NULL, parent TEXT NOT NULL, author TEXT NOT NULL, title TEXT NOT NULL,
    message TEXT NOT NULL, date TEXT NOT NULL, PRIMARY KEY (repo_id, oid)
);
CREATE TABLE IF NOT EXISTS refs (
    repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE, ref TEXT NOT NULL,
    target TEXT NOT NULL, message TEXT NOT NULL DEFAULT '', PRIMARY KEY (repo_id, ref)
);
"""

MAIN = "refs/heads/main"
STALE = "The branch was updated since you opened this page. Please refresh and try again."
HASH = re.compile(r"[0-9a-f]{7,40}")
REF = re.compile(
    r"(?![/.]|.*(?:\.\.|//|@\{|\.lock(?:/|$)|/\.))[^\x00-\x20\x7f~^:?*\[\\]{1,200}(?<![./])"
)


@dataclass(frozen=True)
class Commit:
    """One commit.  parent: ``""`` for the first.  author: a user name.  date: ISO."""

    oid: str
    tree: str
    parent: str
    author: str
    title: str
    message: str
    date: str


def _commit(row: sqlite3.Row) -> Commit:
    return Commit(*(row[k] for k in
                    ("oid", "tree", "parent", "author", "title", "message", "date")))  # fmt: skip


def load(db: sqlite3.Connection, repo_id: str, oid: str) -> Commit | None:
    """The commit of a repo with this full hash."""
    row = db.execute(
        "SELECT * FROM commits WHERE repo_id = ? AND oid = ?", (repo_id, oid)
    ).fetchone()
    return _commit(row) if row else None


def ref_target(db: sqlite3.Connection, repo_id: str, ref: str) -> str | None:
    """The commit hash that a full ref name (``refs/heads/main``) points to."""
    row = db.execute(
        "SELECT target FROM refs WHERE repo_id = ? AND ref = ?", (repo_id, ref)
    ).fetchone()
    return str(row["target"]) if row else None


def ref_named(db: sqlite3.Connection, repo_id: str, revision: str) -> str | None:
    """The full ref name that a revision means: as it is, a branch, or a tag."""
    for ref in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
        if ref.startswith("refs/") and ref_target(db, repo_id, ref):
            return ref
    return None


def resolve(db: sqlite3.Connection, repo_id: str, revision: str) -> Commit:
    """The commit that a ref, branch, tag or (short) hash means; HubError 404 RevisionNotFound."""
    ref = ref_named(db, repo_id, revision)
    if ref is not None:
        oid = ref_target(db, repo_id, ref)
        commit = load(db, repo_id, oid or "")
        assert commit is not None
        return commit
    if HASH.fullmatch(revision):
        rows = db.execute(
            "SELECT * FROM commits WHERE repo_id = ? AND oid >= ? AND oid < ? LIMIT 2",
            (repo_id, revision, revision + "g"),
        ).fetchall()
        if len(rows) == 1:
            return _commit(rows[0])
    raise HubError(404, f"Invalid rev id: {revision[:200]}", "RevisionNotFound")


def log(db: sqlite3.Connection, repo_id: str, oid: str, skip: int, most: int) -> list[Commit]:
    """Commits from one back through its parents, newest first."""
    rows = db.execute(
        "WITH RECURSIVE line(oid, n) AS (SELECT ?, 0 UNION ALL"
        "  SELECT c.parent, n + 1 FROM line JOIN commits c ON c.repo_id = ? AND c.oid = line.oid"
        "  WHERE c.parent != '' AND n + 1 < ?)"
        " SELECT c.* FROM line JOIN commits c ON c.repo_id = ? AND c.oid = line.oid"
        " WHERE n >= ? ORDER BY n",
        (oid, repo_id, skip + most, repo_id, skip),
    ).fetchall()
    return [_commit(row) for row in rows]


def count(db: sqlite3.Connection, repo_id: str, oid: str) -> int:
    """How many commits a history has."""
    row = db.execute(
        "WITH RECURSIVE line(oid) AS (SELECT ? UNION ALL SELECT c.parent FROM line"
        " JOIN commits c ON c.repo_id = ? AND c.oid = line.oid WHERE c.parent != '')"
        " SELECT count(*) AS n FROM line",
        (oid, repo_id),
    ).fetchone()
    return int(row["n"])


def add(
    hub: Hub,
    db: sqlite3.Connection,
    repo_id: str,
    tree: str,
    parent: str,
    author: str,
    title: str,
    message: str = "",
) -> Commit:
    """Record a commit of this moment; no ref moves."""
    return record(db, repo_id, tree, parent, author, title, message, hub.now())


def record(
    db: sqlite3.Connection,
    repo_id: str,
    tree: str,
    parent: str,
    author: str,
    title: str,
    message: str,
    date: str,
) -> Commit:
    """Record a commit, named as git would name it; no ref moves."""
    seconds = int(datetime.fromisoformat(date).timestamp())
    who = f"{author} <{author}@users.noreply.localhost> {seconds} +0000"
    lines = [f"tree {tree}", *([f"parent {parent}"] if parent else []),
             f"author {who}", f"committer {who}", "", title]  # fmt: skip
    text = "\n".join([*lines, *(["", message] if message else [])]) + "\n"
    oid = git.object_oid("commit", text.encode())
    commit = Commit(oid, tree, parent, author, title, message, date)
    db.execute(
        "INSERT OR IGNORE INTO commits VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (repo_id, oid, tree, parent, author, title, message, date),
    )
    return commit


def point(
    hub: Hub, db: sqlite3.Connection, repo_id: str, ref: str, oid: str, message: str = ""
) -> None:
    """Set a ref, and the repo's date of change."""
    db.execute("INSERT OR REPLACE INTO refs VALUES (?, ?, ?, ?)", (repo_id, ref, oid, message))
    db.execute("UPDATE repos SET updated_at = ? WHERE id = ?", (hub.now(), repo_id))


def check_ref(name: str) -> str:
    """A branch or tag name, as given; HubError 400 if git would not have it."""
    if not REF.fullmatch(name) or HASH.fullmatch(name) and len(name) == 40:
        raise HubError(400, f"Invalid ref name: {name[:200]!r}")
    return name


def merge_base(db: sqlite3.Connection, repo_id: str, one: str, other: str) -> str:
    """The nearest commit that both histories have, ``""`` for none."""
    seen, oid = set(), one
    while oid:
        seen.add(oid)
        commit = load(db, repo_id, oid)
        oid = commit.parent if commit else ""
    oid = other
    while oid and oid not in seen:
        commit = load(db, repo_id, oid)
        oid = commit.parent if commit else ""
    return oid


def merged_tree(
    db: sqlite3.Connection, repo_id: str, base: Commit, theirs: Commit
) -> tuple[str, list[str]]:
    """``theirs`` brought onto ``base``: the tree, and the paths that conflict.

    A path conflicts when both sides changed it since their common commit, differently.
    """
    common = load(db, repo_id, merge_base(db, repo_id, base.oid, theirs.oid))
    root = common.tree if common else ""
    ours = git.changed(db, root, base.tree)
    wanted = git.changed(db, root, theirs.tree)
    conflicts = [p for p, (_, new) in wanted.items() if p in ours and ours[p][1] != new]
    draft = git.Draft(db, base.tree)
    for path, (_, new) in sorted(wanted.items(), key=lambda item: item[1][1] != ""):
        if path in conflicts:
            continue
        if new:
            draft.put(path, new)
        else:
            draft.remove(path)
    return draft.write(), conflicts
