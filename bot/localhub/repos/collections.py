"""Collections: curated lists of repos and papers, with notes.

A collection is identified by the id at the end of its slug, so a URL with an old title still works.
"""

from __future__ import annotations

import re
import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import accounts, auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Json
from bot.localhub.core.wire import (
    HubError,
    choice_field,
    int_param,
    json_endpoint,
    paginate,
    path_param,
    text_field,
)
from bot.localhub.repos import repos

SCHEMA = """
CREATE TABLE IF NOT EXISTS collections (
    id TEXT PRIMARY KEY, namespace TEXT NOT NULL COLLATE NOCASE, title TEXT NOT NULL,
    description TEXT NOT NULL, private INTEGER NOT NULL, theme TEXT NOT NULL,
    position INTEGER NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS collection_items (
    id TEXT PRIMARY KEY, collection_id TEXT NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
    type TEXT NOT NULL, item TEXT NOT NULL COLLATE NOCASE, note TEXT NOT NULL,
    position REAL NOT NULL, UNIQUE (collection_id, type, item)
);
"""

REPO_TYPES = ("model", "dataset", "space")
PERMISSION = "collection.write"
TYPES = (*REPO_TYPES, "paper", "collection")
THEMES = ("orange", "blue", "green", "purple", "pink", "indigo")
ITEMS_IN_LISTING = 4
PAGE = 100
SORTS = {"lastModified": "updated_at DESC", "trending": "updated_at DESC", "upvotes": "position"}


def _slug(row: sqlite3.Row) -> str:
    title = re.sub(r"[^a-z0-9]+", "-", row["title"].lower()).strip("-")[:60].strip("-")
    return f"{row['namespace']}/{title or 'collection'}-{row['id']}"


def _collection_json(
    hub: Hub,
    db: sqlite3.Connection,
    user: User | None,
    row: sqlite3.Row,
    max_items: int | None = None,
) -> Json:
    """Return the collection object; the entries of a listing have few items and no position."""
    owner = auth.find_account(db, row["namespace"])
    assert owner is not None
    result = {
        "slug": _slug(row), "title": row["title"], "description": row["description"],
        "owner": accounts.account_json(db, owner["id"]),
        "items": _visible_items(db, user, row["id"])[:max_items],
        "lastUpdated": row["updated_at"], "private": bool(row["private"]), "theme": row["theme"],
        "upvotes": 0, "isUpvotedByUser": False, "gating": False,
    }  # fmt: skip
    if max_items is None:
        result["position"] = row["position"]
        result["shareUrl"] = f"{hub.url}/collections/{_slug(row)}"
    return result


def _visible_items(db: sqlite3.Connection, user: User | None, collection_id: str) -> list[Json]:
    """Return the items that the user may see, in order."""
    rows = db.execute(
        "SELECT * FROM collection_items WHERE collection_id = ? ORDER BY position, id",
        (collection_id,),
    ).fetchall()
    items: list[Json] = []
    for row in rows:
        if row["type"] in REPO_TYPES:
            if repos.find_visible(db, user, row["type"], row["item"]) is None:
                continue
        item: Json = {
            "_id": row["id"], "id": row["item"], "type": row["type"], "position": len(items)
        }  # fmt: skip
        if row["type"] == "collection":
            item["slug"] = row["item"]
        if row["note"]:
            item["note"] = {"text": row["note"], "html": ""}
        items.append(item)
    return items


def _requested(request: Request, db: sqlite3.Connection) -> sqlite3.Row:
    """Return the collection in the path; raises HubError 404 if the user may not see it."""
    match = re.search(r"-?([0-9a-f]{24})$", path_param(request, "slug"))
    row: sqlite3.Row | None = None
    if match:
        row = db.execute("SELECT * FROM collections WHERE id = ?", (match[1],)).fetchone()
    user = auth.current_user(request)
    if row is None or (row["private"] and not auth.may_read(db, user, row["namespace"])):
        raise HubError(404, "Collection not found")
    return row


def _writable(request: Request, db: sqlite3.Connection) -> tuple[sqlite3.Row, User]:
    row, user = _requested(request, db), auth.require_user(request)
    if not auth.may_write(db, user, row["namespace"], permission=PERMISSION):
        raise HubError(403, f"You don't have write access to {_slug(row)} with this token")
    return row, user


def _reload(request: Request, db: sqlite3.Connection, collection_id: str) -> Json:
    row = db.execute("SELECT * FROM collections WHERE id = ?", (collection_id,)).fetchone()
    return _collection_json(hub_of(request), db, auth.current_user(request), row)


def _touch(hub: Hub, db: sqlite3.Connection, collection_id: str) -> None:
    db.execute("UPDATE collections SET updated_at = ? WHERE id = ?", (hub.now(), collection_id))


# ── collections ──────────────────────────────────────────────────────────────────────────────


def index(request: Request) -> Response:
    """List collections, newest first, filtered by owner or by item (`models/namespace/name`)."""
    hub, user, query = hub_of(request), auth.current_user(request), request.query_params
    order = SORTS.get(query.get("sort", "lastModified"))
    if order is None:
        raise HubError(400, f"`sort` must be one of {', '.join(SORTS)}")
    where, values = "1", []
    for owner in query.getlist("owner"):
        where += " AND namespace = ?"
        values.append(owner)
    for item in query.getlist("item"):
        item_type, _, name = item.partition("/")
        where += (
            " AND id IN (SELECT collection_id FROM collection_items WHERE type = ? AND item = ?)"
        )
        values += [item_type.removesuffix("s"), name]
    with hub.store.read() as db:
        rows = db.execute(
            f"SELECT * FROM collections WHERE {where} ORDER BY {order}, id", values
        ).fetchall()
        items = [
            _collection_json(hub, db, user, row, ITEMS_IN_LISTING)
            for row in rows
            if not row["private"] or auth.may_read(db, user, row["namespace"])
        ]
    return paginate(request, items, hub.url, int_param(request, "limit", PAGE, 1, PAGE))


def create(request: Request, body: Json) -> Response:
    """Create a collection; 409 with its slug if the owner has one with this title."""
    hub, user = hub_of(request), auth.require_user(request)
    title = text_field(body, "title", max_length=60).strip()
    namespace = text_field(body, "namespace", user.name)
    if not title:
        raise HubError(400, "`title` must not be empty")
    with hub.store.write() as db:
        owner = auth.find_account(db, namespace)
        if owner is None or not auth.may_write(db, user, namespace, permission=PERMISSION):
            raise HubError(
                403, f"You don't have the rights to create a collection for {namespace[:100]}"
            )
        existing = db.execute(
            "SELECT * FROM collections WHERE namespace = ? AND title = ?", (namespace, title)
        ).fetchone()
        if existing is not None:
            raise HubError(409, "This collection already exists", body={"slug": _slug(existing)})
        collection_id = auth.new_id()
        theme = THEMES[int(collection_id[-2:], 16) % len(THEMES)]
        description = text_field(body, "description", "", 150)
        db.execute(
            "INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            (collection_id, owner["name"], title, description, int(bool(body.get("private"))),
             theme, hub.now()),
        )  # fmt: skip
        answer = _reload(request, db, collection_id)
    return JSONResponse(answer)


def show(request: Request) -> Response:
    """Show one collection with all its items."""
    with hub_of(request).store.read() as db:
        row = _requested(request, db)
        return JSONResponse(_reload(request, db, row["id"]))


def update(request: Request, body: Json) -> Response:
    """Change the title, description, position, visibility or theme."""
    hub = hub_of(request)
    with hub.store.write() as db:
        row, _ = _writable(request, db)
        position = body.get("position", row["position"])
        if not isinstance(position, int):
            raise HubError(400, "`position` must be an integer")
        db.execute(
            "UPDATE collections SET title = ?, description = ?, private = ?, theme = ?,"
            " position = ? WHERE id = ?",
            (
                text_field(body, "title", row["title"], 60),
                text_field(body, "description", row["description"], 150),
                int(bool(body.get("private", row["private"]))),
                choice_field(body, "theme", THEMES, row["theme"]),
                position,
                row["id"],
            ),
        )
        _touch(hub, db, row["id"])
        answer = _reload(request, db, row["id"])
    return JSONResponse({"success": True, "data": answer})


def delete(request: Request) -> Response:
    """Delete a collection; the repos that it lists stay."""
    with hub_of(request).store.write() as db:
        row, _ = _writable(request, db)
        db.execute("DELETE FROM collections WHERE id = ?", (row["id"],))
    return JSONResponse({"success": True})


# ── items ────────────────────────────────────────────────────────────────────────────────────


def add_item(request: Request, body: Json) -> Response:
    """Append an item that the user may see; 409 if the collection already has it."""
    hub, item = hub_of(request), body.get("item")
    if not isinstance(item, dict):
        raise HubError(400, "`item` must be an object with id and type")
    item_type, name = choice_field(item, "type", TYPES), text_field(item, "id", max_length=300)
    with hub.store.write() as db:
        row, user = _writable(request, db)
        if item_type in REPO_TYPES:
            repo = repos.find_visible(db, user, item_type, name)
            if repo is None:
                raise HubError(404, f"The {item_type} {name[:200]} does not exist", "RepoNotFound")
            name = repo.name
        last = db.execute(
            "SELECT coalesce(max(position), -1) AS n FROM collection_items WHERE collection_id = ?",
            (row["id"],),
        ).fetchone()
        try:
            db.execute(
                "INSERT INTO collection_items VALUES (?, ?, ?, ?, ?, ?)",
                (auth.new_id(), row["id"], item_type, name, text_field(body, "note", "", 500),
                 last["n"] + 1),
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise HubError(409, "This item is already in the collection") from error
        _touch(hub, db, row["id"])
        answer = _reload(request, db, row["id"])
    return JSONResponse(answer)


def _requested_item(request: Request, db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    item: sqlite3.Row | None = db.execute(
        "SELECT * FROM collection_items WHERE collection_id = ? AND id = ?",
        (row["id"], path_param(request, "item")),
    ).fetchone()
    if item is None:
        raise HubError(404, "Item not found in the collection")
    return item


def update_item(request: Request, body: Json) -> Response:
    """Change an item's note or position (0 is the first)."""
    hub = hub_of(request)
    with hub.store.write() as db:
        row, user = _writable(request, db)
        item = _requested_item(request, db, row)
        note = text_field(body, "note", item["note"], 500)
        db.execute("UPDATE collection_items SET note = ? WHERE id = ?", (note, item["id"]))
        if "position" in body:
            position = body["position"]
            if not isinstance(position, int) or position < 0:
                raise HubError(400, "`position` must be an integer from 0 up")
            ids = [other["_id"] for other in _visible_items(db, user, row["id"])]
            order = [other for other in ids if other != item["id"]]
            order.insert(position, item["id"])
            db.executemany(
                "UPDATE collection_items SET position = ? WHERE id = ?",
                [(n, item_id) for n, item_id in enumerate(order)],
            )
        _touch(hub, db, row["id"])
    return JSONResponse({"success": True})


def delete_item(request: Request) -> Response:
    """Remove an item."""
    hub = hub_of(request)
    with hub.store.write() as db:
        row, _ = _writable(request, db)
        item = _requested_item(request, db, row)
        db.execute("DELETE FROM collection_items WHERE id = ?", (item["id"],))
        _touch(hub, db, row["id"])
    return JSONResponse({"success": True})


COLLECTION = "/api/collections/{namespace}/{slug}"
ROUTES = [
    Route("/api/collections", index),
    Route("/api/collections", json_endpoint(create), methods=["POST"]),
    Route(COLLECTION, show),
    Route(COLLECTION, json_endpoint(update), methods=["PATCH"]),
    Route(COLLECTION, delete, methods=["DELETE"]),
    Route(COLLECTION + "/items", json_endpoint(add_item), methods=["POST"]),
    Route(COLLECTION + "/items/{item}", json_endpoint(update_item), methods=["PATCH"]),
    Route(COLLECTION + "/items/{item}", delete_item, methods=["DELETE"]),
]
