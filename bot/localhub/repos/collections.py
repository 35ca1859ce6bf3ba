"""Collections: lists of repos and papers that somebody keeps, with notes.

A collection is found by the id at the end of its slug, so an old title's address still works.
"""

from __future__ import annotations

import re
import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import (  # fmt: skip
    HubError,
    Json,
    page,
    path_param,
    takes_json,
    text_field,
    whole,
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

TYPES = ("model", "dataset", "space", "paper", "collection")
THEMES = ("orange", "blue", "green", "purple", "pink", "indigo")
SHOWN_IN_LIST = 4
PAGE = 100
SORTS = {"lastModified": "updated_at DESC", "trending": "updated_at DESC", "upvotes": "position"}


def _slug(row: sqlite3.Row) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", row["title"].lower()).strip("-")[:60].strip("-")
    return f"{row['namespace']}/{words or 'collection'}-{row['id']}"


def _shown(
    db: sqlite3.Connection, user: User | None, row: sqlite3.Row, most: int | None = None
) -> Json:
    """A collection as the API shows it; ``most`` items, and then no position (a list's item)."""
    owner = auth.account(db, row["namespace"])
    assert owner is not None
    found = _items(db, user, row["id"])
    shown = {
        "slug": _slug(row), "title": row["title"], "description": row["description"],
        "owner": {
            "name": owner["name"], "fullname": owner["fullname"], "type": owner["type"],
            "avatarUrl": f"/avatars/{owner['name']}.svg",
        },
        "items": found[:most], "lastUpdated": row["updated_at"], "private": bool(row["private"]),
        "theme": row["theme"], "upvotes": 0, "isUpvotedByUser": False, "gating": False,
    }  # fmt: skip
    if most is None:
        shown["position"] = row["position"]
    return shown


def _items(db: sqlite3.Connection, user: User | None, collection_id: str) -> list[Json]:
    """The items that the user may see, in order."""
    rows = db.execute(
        "SELECT * FROM collection_items WHERE collection_id = ? ORDER BY position, id",
        (collection_id,),
    ).fetchall()
    items: list[Json] = []
    for row in rows:
        if row["type"] in ("model", "dataset", "space"):
            if repos.find(db, user, row["type"], row["item"]) is None:
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


def _asked(request: Request, db: sqlite3.Connection) -> sqlite3.Row:
    """The collection in the path; 404 for a private one of others."""
    found = re.search(r"-?([0-9a-f]{24})$", path_param(request, "slug"))
    row: sqlite3.Row | None = None
    if found:
        row = db.execute("SELECT * FROM collections WHERE id = ?", (found[1],)).fetchone()
    user = auth.who(request)
    if row is None or (row["private"] and not auth.may_read(db, user, row["namespace"])):
        raise HubError(404, "Collection not found")
    return row


def _asked_to_write(request: Request, db: sqlite3.Connection) -> tuple[sqlite3.Row, User]:
    row, user = _asked(request, db), auth.require(request)
    if not auth.may_write(db, user, row["namespace"]):
        raise HubError(403, f"You have no write access to {_slug(row)} with this token")
    return row, user


def _answer(request: Request, db: sqlite3.Connection, collection_id: str) -> Json:
    row = db.execute("SELECT * FROM collections WHERE id = ?", (collection_id,)).fetchone()
    return _shown(db, auth.who(request), row)


def _touch(hub: Hub, db: sqlite3.Connection, collection_id: str) -> None:
    db.execute("UPDATE collections SET updated_at = ? WHERE id = ?", (hub.now(), collection_id))


# ── collections ──────────────────────────────────────────────────────────────────────────────


def index(request: Request) -> Response:
    """Collections, of an owner or with an item (``models/ns/name``), newest first."""
    hub, user, query = hub_of(request), auth.who(request), request.query_params
    order = SORTS.get(query.get("sort", "lastModified"))
    if order is None:
        raise HubError(400, f'"sort" must be one of {", ".join(SORTS)}')
    where, values = "1", []
    for owner in query.getlist("owner"):
        where += " AND namespace = ?"
        values.append(owner)
    for item in query.getlist("item"):
        kind, _, name = item.partition("/")
        where += (
            " AND id IN (SELECT collection_id FROM collection_items WHERE type = ? AND item = ?)"
        )
        values += [kind.removesuffix("s"), name]
    with hub.store.read() as db:
        rows = db.execute(
            f"SELECT * FROM collections WHERE {where} ORDER BY {order}, id", values
        ).fetchall()
        items = [
            _shown(db, user, row, SHOWN_IN_LIST)
            for row in rows
            if not row["private"] or auth.may_read(db, user, row["namespace"])
        ]
    return page(request, items, hub.url, whole(request, "limit", PAGE, 1, PAGE))


def create(request: Request, body: Json) -> Response:
    """A new collection; 409 with its slug where the owner has one of this title."""
    hub, user = hub_of(request), auth.require(request)
    title = text_field(body, "title", most=60).strip()
    namespace = text_field(body, "namespace", user.name)
    if not title:
        raise HubError(400, '"title" must not be empty')
    with hub.store.write() as db:
        owner = auth.account(db, namespace)
        if owner is None or not auth.may_write(db, user, namespace):
            raise HubError(403, f"You have no rights to create a collection for {namespace[:100]}")
        there = db.execute(
            "SELECT * FROM collections WHERE namespace = ? AND title = ?", (namespace, title)
        ).fetchone()
        if there is not None:
            raise HubError(409, "This collection already exists", body={"slug": _slug(there)})
        made = auth.new_id()
        theme = THEMES[int(made[-2:], 16) % len(THEMES)]
        description = text_field(body, "description", "", 150)
        db.execute(
            "INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            (made, owner["name"], title, description, int(bool(body.get("private"))), theme,
             hub.now()),
        )  # fmt: skip
        answer = _answer(request, db, made)
    return JSONResponse(answer)


def show(request: Request) -> Response:
    """One collection with all its items."""
    with hub_of(request).store.read() as db:
        return JSONResponse(_shown(db, auth.who(request), _asked(request, db)))


def change(request: Request, body: Json) -> Response:
    """Another title, description, place, visibility or theme."""
    hub = hub_of(request)
    theme = text_field(body, "theme", THEMES[0])
    if theme not in THEMES:
        raise HubError(400, f'"theme" must be one of {", ".join(THEMES)}')
    with hub.store.write() as db:
        row, _ = _asked_to_write(request, db)
        position = body.get("position", row["position"])
        if not isinstance(position, int):
            raise HubError(400, '"position" must be a whole number')
        values = (
            text_field(body, "title", row["title"], 60),
            text_field(body, "description", row["description"], 150),
            int(bool(body.get("private", row["private"]))),
            theme if "theme" in body else row["theme"],
            position,
        )
        db.execute(
            "UPDATE collections SET title = ?, description = ?, private = ?, theme = ?,"
            " position = ? WHERE id = ?",
            (*values, row["id"]),
        )
        _touch(hub, db, row["id"])
        answer = _answer(request, db, row["id"])
    return JSONResponse({"success": True, "data": answer})


def delete(request: Request) -> Response:
    """Remove a collection; what it lists stays."""
    with hub_of(request).store.write() as db:
        row, _ = _asked_to_write(request, db)
        db.execute("DELETE FROM collections WHERE id = ?", (row["id"],))
    return JSONResponse({"success": True})


# ── items ────────────────────────────────────────────────────────────────────────────────────


def add_item(request: Request, body: Json) -> Response:
    """Append an item that exists and that the user may see; 409 if it is there already."""
    hub, item = hub_of(request), body.get("item")
    if not isinstance(item, dict):
        raise HubError(400, '"item" must be an object with id and type')
    kind, name = text_field(item, "type"), text_field(item, "id", most=300)
    if kind not in TYPES:
        raise HubError(400, f'"type" must be one of {", ".join(TYPES)}')
    with hub.store.write() as db:
        row, user = _asked_to_write(request, db)
        if kind in ("model", "dataset", "space"):
            repo = repos.find(db, user, kind, name)
            if repo is None:
                raise HubError(404, f"The {kind} {name[:200]} does not exist", "RepoNotFound")
            name = repo.name
        last = db.execute(
            "SELECT coalesce(max(position), -1) AS n FROM collection_items WHERE collection_id = ?",
            (row["id"],),
        ).fetchone()
        try:
            db.execute(
                "INSERT INTO collection_items VALUES (?, ?, ?, ?, ?, ?)",
                (auth.new_id(), row["id"], kind, name, text_field(body, "note", "", 500),
                 last["n"] + 1),
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise HubError(409, "This item is already in the collection") from error
        _touch(hub, db, row["id"])
        answer = _answer(request, db, row["id"])
    return JSONResponse(answer)


def _asked_item(request: Request, db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    item: sqlite3.Row | None = db.execute(
        "SELECT * FROM collection_items WHERE collection_id = ? AND id = ?",
        (row["id"], path_param(request, "item")),
    ).fetchone()
    if item is None:
        raise HubError(404, "Item not found in the collection")
    return item


def change_item(request: Request, body: Json) -> Response:
    """Another note, or another place (0 is the first)."""
    hub = hub_of(request)
    with hub.store.write() as db:
        row, user = _asked_to_write(request, db)
        item = _asked_item(request, db, row)
        note = text_field(body, "note", item["note"], 500)
        db.execute("UPDATE collection_items SET note = ? WHERE id = ?", (note, item["id"]))
        if "position" in body:
            place = body["position"]
            if not isinstance(place, int) or place < 0:
                raise HubError(400, '"position" must be a whole number from 0')
            order = [i["_id"] for i in _items(db, user, row["id"]) if i["_id"] != item["id"]]
            order.insert(place, item["id"])
            db.executemany(
                "UPDATE collection_items SET position = ? WHERE id = ?",
                [(n, item_id) for n, item_id in enumerate(order)],
            )
        _touch(hub, db, row["id"])
    return JSONResponse({"success": True})


def delete_item(request: Request) -> Response:
    """Take an item out."""
    hub = hub_of(request)
    with hub.store.write() as db:
        row, _ = _asked_to_write(request, db)
        item = _asked_item(request, db, row)
        db.execute("DELETE FROM collection_items WHERE id = ?", (item["id"],))
        _touch(hub, db, row["id"])
    return JSONResponse({"success": True})


ONE = "/api/collections/{namespace}/{slug}"
ROUTES = [
    Route("/api/collections", index),
    Route("/api/collections", takes_json(create), methods=["POST"]),
    Route(ONE, show),
    Route(ONE, takes_json(change), methods=["PATCH"]),
    Route(ONE, delete, methods=["DELETE"]),
    Route(ONE + "/items", takes_json(add_item), methods=["POST"]),
    Route(ONE + "/items/{item}", takes_json(change_item), methods=["PATCH"]),
    Route(ONE + "/items/{item}", delete_item, methods=["DELETE"]),
]
