"""Commits and refs of a repo: resolves revisions, records commits, merges trees.

The only module that writes the tables `commits` and `refs`. Callers check permissions.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass, fields
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
CREATE INDEX IF NOT EXISTS commits_by_date ON commits (repo_id, date);
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
    """One commit. parent: `""` for the first one. author: a user name. date: ISO 8601."""

    oid: str
    tree: str
    parent: str
    author: str
    title: str
    message: str
    date: str


def _commit(row: sqlite3.Row) -> Commit:
    return Commit(*(row[field.name] for field in fields(Commit)))


def load(db: sqlite3.Connection, repo_id: str, oid: str) -> Commit | None:
    """Return the commit with this full hash."""
    row = db.execute(
        "SELECT * FROM commits WHERE repo_id = ? AND oid = ?", (repo_id, oid)
    ).fetchone()
    return _commit(row) if row else None


def ref_target(db: sqlite3.Connection, repo_id: str, ref: str) -> str | None:
    """Return the commit hash to which a full ref name (`refs/heads/main`) points."""
    row = db.execute(
        "SELECT target FROM refs WHERE repo_id = ? AND ref = ?", (repo_id, ref)
    ).fetchone()
    return str(row["target"]) if row else None


def find_ref(db: sqlite3.Connection, repo_id: str, revision: str) -> str | None:
    """Return the full ref name that a revision means: a full name, a branch, or a tag."""
    for ref in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
        if ref.startswith("refs/") and ref_target(db, repo_id, ref):
            return ref
    return None


def resolve(db: sqlite3.Connection, repo_id: str, revision: str) -> Commit:
    """Return the commit that a ref, branch, tag or hash (at least 7 digits) means.

    Raises HubError 404 RevisionNotFound.
    """
    ref = find_ref(db, repo_id, revision)
    if ref is not None:
        commit = load(db, repo_id, ref_target(db, repo_id, ref) or "")
        assert commit is not None
        return commit
    if HASH.fullmatch(revision):
        rows = db.execute(
            "SELECT * FROM commits WHERE repo_id = ? AND oid >= ? AND oid < ? LIMIT 2",
            (repo_id, revision, revision + "g"),
        ).fetchall()
        if len(rows) == 1:
            return _commit(rows[0])
    raise revision_not_found(revision)


def revision_not_found(revision: str) -> HubError:
    """Return the error for a revision that does not exist."""
    return HubError(404, f"Invalid rev id: {revision[:200]}", "RevisionNotFound")


def log(db: sqlite3.Connection, repo_id: str, oid: str, skip: int, limit: int) -> list[Commit]:
    """Return a commit and its ancestors, newest first."""
    rows = db.execute(
        "WITH RECURSIVE line(oid, n) AS (SELECT ?, 0 UNION ALL"
        "  SELECT c.parent, n + 1 FROM line JOIN commits c ON c.repo_id = ? AND c.oid = line.oid"
        "  WHERE c.parent != '' AND n + 1 < ?)"
        " SELECT c.* FROM line JOIN commits c ON c.repo_id = ? AND c.oid = line.oid"
        " WHERE n >= ? ORDER BY n",
        (oid, repo_id, skip + limit, repo_id, skip),
    ).fetchall()
    return [_commit(row) for row in rows]


def count(db: sqlite3.Connection, repo_id: str, oid: str) -> int:
    """Return the number of commits in a history."""
    row = db.execute(
        "WITH RECURSIVE line(oid) AS (SELECT ? UNION ALL SELECT c.parent FROM line"
        " JOIN commits c ON c.repo_id = ? AND c.oid = line.oid WHERE c.parent != '')"
        " SELECT count(*) AS n FROM line",
        (oid, repo_id),
    ).fetchone()
    return int(row["n"])


def count_since(db: sqlite3.Connection, repo_id: str, date: str) -> int:
    """Return how many commits of a repo are newer than a date."""
    query = "SELECT count(*) AS n FROM commits WHERE repo_id = ? AND date > ?"
    return int(db.execute(query, (repo_id, date)).fetchone()["n"])


def add_commit(
    hub: Hub,
    db: sqlite3.Connection,
    repo_id: str,
    tree: str,
    parent: str,
    author: str,
    title: str,
    message: str = "",
) -> Commit:
    """Record a commit under the hash that git would give it; no ref moves."""
    date = hub.now()
    seconds = int(datetime.fromisoformat(date).timestamp())
    signature = f"{author} <{author}@users.noreply.localhost> {seconds} +0000"
    lines = [f"tree {tree}", *([f"parent {parent}"] if parent else []),
             f"author {signature}", f"committer {signature}", "", title]  # fmt: skip
    text = "\n".join([*lines, *(["", message] if message else [])]) + "\n"
    oid = git.object_oid("commit", text.encode())
    db.execute(
        "INSERT OR IGNORE INTO commits VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (repo_id, oid, tree, parent, author, title, message, date),
    )
    return Commit(oid, tree, parent, author, title, message, date)


def set_ref(
    hub: Hub, db: sqlite3.Connection, repo_id: str, ref: str, oid: str, message: str = ""
) -> None:
    """Point a ref to a commit, and update the repo's modification date."""
    db.execute("INSERT OR REPLACE INTO refs VALUES (?, ?, ?, ?)", (repo_id, ref, oid, message))
    db.execute("UPDATE repos SET updated_at = ? WHERE id = ?", (hub.now(), repo_id))


def check_ref(name: str) -> str:
    """Return a branch or tag name; raises HubError 400 if git would not accept it."""
    if not REF.fullmatch(name) or HASH.fullmatch(name) and len(name) == 40:
        raise HubError(400, f"Invalid ref name: {name[:200]!r}")
    return name


def merge_base(db: sqlite3.Connection, repo_id: str, ours: str, theirs: str) -> str:
    """Return the nearest commit that both histories contain, `""` if there is none."""
    ancestors, oid = set(), ours
    while oid:
        ancestors.add(oid)
        commit = load(db, repo_id, oid)
        oid = commit.parent if commit else ""
    oid = theirs
    while oid and oid not in ancestors:
        commit = load(db, repo_id, oid)
        oid = commit.parent if commit else ""
    return oid


def merge_trees(
    db: sqlite3.Connection, repo_id: str, ours: Commit, theirs: Commit
) -> tuple[str, list[str]]:
    """Apply the changes of `theirs` to `ours`; return the tree and the paths in conflict.

    A path is in conflict if both sides changed it since their merge base, in different ways.
    """
    base = load(db, repo_id, merge_base(db, repo_id, ours.oid, theirs.oid))
    root = base.tree if base else ""
    our_changes = git.diff_trees(db, root, ours.tree)
    their_changes = git.diff_trees(db, root, theirs.tree)
    conflicts = [
        path
        for path, (_, new) in their_changes.items()
        if path in our_changes and our_changes[path][1] != new
    ]
    draft = git.TreeDraft(db, ours.tree)
    for path, (_, new) in sorted(their_changes.items(), key=lambda item: item[1][1] != ""):
        if path in conflicts:
            continue
        if new:
            draft.put(path, new)
        else:
            draft.remove(path)
    return draft.write(), conflicts
