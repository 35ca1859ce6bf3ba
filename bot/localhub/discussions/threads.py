"""The tables of discussions and pull requests (threads), and their JSON.

A thread is a row with events; a comment is an event, and the opening text is the first one. The
commits of a pull request are not stored again: they are read from the history of its ref. Actions
and permissions are in `routes.py`.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from bot.localhub.core import accounts, auth
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Json, Repo
from bot.localhub.core.wire import HubError
from bot.localhub.discussions import diffs, markdown
from bot.localhub.repos import history

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
CREATE TABLE IF NOT EXISTS discussion_flags (
    discussion_id TEXT PRIMARY KEY REFERENCES discussions(id) ON DELETE CASCADE,
    pinned INTEGER NOT NULL DEFAULT 0, locked INTEGER NOT NULL DEFAULT 0
);
"""
SELECT = (
    "SELECT d.*, a.name AS author_name, (SELECT count(*) FROM discussion_events e"
    " WHERE e.discussion_id = d.id AND e.type = 'comment') AS comments,"
    " coalesce(f.pinned, 0) AS pinned, coalesce(f.locked, 0) AS locked"
    " FROM discussions d JOIN accounts a ON a.id = d.author_id"
    " LEFT JOIN discussion_flags f ON f.discussion_id = d.id"
)
SELECT_EVENT = (
    "SELECT e.*, a.name AS author_name FROM discussion_events e"
    " JOIN accounts a ON a.id = e.author_id"
)
STATUSES = {"open": ("open", "draft"), "closed": ("closed", "merged")}
MAX_COMMITS = 100


@dataclass(frozen=True)
class Filter:
    """Which threads to list; None matches all.

    text: part of the title. pinned_first: pinned threads come before all others, and so out of the
    order of their numbers.
    """

    is_pull_request: bool | None = None
    status: str | None = None
    author: str | None = None
    text: str | None = None
    pinned_first: bool = False


def pull_request_ref(num: int) -> str:
    """Return the ref of a pull request."""
    return f"refs/pr/{num}"


# ── tables ───────────────────────────────────────────────────────────────────────────────────


def select(
    db: sqlite3.Connection, repo_id: str, which: Filter, start: int, limit: int
) -> tuple[list[sqlite3.Row], int]:
    """Return a page of threads, newest first, and the total number."""
    where, values = ["d.repo_id = ?"], [repo_id]
    if which.is_pull_request is not None:
        where.append(f"d.is_pull_request = {int(which.is_pull_request)}")
    if which.status is not None:
        where.append("d.status IN (?, ?)")
        values += STATUSES[which.status]
    if which.author is not None:
        where.append("a.name = ?")
        values.append(which.author)
    if which.text is not None:
        where.append("instr(lower(d.title), lower(?))")
        values.append(which.text)
    condition = " AND ".join(where)
    total = db.execute(
        "SELECT count(*) AS n FROM discussions d JOIN accounts a ON a.id = d.author_id"
        f" WHERE {condition}",
        values,
    ).fetchone()["n"]
    order = "pinned DESC, d.num DESC" if which.pinned_first else "d.num DESC"
    query = f"{SELECT} WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?"
    return db.execute(query, [*values, limit, start]).fetchall(), int(total)


def count(db: sqlite3.Connection, repo_id: str, status: str) -> int:
    """Return the number of open or closed threads."""
    return select(db, repo_id, Filter(status=status), 0, 0)[1]


def find(db: sqlite3.Connection, repo: Repo, num: str | int) -> sqlite3.Row:
    """Return a thread by number; raises HubError 404 if there is none."""
    row: sqlite3.Row | None = None
    if str(num).isdecimal() and len(str(num)) <= 12:
        row = db.execute(
            f"{SELECT} WHERE d.repo_id = ? AND d.num = ?", (repo.id, int(num))
        ).fetchone()
    if row is None:
        raise HubError(404, f"There is no discussion {str(num)[:20]} in {repo.name}")
    return row


def add(
    hub: Hub,
    db: sqlite3.Connection,
    repo: Repo,
    author_id: str,
    title: str,
    text: str,
    is_pull_request: bool,
) -> int:
    """Create a thread with its opening comment and return its number."""
    thread_id = auth.new_id()
    num: int = db.execute(
        "SELECT coalesce(max(num), 0) + 1 AS num FROM discussions WHERE repo_id = ?", (repo.id,)
    ).fetchone()["num"]
    db.execute(
        "INSERT INTO discussions VALUES (?, ?, ?, ?, 'open', ?, ?, NULL, ?)",
        (thread_id, repo.id, num, title, author_id, int(is_pull_request), hub.now()),
    )
    add_comment(hub, db, thread_id, author_id, text)
    return num


def add_comment(
    hub: Hub, db: sqlite3.Connection, thread_id: str, author_id: str, text: str
) -> sqlite3.Row:
    """Append a comment and return its event."""
    data = {"hidden": False, "raw": text, "editors": []}
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
    """Return an event of a thread; raises HubError 404 if there is none."""
    row: sqlite3.Row | None = db.execute(
        f"{SELECT_EVENT} WHERE e.discussion_id = ? AND e.id = ?", (thread_id, event_id)
    ).fetchone()
    if row is None:
        raise HubError(404, "There is no such comment in this discussion")
    return row


def edit_comment(
    hub: Hub, db: sqlite3.Connection, row: sqlite3.Row, editor: str, text: str
) -> sqlite3.Row:
    """Replace the text of a comment; `editor` is an account id."""
    data = json.loads(row["data"])
    data |= {"raw": text, "updated": hub.now(), "editors": [*data["editors"], editor]}
    return _save_event(db, row, data)


def hide_comment(
    db: sqlite3.Connection, row: sqlite3.Row, by: str, reason: str | None
) -> sqlite3.Row:
    """Hide a comment; `by` is the name of the user who does."""
    data = json.loads(row["data"]) | {"hidden": True, "hidden_by": by, "reason": reason}
    return _save_event(db, row, data)


def _save_event(db: sqlite3.Connection, row: sqlite3.Row, data: Json) -> sqlite3.Row:
    db.execute("UPDATE discussion_events SET data = ? WHERE id = ?", (json.dumps(data), row["id"]))
    return event_by_id(db, row["discussion_id"], row["id"])


def set_flag(
    hub: Hub, db: sqlite3.Connection, thread_id: str, author_id: str, flag: str, value: bool
) -> None:
    """Pin or lock a thread (flag: `pinned` or `locked`), or undo it, and add the event."""
    db.execute("INSERT OR IGNORE INTO discussion_flags (discussion_id) VALUES (?)", (thread_id,))
    db.execute(
        f"UPDATE discussion_flags SET {flag} = ? WHERE discussion_id = ?", (value, thread_id)
    )
    kind = {"pinned": "pinning-change", "locked": "locking-change"}[flag]
    add_event(hub, db, thread_id, author_id, kind, {flag: value})


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────


def summary_json(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> Json:
    """Return a thread as listings show it."""
    return {
        "num": row["num"],
        "title": row["title"],
        **accounts.author_field(db, row["author_id"]),
        "createdAt": row["created_at"],
        "status": row["status"],
        "repo": {"name": repo.name, "type": repo.type},
        "isPullRequest": bool(row["is_pull_request"]),
        "numComments": row["comments"],
        "topReactions": [],
        "numReactionUsers": 0,
        "pinned": bool(row["pinned"]),
    }


def thread_json(hub: Hub, db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> Json:
    """Return a thread with its events and, for a pull request, its changes but not their diff."""
    query = f"{SELECT_EVENT} WHERE e.discussion_id = ? ORDER BY e.seq"
    events = [event_json(db, event) for event in db.execute(query, (row["id"],)).fetchall()]
    result: Json = {
        "_id": row["id"],
        "num": row["num"],
        "title": row["title"],
        **accounts.author_field(db, row["author_id"]),
        "createdAt": row["created_at"],
        "status": row["status"],
        "repo": {"name": repo.name, "type": repo.type},
        "collection": "discussions",
        "isPullRequest": bool(row["is_pull_request"]),
        "pinned": bool(row["pinned"]),
        "locked": bool(row["locked"]),
        "events": events,
    }
    if not row["is_pull_request"]:
        return result | {"isReport": False}
    events += commit_events(db, repo, row)
    events.sort(key=lambda event: str(event["createdAt"]))
    return result | {
        "changes": _changes(row),
        "filesWithConflicts": conflicts(db, repo, row),
    }


def _changes(row: sqlite3.Row) -> Json:
    """Return the target of a pull request, and its merge commit once it is merged."""
    merged = {"mergeCommitId": row["merge_commit"]} if row["merge_commit"] else {}
    return {"base": history.MAIN, **merged}


def event_json(db: sqlite3.Connection, row: sqlite3.Row) -> Json:
    """Return one event; a comment includes its text as sanitized HTML."""
    data: Json = json.loads(row["data"])
    return {
        "id": row["id"],
        "type": row["type"],
        "createdAt": row["created_at"],
        **accounts.author_field(db, row["author_id"]),
        "data": _comment_json(db, row, data) if row["type"] == "comment" else data,
    }


def _comment_json(db: sqlite3.Connection, row: sqlite3.Row, data: Json) -> Json:
    """Return the data of a comment; the text of a hidden one is empty.

    The contract keeps `raw` and does not say what it holds then.
    """
    text = "" if data["hidden"] else data["raw"]
    author, *later = [accounts.account_json(db, i) for i in (row["author_id"], *data["editors"])]
    editors = [account for account in (author, *later) if account is not None]
    last = (later or [author])[-1]
    comment = {
        "edited": bool(data["editors"]),
        "hidden": data["hidden"],
        "numEdits": len(data["editors"]),
        "editors": list(dict.fromkeys(account["name"] for account in editors)),
        "editorAvatarUrls": list(dict.fromkeys(account["avatarUrl"] for account in editors)),
        "reactions": [],
        "latest": {
            "raw": text,
            "html": markdown.to_html(text),
            "updatedAt": data.get("updated", row["created_at"]),
            **({} if last is None else {"author": last}),
        },
    }
    if data["hidden"]:
        comment["hiddenBy"] = data["hidden_by"]
        if data["reason"]:
            comment["hiddenReason"] = data["reason"]
    return comment


# ── pull requests ────────────────────────────────────────────────────────────────────────────


def heads(
    db: sqlite3.Connection, repo: Repo, row: sqlite3.Row
) -> tuple[history.Commit, history.Commit, str]:
    """Return the head of main, the head of the pull request, and the hash of their merge base."""
    main = history.resolve(db, repo.id, history.MAIN)
    head = history.resolve(db, repo.id, pull_request_ref(row["num"]))
    return main, head, history.merge_base(db, repo.id, main.oid, head.oid)


def commit_events(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> list[Json]:
    """Return the commits of a pull request as events, oldest first."""
    _, head, base = heads(db, repo, row)
    events: list[Json] = []
    for commit in history.log(db, repo.id, head.oid, 0, MAX_COMMITS):
        if commit.oid == base:
            break
        events.append(
            {
                "id": commit.oid[:24],
                "type": "commit",
                "createdAt": commit.date,
                **_author_of(db, commit),
                "data": {"subject": commit.title, "oid": commit.oid},
            }
        )
    return events[::-1]


def _author_of(db: sqlite3.Connection, commit: history.Commit) -> Json:
    account = auth.find_account(db, commit.author)
    return {} if account is None else accounts.author_field(db, account["id"])


def conflicts(db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> list[str]:
    """Return the paths in conflict with main; none once the pull request is closed or merged."""
    if row["status"] not in STATUSES["open"]:
        return []
    main, head, _ = heads(db, repo, row)
    return history.merge_trees(db, repo.id, main, head)[1]


def pull_request_diff(hub: Hub, db: sqlite3.Connection, repo: Repo, row: sqlite3.Row) -> str:
    """Return the unified diff of a pull request."""
    _, head, base_oid = heads(db, repo, row)
    base = history.load(db, repo.id, base_oid)
    return diffs.unified(hub.store, db, base.tree if base else "", head.tree)


# ── webhook payloads ─────────────────────────────────────────────────────────────────────────


def webhook_payload(hub: Hub, repo: Repo, row: sqlite3.Row) -> Json:
    """Return the `discussion` object of webhook payloads."""
    path = f"/discussions/{row['num']}"
    return {
        "id": row["id"],
        "title": row["title"],
        "url": {
            "web": hub.url + repo.web_path() + path,
            "api": hub.url + repo.api_path() + path,
        },
        "status": row["status"],
        "author": {"id": row["author_id"]},
        "num": row["num"],
        "isPullRequest": bool(row["is_pull_request"]),
        **({"changes": _changes(row)} if row["is_pull_request"] else {}),
    }


def comment_webhook_payload(hub: Hub, repo: Repo, num: int, row: sqlite3.Row) -> Json:
    """Return the `comment` object of webhook payloads."""
    data = json.loads(row["data"])
    return {
        "id": row["id"],
        "author": {"id": row["author_id"]},
        "content": data["raw"],
        "hidden": data["hidden"],
        "url": {"web": f"{hub.url}{repo.web_path()}/discussions/{num}#{row['id']}"},
    }
