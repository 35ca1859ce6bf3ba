"""The table of discussions and pull requests (threads), and how one is told.

A thread is a row and its events; comments are events, the opening text is the first. The commits of
a pull request are not stored a second time: they are read from the history of its ref. Who may do
what, and what happens, is the matter of `discussions.py`.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from bot.localhub.core import auth
from bot.localhub.core.hub import Hub
from bot.localhub.core.wire import HubError, Json
from bot.localhub.discussions import diffs, markdown
from bot.localhub.repos import history
from bot.localhub.repos.repos import Repo

SCHEMA = """
CREATE TABLE IF NOT EXISTS discussions (
    id TEXT PRIMARY KEY, repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE,
    num INTEGER NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL,
    author_id TEXT NOT NULL REFERENCES accounts(id), is_pull_request INTEGER NOT NULL,
    merge_commit TEXT, created_at TEXT NOT NULL, UNIQUE (repo_id, num)
);
CREATE TABLE IF NOT EXISTS discussion_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    discussion_id TEXT NOT NULL REFERENCES discussions(id) ON DELETE CASCADE,
    type TEXT NOT NULL, author_id TEXT NOT NULL REFERENCES accounts(id),
    created_at TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_of_discussion ON discussion_events (discussion_id, seq);
"""
SELECT = (
    "SELECT d.*, a.name AS author_name, (SELECT count(*) FROM discussion_events e"
    " WHERE e.discussion_id = d.id AND e.type = 'comment') AS comments"
    " FROM discussions d JOIN accounts a ON a.id = d.author_id"
)
SELECT_EVENT = (
    "SELECT e.*, a.name AS author_name FROM discussion_events e"
    " JOIN accounts a ON a.id = e.author_id"
)
STATUSES = {"open": ("open", "draft"), "closed": ("closed", "merged")}
HIDDEN = "This comment has been hidden"
MOST_COMMITS = 100


@dataclass(frozen=True)
class Filter:
    """Which threads to list: None means all."""

    is_pull_request: bool | None = None
    status: str | None = None
    author: str | None = None


def pull_ref(num: int) -> str:
    """Return the ref of a pull request."""
    return f"refs/pr/{num}"


# ── reading and writing the table ────────────────────────────────────────────────────────────


def listed(
    db: sqlite3.Connection, repo_id: str, which: Filter, start: int, most: int
) -> tuple[list[sqlite3.Row], int]:
    """Return a page of threads, newest first, and how many there are in all."""
    where, values = ["d.repo_id = ?"], [repo_id]
    if which.is_pull_request is not None:
        where.append(f"d.is_pull_request = {int(which.is_pull_request)}")
    if which.status is not None:
        where.append("d.status IN (?, ?)")
        values += STATUSES[which.status]
    if which.author is not None:
        where.append("a.name = ?")
        values.append(which.author)
    condition = " AND ".join(where)
    total = db.execute(
        "SELECT count(*) AS n FROM discussions d JOIN accounts a ON a.id = d.author_id"
        f" WHERE {condition}",
        values,
    ).fetchone()["n"]
    query = f"{SELECT} WHERE {condition} ORDER BY d.num DESC LIMIT ? OFFSET ?"
    return db.execute(query, [*values, most, start]).fetchall(), int(total)


def find(db: sqlite3.Connection, repo: Repo, num: str | int) -> sqlite3.Row:
    """Return a thread; HubError 404 if there is none of this number."""
    if not str(num).isdecimal() or len(str(num)) > 12:
        raise HubError(404, f"There is no discussion {str(num)[:20]!r}")
    row: sqlite3.Row | None = db.execute(
        f"{SELECT} WHERE d.repo_id = ? AND d.num = ?", (repo.id, int(num))
    ).fetchone()
    if row is None:
        raise HubError(404, f"There is no discussion {num} in {repo.name}")
    return row


def add(
    hub: Hub, db: sqlite3.Connection, repo: Repo, author_id: str, title: str, text: str, status: str
) -> int:
    """Create a thread with its opening comment; a status of "" means a plain discussion."""
    thread_id = auth.new_id()
    num: int = db.execute(
        "SELECT coalesce(max(num), 0) + 1 AS num FROM discussions WHERE repo_id = ?", (repo.id,)
    ).fetchone()["num"]
    db.execute(
        "INSERT INTO discussions VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)",
        (thread_id, repo.id, num, title, status or "open", author_id, int(bool(status)), hub.now()),
    )
    add_comment(hub, db, thread_id, author_id, text)
    return num


def add_comment(
    hub: Hub, db: sqlite3.Connection, thread_id: str, author_id: str, text: str
) -> sqlite3.Row:
    """Append a comment and return its event."""
    data = {"edited": False, "hidden": False, "raw": text, "history": []}
    return add_event(hub, db, thread_id, author_id, "comment", data)


def add_event(
    hub: Hub, db: sqlite3.Connection, thread_id: str, author_id: str, kind: str, data: Json
) -> sqlite3.Row:
    """Append an event and return it."""
    event_id = auth.new_id()
    db.execute(
        "INSERT INTO discussion_events (id, discussion_id, type, author_id, created_at, data)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (event_id, thread_id, kind, author_id, hub.now(), json.dumps(data)),
    )
    return event_by_id(db, thread_id, event_id)


def event_by_id(db: sqlite3.Connection, thread_id: str, event_id: str) -> sqlite3.Row:
    """Return an event of a thread; HubError 404 if there is none."""
    row: sqlite3.Row | None = db.execute(
        f"{SELECT_EVENT} WHERE e.discussion_id = ? AND e.id = ?", (thread_id, event_id)
    ).fetchone()
    if row is None:
        raise HubError(404, "There is no such comment in this discussion")
    return row


def change_comment(
    hub: Hub, db: sqlite3.Connection, row: sqlite3.Row, editor: str, text: str | None
) -> sqlite3.Row:
    """Replace a comment's text, keeping the old one; None hides it and forgets every text."""
    data = json.loads(row["data"])
    if text is None:
        data |= {"hidden": True, "raw": HIDDEN, "history": []}
    else:
        past = {"raw": data["raw"], "date": data.get("updated", row["created_at"])}
        data |= {"edited": True, "raw": text, "history": [past, *data["history"]]}
    data |= {"updated": hub.now(), "editor": editor}
    db.execute("UPDATE discussion_events SET data = ? WHERE id = ?", (json.dumps(data), row["id"]))
    return event_by_id(db, row["discussion_id"], row["id"])


# ── the wire ─────────────────────────────────────────────────────────────────────────────────


def summary(repo: Repo, row: sqlite3.Row) -> Json:
    """Return a thread as lists show it."""
    return {
        "num": row["num"],
        "title": row["title"],
        "author": {"name": row["author_name"], "_id": row["author_id"]},
        "createdAt": row["created_at"],
        "status": row["status"],
        "repo": {"name": repo.name, "type": repo.type},
        "isPullRequest": bool(row["is_pull_request"]),
        "numComments": row["comments"],
    }


def details(
    hub: Hub, db: sqlite3.Connection, repo: Repo, row: sqlite3.Row, diff: bool = False
) -> Json:
    """Return a thread with its events, and for a pull request what it changes."""
    query = f"{SELECT_EVENT} WHERE e.discussion_id = ? ORDER BY e.seq"
    told = [event(each) for each in db.execute(query, (row["id"],))]
    shown = {**summary(repo, row), "id": row["id"], "events": told}
    if not row["is_pull_request"]:
        return shown
    shown["events"] = sorted(
        [*told, *commit_events(db, repo, row)], key=lambda each: str(each["createdAt"])
    )
    shown["changes"] = changes(row)
    shown["filesWithConflicts"] = conflicts(db, repo, row)
    if diff:
        shown["diff"] = pull_diff(hub, db, repo, row)
    return shown


def changes(row: sqlite3.Row) -> Json:
    """Return where a pull request goes, and its merge commit once it has gone there."""
    merged = {"mergeCommitId": row["merge_commit"]} if row["merge_commit"] else {}
    return {"base": history.MAIN, **merged}


def event(row: sqlite3.Row) -> Json:
    """Return one event; a comment with its text as sanitised HTML."""
    stored = json.loads(row["data"])
    author = {"name": row["author_name"], "_id": row["author_id"]}
    data: Json = stored
    if row["type"] == "comment":
        latest = {
            "raw": stored["raw"],
            "html": markdown.to_html(stored["raw"]),
            "updatedAt": stored.get("updated", row["created_at"]),
            "author": {"name": stored.get("editor", row["author_name"])},
        }
        data = {key: stored[key] for key in ("edited", "hidden", "history")} | {"latest": latest}
    return {
        "id": row["id"],
        "type": row["type"],
        "createdAt": row["created_at"],
        "author": author,
        "data": data,
    }


# ── pull requests ────────────────────────────────────────────────────────────────────────────


def sides(
    db: sqlite3.Connection, repo: Repo, row: sqlite3.Row
) -> tuple[history.Commit, history.Commit, str]:
    """Return main, the pull request's head, and the hash of the commit that both have."""
    main = history.resolve(db, repo.id, history.MAIN)
    head = history.resolve(db, repo.id, pull_ref(row["num"]))
    return main, head, history.merge_base(db, repo.id, main.oid, head.oid)


def commit_events(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> list[Json]:
    """Return the pull request's own commits as events, oldest first."""
    _, head, common = sides(db, repo, row)
    found: list[Json] = []
    for commit in history.log(db, repo.id, head.oid, 0, MOST_COMMITS):
        if commit.oid == common:
            break
        found.append(
            {
                "id": commit.oid[:24],
                "type": "commit",
                "createdAt": commit.date,
                "author": {"name": commit.author},
                "data": {"subject": commit.title, "oid": commit.oid},
            }
        )
    return found[::-1]


def conflicts(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> list[str]:
    """Return the paths that both sides changed; none once the thread is over."""
    if row["status"] not in STATUSES["open"]:
        return []
    main, head, _ = sides(db, repo, row)
    return history.merged_tree(db, repo.id, main, head)[1]


def pull_diff(hub: Hub, db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> str:
    """Return the unified diff of what the pull request changes."""
    _, head, common = sides(db, repo, row)
    base = history.load(db, repo.id, common)
    return diffs.unified(hub.store, db, base.tree if base else "", head.tree)


# ── webhooks ─────────────────────────────────────────────────────────────────────────────────


def payload(hub: Hub, repo: Repo, row: sqlite3.Row) -> dict[str, Any]:
    """Return the `discussion` part of a webhook payload."""
    place = f"/discussions/{row['num']}"
    extra = {"changes": changes(row)} if row["is_pull_request"] else {}
    return {
        "id": row["id"],
        "title": row["title"],
        "url": {
            "web": hub.url + repo.web_path() + place,
            "api": hub.url + repo.api_path() + place,
        },
        "status": row["status"],
        "author": {"id": row["author_id"]},
        "num": row["num"],
        "isPullRequest": bool(row["is_pull_request"]),
        **extra,
    }


def comment_payload(hub: Hub, repo: Repo, num: int, row: sqlite3.Row) -> dict[str, Any]:
    """Return the `comment` part of a webhook payload."""
    data = json.loads(row["data"])
    text = {} if data["hidden"] else {"content": data["raw"]}
    return {
        "id": row["id"],
        "author": {"id": row["author_id"]},
        **text,
        "hidden": data["hidden"],
        "url": {"web": f"{hub.url}{repo.web_path()}/discussions/{num}#{row['id']}"},
    }
