"""What repos keep: their large files one by one, copies of whole repos, bytes used.

Here content can end for good; everywhere else a commit only adds.
"""

from __future__ import annotations

import json
import sqlite3

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.events import Event, emit
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, page, path_param, takes_json, text_field
from bot.localhub.repos import git, history, repos
from bot.localhub.repos.repos import REPO, Repo

PAGE = 1000
MOST_DELETIONS = 1000
HEADER_LIMIT = 100 << 20


# ── large files ──────────────────────────────────────────────────────────────────────────────


def list_lfs(request: Request) -> Response:
    """Every large file that was ever uploaded, with a name it has (or had) and where."""
    hub = hub_of(request)
    with hub.store.read() as db:
        repo, _ = repos.asked_to_write(request, db)
        rows = db.execute(
            "SELECT * FROM lfs_objects WHERE repo_id = ? ORDER BY pushed_at DESC, sha256",
            (repo.id,),
        ).fetchall()
        named = _names(db, repo)
    items = []
    for row in rows:
        path, ref = named.get(row["sha256"], ("", None))
        item: Json = {
            "fileOid": row["sha256"], "oid": row["sha256"], "filename": path, "ref": ref,
            "pushedAt": row["pushed_at"], "size": row["size"],
        }  # fmt: skip
        items.append(item)
    return page(request, items, hub.url, PAGE)


def _names(db: sqlite3.Connection, repo: Repo) -> dict[str, tuple[str, str]]:
    """(path, ref) of each large file that some commit of a ref holds, the newest last."""
    found: dict[str, tuple[str, str]] = {}
    for ref, oids in _lines(db, repo.id).items():
        previous = ""
        for oid in oids:
            commit = history.load(db, repo.id, oid)
            assert commit is not None
            for path, (_, new) in git.changed(db, previous, commit.tree).items():
                file = git.load_file(db, new) if new else None
                if file and file.lfs:
                    found[file.sha256] = (path, ref)
            previous = commit.tree
    return found


def _lines(db: sqlite3.Connection, repo_id: str) -> dict[str, list[str]]:
    """The commits behind each ref, oldest first."""
    rows = db.execute("SELECT ref, target FROM refs WHERE repo_id = ?", (repo_id,)).fetchall()
    return {
        row["ref"]: [c.oid for c in history.log(db, repo_id, row["target"], 0, 1 << 30)][::-1]
        for row in rows
    }


def delete_lfs(request: Request, body: Json) -> Response:
    """Delete large files for good and, unless told not to, rewrite history without them."""
    hub = hub_of(request)
    wanted = body.get("deletions")
    shas = wanted.get("sha") if isinstance(wanted, dict) else None
    if not isinstance(shas, list) or len(shas) > MOST_DELETIONS:
        raise HubError(400, f'"deletions.sha" must be a list of at most {MOST_DELETIONS}')
    gone = {str(sha) for sha in shas}
    assert isinstance(wanted, dict)
    with hub.store.write() as db:
        repo, user = repos.asked_to_write(request, db)
        if wanted.get("rewriteHistory", True):
            _rewrite(hub, db, repo, gone)
        db.executemany(
            "DELETE FROM lfs_objects WHERE repo_id = ? AND sha256 = ?",
            [(repo.id, sha) for sha in gone],
        )
        about = repos.payload(hub, db, repo)
        emit(hub, db, Event("update", "repo.content", repo.type, repo.name, about, user.name,
                            updated_refs=[]))  # fmt: skip
        for sha in gone:
            if not _in_use(db, sha):  # still in the transaction: who stores it anew must wait
                hub.store.blob_path(sha).unlink(missing_ok=True)
    return JSONResponse({})


def _in_use(db: sqlite3.Connection, sha256: str) -> bool:
    """Whether another repo holds the content, or a small file or an attachment has it too."""
    held = db.execute("SELECT 1 FROM lfs_objects WHERE sha256 = ?", (sha256,)).fetchone()
    small = db.execute("SELECT 1 FROM files WHERE sha256 = ? AND NOT lfs", (sha256,)).fetchone()
    shown = db.execute("SELECT 1 FROM attachments WHERE sha256 = ?", (sha256,)).fetchone()
    return any(found is not None for found in (held, small, shown))


def _rewrite(hub: Hub, db: sqlite3.Connection, repo: Repo, gone: set[str]) -> None:
    """Every ref again, from its first commit on, without the pointers to what goes."""
    made: dict[str, history.Commit] = {}
    for ref, oids in _lines(db, repo.id).items():
        for oid in oids:
            if oid not in made:
                made[oid] = _without(db, repo, oid, made, gone)
        if oids and made[oids[-1]].oid != oids[-1]:
            repos.advance(hub, db, repo, ref, made[oids[-1]])
    old = [oid for oid, new in made.items() if new.oid != oid]
    db.executemany(
        "DELETE FROM commits WHERE repo_id = ? AND oid = ?", [(repo.id, oid) for oid in old]
    )


def _without(
    db: sqlite3.Connection, repo: Repo, oid: str, made: dict[str, history.Commit], gone: set[str]
) -> history.Commit:
    commit = history.load(db, repo.id, oid)
    assert commit is not None
    draft = git.Draft(db, commit.tree)
    for path, file_oid in git.all_files(db, commit.tree).items():
        file = git.load_file(db, file_oid)
        if file.lfs and file.sha256 in gone:
            draft.remove(path)
    tree = draft.write()
    parent = made[commit.parent].oid if commit.parent else ""
    if (tree, parent) == (commit.tree, commit.parent):
        return commit
    return history.record(
        db, repo.id, tree, parent, commit.author, commit.title, commit.message, commit.date
    )


# ── whole repos ──────────────────────────────────────────────────────────────────────────────


def duplicate(request: Request, body: Json) -> Response:
    """A repo of one's own with the files that another has on main."""
    hub, user = hub_of(request), auth.require(request)
    target = text_field(body, "repository")
    namespace, _, name = target.rpartition("/")
    namespace = namespace or user.name
    repos.check_name(name)
    with hub.store.write() as db:
        source = repos.asked(request, db)
        owner = auth.account(db, namespace)
        if owner is None or not auth.may_write(db, user, namespace):
            raise HubError(403, f"You have no rights to create {target[:200]}")
        there = repos.load(db, source.type, f"{namespace}/{name}")
        if there is not None:
            url = hub.url + there.web_path()
            raise HubError(409, f"{there.name} already exists", body={"url": url})
        private = repos.asked_private(body, source.private)
        made = repos.create(
            hub, db, source.type, owner["name"], name, user.name, private, source.sdk
        )
        _copy(hub, db, source, made, user.name)
        for creator in hub.creators:
            creator(db, made, body)
        about = repos.payload(hub, db, made)
        emit(hub, db, Event("create", "repo", made.type, made.name, about, user.name))
    return JSONResponse({"url": hub.url + made.web_path(), "name": made.name})


def _copy(hub: Hub, db: sqlite3.Connection, source: Repo, made: Repo, author: str) -> None:
    db.execute(
        "INSERT INTO lfs_objects SELECT ?, sha256, size, ? FROM lfs_objects WHERE repo_id = ?",
        (made.id, hub.now(), source.id),
    )
    first = history.resolve(db, made.id, history.MAIN)
    tree = history.resolve(db, source.id, history.MAIN).tree
    title = f"Duplicate from {source.name}"
    commit = history.add(hub, db, made.id, tree, first.oid, author, title)
    repos.advance(hub, db, made, history.MAIN, commit)


def storage(request: Request) -> Response:
    """The repos of a user or organisation, with the bytes their large files take."""
    hub, user = hub_of(request), auth.require(request)
    namespace = user.name
    if "account" in request.path_params:
        namespace = path_param(request, "account")
    with hub.store.read() as db:
        if not auth.may_read(db, user, namespace):
            raise HubError(403, f"You do not belong to {namespace[:100]}")
        rows = db.execute(
            "SELECT r.*, coalesce((SELECT sum(size) FROM lfs_objects l WHERE l.repo_id = r.id), 0)"
            " AS bytes FROM repos r WHERE r.namespace = ? ORDER BY bytes DESC, r.name",
            (namespace,),
        ).fetchall()
    total = sum(row["bytes"] for row in rows)
    items = [
        {
            "id": r["name"], "type": r["type"], "updatedAt": r["updated_at"],
            "visibility": "private" if r["private"] else "public", "storage": r["bytes"],
            "storagePercent": r["bytes"] / total if total else 0,
        }
        for r in rows
    ]  # fmt: skip
    return page(request, items, hub.url, PAGE)


def safetensors(request: Request) -> Response:
    """The headers of all shards that an index file names."""
    hub, path = hub_of(request), path_param(request, "path")
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        tree = history.resolve(db, repo.id, history.MAIN).tree
        file = git.file_at(db, tree, path)
        if file is None or file.size > HEADER_LIMIT:
            raise HubError(404, f"{path[:200]} does not exist", "EntryNotFound")
        try:
            index = json.loads(hub.store.blob_path(file.sha256).read_bytes())
            shards = sorted(set(index["weight_map"].values()))
            headers = {shard: _header(hub, db, tree, str(shard)) for shard in shards}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise HubError(400, f"{path[:200]} is no index of safetensors files") from error
    metadata = {key: value for key, value in index.items() if key != "weight_map"}
    return JSONResponse({"headers": headers, "index": metadata})


def _header(hub: Hub, db: sqlite3.Connection, tree: str, path: str) -> Json:
    file = git.file_at(db, tree, path)
    if file is None:
        raise ValueError(f"{path} is missing")
    with hub.store.blob_path(file.sha256).open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(min(size, HEADER_LIMIT)))
    if not isinstance(header, dict):
        raise ValueError(f"{path} is no safetensors file")
    return header


ROUTES = [
    Route(REPO + "/lfs-files", list_lfs),
    Route(REPO + "/lfs-files/batch", takes_json(delete_lfs), methods=["POST"]),
    Route(REPO + "/duplicate", takes_json(duplicate), methods=["POST"]),
    Route(REPO + "/safetensors-metadata/{path:path}", safetensors),
    Route("/api/settings/repositories", storage),
    Route("/api/organizations/{account}/settings/repositories", storage),
]
