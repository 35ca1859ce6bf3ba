"""Large files by the batch protocol of git-lfs: request, PUT to a signed URL, verify.

A repo has only the objects that were uploaded to it: knowing the hash of a file in someone else's
private repo does not give access to its content.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import sqlite3

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.records import Json, Repo
from bot.localhub.core.store import CHUNK, Upload
from bot.localhub.core.wire import HubError, json_endpoint, path_param, text_field
from bot.localhub.repos import repos
from bot.localhub.repos.repos import REPO

SCHEMA = """
CREATE TABLE IF NOT EXISTS lfs_objects (
    repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, pushed_at TEXT NOT NULL, PRIMARY KEY (repo_id, sha256)
);
"""

SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_OBJECTS = 1000
MAX_SIZE = 50 << 30
URL_LIFETIME_SECONDS = 6 * 3600
MEDIA_TYPE = "application/vnd.git-lfs+json"


def object_size(db: sqlite3.Connection, repo_id: str, oid: str) -> int | None:
    """Return the size of an object in bytes, None if the repo does not have it."""
    row = db.execute(
        "SELECT size FROM lfs_objects WHERE repo_id = ? AND sha256 = ?", (repo_id, oid)
    ).fetchone()
    return int(row["size"]) if row else None


def batch(request: Request, body: Json) -> Response:
    """Return where to upload each object; objects that the repo already has get no action."""
    hub, objects = hub_of(request), body.get("objects")
    if text_field(body, "operation", "upload") != "upload":
        raise HubError(501, "The local Hub serves large files at resolve URLs, not through git-lfs")
    if not isinstance(objects, list) or len(objects) > MAX_OBJECTS:
        raise HubError(422, f"`objects` must be a list of at most {MAX_OBJECTS}")
    with hub.store.read() as db:
        repo = repos.requested_repo(request, db)
        auth.require_write_token(request)
        answers = [_upload_action(hub, db, repo, item) for item in objects]
    return JSONResponse(
        {"transfer": "basic", "objects": answers, "hash_algo": "sha256"}, media_type=MEDIA_TYPE
    )


def _upload_action(hub: Hub, db: sqlite3.Connection, repo: Repo, item: object) -> Json:
    oid = item.get("oid") if isinstance(item, dict) else None
    size = item.get("size") if isinstance(item, dict) else None
    if not isinstance(oid, str) or not SHA256.fullmatch(oid):
        raise HubError(422, "The oid of each object must be a sha256 in hex")
    if not isinstance(size, int) or not 0 <= size <= MAX_SIZE:
        raise HubError(422, f"The size of {oid} must be from 0 to {MAX_SIZE} bytes")
    answer: Json = {"oid": oid, "size": size, "authenticated": True}
    if object_size(db, repo.id, oid) != size or not hub.store.has_blob(oid):
        expires = int(hub.clock.now().timestamp()) + URL_LIFETIME_SECONDS
        signature = _sign(hub, repo.id, oid, size, expires)
        query = f"size={size}&expires={expires}&signature={signature}"
        verify_url = f"{hub.url}{repo.web_path()}.git/info/lfs/objects/verify"
        answer["actions"] = {
            "upload": {"href": f"{hub.url}/lfs/{repo.id}/{oid}?{query}"},
            "verify": {"href": verify_url},
        }
    return answer


def _sign(hub: Hub, repo_id: str, oid: str, size: int, expires: int) -> str:
    text = f"{repo_id} {oid} {size} {expires}"
    return hmac.new(hub.signing_key, text.encode(), hashlib.sha256).hexdigest()


async def put(request: Request) -> Response:
    """Receive one object, which must have the announced size and hash."""
    hub = hub_of(request)
    repo_id, oid = path_param(request, "repo_id"), path_param(request, "oid")
    size = _check_signature(request, hub, repo_id, oid)
    with hub.store.upload() as upload:
        await _receive(request, upload, size)
        if upload.size != size or upload.sha256 != oid:
            raise HubError(
                400,
                f"Expected {size} bytes with sha256 {oid}, received {upload.size} bytes with"
                f" {upload.sha256}",
            )
        await run_in_threadpool(upload.save)
    await run_in_threadpool(record_object, hub, repo_id, oid, size)
    return Response(headers={"ETag": f'"{oid}"'})


def _check_signature(request: Request, hub: Hub, repo_id: str, oid: str) -> int:
    """Return the announced size; raises HubError 403 unless the URL is signed and still valid."""
    query = request.query_params
    try:
        size, expires = int(query["size"]), int(query["expires"])
    except (KeyError, ValueError) as error:
        raise HubError(403, "This upload URL is not valid") from error
    signature = _sign(hub, repo_id, oid, size, expires)
    if not hmac.compare_digest(signature.encode(), query.get("signature", "").encode()):
        raise HubError(403, "This upload URL is not valid")
    if expires < hub.clock.now().timestamp():
        raise HubError(403, "This upload URL has expired: request another one")
    return size


async def _receive(request: Request, upload: Upload, size: int) -> None:
    buffer = bytearray()
    async for chunk in request.stream():
        buffer += chunk
        if upload.size + len(buffer) > size:
            raise HubError(413, f"The body is larger than the announced {size} bytes")
        if len(buffer) >= CHUNK:
            await run_in_threadpool(upload.write, bytes(buffer))
            buffer.clear()
    await run_in_threadpool(upload.write, bytes(buffer))


def record_object(hub: Hub, repo_id: str, oid: str, size: int) -> None:
    """Record that the repo has an object whose content is already stored."""
    with hub.store.write() as db:
        if repos.by_id(db, repo_id) is None:
            raise HubError(404, "Repository not found", "RepoNotFound")
        db.execute(
            "INSERT OR REPLACE INTO lfs_objects VALUES (?, ?, ?, ?)",
            (repo_id, oid, size, hub.now()),
        )


def verify(request: Request, body: Json) -> Response:
    """Confirm that an object arrived."""
    oid = text_field(body, "oid")
    with hub_of(request).store.read() as db:
        repo = repos.requested_repo(request, db)
        size = object_size(db, repo.id, oid)
    if size is None or size != body.get("size"):
        raise HubError(404, f"The object {oid[:64]} was not uploaded, or has another size")
    return JSONResponse({"message": "ok"}, media_type=MEDIA_TYPE)


def no_xet(_: Request) -> Response:
    """Answer 501: the local Hub has no Xet storage."""
    raise HubError(501, "The local Hub has no Xet storage: set HF_HUB_DISABLE_XET=1 for its client")


BASES = ("/{namespace}/{name}.git", "/{repo_type:repo_type}/{namespace}/{name}.git")
ROUTES = [
    Route(REPO + "/xet-read-token/{rev}", no_xet),
    Route(REPO + "/xet-write-token/{rev}", no_xet),
    Route("/lfs/{repo_id}/{oid}", put, methods=["PUT"]),
    *(
        Route(f"{base}/info/lfs/objects/{action}", json_endpoint(handler), methods=["POST"])
        for base in BASES
        for action, handler in (("batch", batch), ("verify", verify))
    ),
]
