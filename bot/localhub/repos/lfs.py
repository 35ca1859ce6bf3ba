"""Large files by git-lfs's batch protocol: ask, PUT the bytes to a signed address, verify.

A repo holds only what was uploaded to it: knowing the hash of a file in somebody's private repo
does not give its content.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.store import CHUNK, Upload
from bot.localhub.core.wire import HubError, Json, path_param, takes_json, text_field
from bot.localhub.repos import repos
from bot.localhub.repos.repos import REPO, Repo

SCHEMA = """
CREATE TABLE IF NOT EXISTS lfs_objects (
    repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, pushed_at TEXT NOT NULL, PRIMARY KEY (repo_id, sha256)
);
"""

SHA256 = re.compile(r"[0-9a-f]{64}")
MOST_OBJECTS = 1000
SIZE_LIMIT = 50 << 30
VALID_SECONDS = 6 * 3600
TYPE = "application/vnd.git-lfs+json"


def batch(request: Request, body: Json) -> Response:
    """Where to send (or get) each object; no actions for what the repo holds already."""
    hub = hub_of(request)
    operation = text_field(body, "operation", "upload")
    objects = body.get("objects")
    if operation not in ("upload", "download"):
        raise HubError(422, '"operation" must be upload or download')
    if not isinstance(objects, list) or len(objects) > MOST_OBJECTS:
        raise HubError(422, f'"objects" must be a list of at most {MOST_OBJECTS}')
    with hub.store.read() as db:
        repo = repos.asked(request, db)
        if operation == "upload":
            auth.require_writer(request)
        held = {
            row["sha256"]: row["size"]
            for row in db.execute("SELECT * FROM lfs_objects WHERE repo_id = ?", (repo.id,))
        }
    answer = [_object(hub, repo, operation, held, item) for item in objects]
    return JSONResponse(
        {"transfer": "basic", "objects": answer, "hash_algo": "sha256"}, media_type=TYPE
    )


def _object(hub: Hub, repo: Repo, operation: str, held: dict[str, int], item: object) -> Json:
    oid = item.get("oid") if isinstance(item, dict) else None
    size = item.get("size") if isinstance(item, dict) else None
    if not isinstance(oid, str) or not SHA256.fullmatch(oid):
        raise HubError(422, "Each object's oid must be a sha256 in hex")
    if not isinstance(size, int) or not 0 <= size <= SIZE_LIMIT:
        raise HubError(422, f"The size of {oid} must be from 0 to {SIZE_LIMIT} bytes")
    answer: Json = {"oid": oid, "size": size, "authenticated": True}
    base = f"{hub.url}/{repo.prefix}{repo.name}"
    if operation == "download":
        if oid in held:
            return {**answer, "actions": {"download": {"href": f"{base}.git/lfs/{oid}"}}}
        return {**answer, "error": {"code": 404, "message": "Object does not exist"}}
    if held.get(oid) != size or not hub.store.has_blob(oid):
        until = int(hub.clock.now().timestamp()) + VALID_SECONDS
        proof = _sign(hub, repo.id, oid, size, until)
        href = f"{hub.url}/lfs/{repo.id}/{oid}?size={size}&until={until}&proof={proof}"
        verify = f"{base}.git/info/lfs/objects/verify"
        answer["actions"] = {"upload": {"href": href}, "verify": {"href": verify}}
    return answer


def _sign(hub: Hub, repo_id: str, oid: str, size: int, until: int) -> str:
    text = f"{repo_id} {oid} {size} {until}"
    return hmac.new(hub.key, text.encode(), hashlib.sha256).hexdigest()


async def put(request: Request) -> Response:
    """Receive the bytes of one object; they must have the size and hash that were announced."""
    hub = hub_of(request)
    repo_id, oid = path_param(request, "repo_id"), path_param(request, "oid")
    size = _check_proof(request, hub, repo_id, oid)
    with hub.store.upload() as upload:
        await _receive(request, upload, size)
        if upload.size != size or upload.sha256 != oid:
            raise HubError(
                400, f"Got {upload.size} bytes with sha256 {upload.sha256}, not {size} with {oid}"
            )
        await run_in_threadpool(upload.keep)
    await run_in_threadpool(hold, hub, repo_id, oid, size)
    return Response(headers={"ETag": f'"{oid}"'})


def _check_proof(request: Request, hub: Hub, repo_id: str, oid: str) -> int:
    """The announced size, if the address is one that ``batch`` gave and still valid."""
    query = request.query_params
    try:
        size, until = int(query["size"]), int(query["until"])
    except (KeyError, ValueError) as error:
        raise HubError(403, "This upload address is not valid") from error
    proof = _sign(hub, repo_id, oid, size, until)
    if not hmac.compare_digest(proof.encode(), query.get("proof", "").encode()):
        raise HubError(403, "This upload address is not valid")
    if until < hub.clock.now().timestamp():
        raise HubError(403, "This upload address has expired: ask for another")
    return size


async def _receive(request: Request, upload: Upload, size: int) -> None:
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if upload.size + len(pieces) > size:
            raise HubError(413, f"The body is over the announced {size} bytes")
        if len(pieces) >= CHUNK:
            await run_in_threadpool(upload.write, bytes(pieces))
            pieces.clear()
    await run_in_threadpool(upload.write, bytes(pieces))


def hold(hub: Hub, repo_id: str, oid: str, size: int) -> None:
    """Note that the repo holds an object whose content is stored."""
    with hub.store.write() as db:
        if db.execute("SELECT 1 FROM repos WHERE id = ?", (repo_id,)).fetchone() is None:
            raise HubError(404, "Repository not found", "RepoNotFound")
        if not hub.store.has_blob(oid):
            raise HubError(503, "The object was deleted meanwhile: send it again")
        db.execute(
            "INSERT OR REPLACE INTO lfs_objects VALUES (?, ?, ?, ?)",
            (repo_id, oid, size, hub.now()),
        )


def verify(request: Request, body: Json) -> Response:
    """Whether the object arrived."""
    oid = text_field(body, "oid")
    with hub_of(request).store.read() as db:
        repo = repos.asked(request, db)
        row = db.execute(
            "SELECT size FROM lfs_objects WHERE repo_id = ? AND sha256 = ?", (repo.id, oid)
        ).fetchone()
    if row is None or row["size"] != body.get("size"):
        raise HubError(404, f"The object {oid[:64]} of this size was not uploaded")
    return JSONResponse({"message": "ok"}, media_type=TYPE)


def no_xet(_: Request) -> Response:
    """501: there is no Xet here."""
    raise HubError(501, "The local Hub has no Xet: set HF_HUB_DISABLE_XET=1 for its clients")


PATHS = ("/{namespace}/{name}.git", "/{kind:kind}/{namespace}/{name}.git")
ROUTES = [
    Route(REPO + "/xet-read-token/{rev}", no_xet),
    Route(REPO + "/xet-write-token/{rev}", no_xet),
    Route("/lfs/{repo_id}/{oid}", put, methods=["PUT"]),
    *(Route(p + "/info/lfs/objects/batch", takes_json(batch), methods=["POST"]) for p in PATHS),
    *(Route(p + "/info/lfs/objects/verify", takes_json(verify), methods=["POST"]) for p in PATHS),
]
