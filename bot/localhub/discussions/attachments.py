"""Attachments: pictures, films and sound for comments, `POST /uploads`, shown to everybody.

What a file is, its first bytes say, not its sender; it is served as that and as nothing else.
"""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.hub import hub_of
from bot.localhub.core.store import Upload
from bot.localhub.core.wire import HubError, path_param
from bot.localhub.repos import download

SIGNATURES = {
    "image/png": (".png", rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": (".jpg", rb"\xff\xd8\xff"),
    "image/gif": (".gif", rb"GIF8[79]a"),
    "image/webp": (".webp", rb"RIFF....WEBP"),
    "video/mp4": (".mp4", rb"....ftyp(?!qt)"),
    "video/quicktime": (".mov", rb"....(?:ftypqt|moov|mdat|wide|free)"),
    "video/webm": (".webm", rb"\x1a\x45\xdf\xa3"),
    "audio/mpeg": (".mp3", rb"ID3|\xff[\xe0-\xff]"),
    "audio/wav": (".wav", rb"RIFF....WAVE"),
}
PATTERNS = {kind: re.compile(start, re.DOTALL) for kind, (_, start) in SIGNATURES.items()}
KINDS = {ending: kind for kind, (ending, _) in SIGNATURES.items()}
NAME = re.compile(r"([0-9a-f]{64})(\.[a-z0-9]{3,4})")
MOST, MOST_OF_A_FILM = 10 * 1024 * 1024, 50 * 1024 * 1024
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "public, max-age=31536000, immutable",
}
SCHEMA = """
CREATE TABLE IF NOT EXISTS attachments (
    name TEXT PRIMARY KEY, sha256 TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES accounts(id), created_at TEXT NOT NULL
);
"""


async def take(request: Request) -> Response:
    """Store what is attached to a comment; its address as text."""
    user = await run_in_threadpool(auth.require_writer, request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in SIGNATURES:
        raise HubError(400, f"An attachment is one of {', '.join(SIGNATURES)}")
    hub = hub_of(request)
    with hub.store.upload() as upload:
        await receive(request, upload, kind)
        name = await run_in_threadpool(keep, request, upload, kind, user)
    return PlainTextResponse(f"{hub.url}/uploads/{name}")


async def receive(request: Request, upload: Upload, kind: str) -> None:
    """Write the body down; HubError 413 for too much, 400 for another kind than said."""
    most, begin = MOST_OF_A_FILM if kind.startswith("video/") else MOST, b""
    async for piece in request.stream():
        begin = begin if len(begin) >= 16 else (begin + piece)[:16]
        upload.write(piece)
        if upload.size > most:
            raise HubError(413, f"An attachment of this kind may have {most} bytes")
    if not PATTERNS[kind].match(begin):
        raise HubError(400, f"These bytes are no {kind}")


def keep(request: Request, upload: Upload, kind: str, user: auth.User) -> str:
    """Make it durable; the last part of its address."""
    hub, sha256 = hub_of(request), upload.keep()
    name = sha256 + SIGNATURES[kind][0]
    with hub.store.write() as db:
        db.execute(
            "INSERT OR IGNORE INTO attachments VALUES (?, ?, ?, ?)",
            (name, sha256, user.id, hub.now()),
        )
    return name


def show(request: Request) -> Response:
    """An attachment."""
    hub, match = hub_of(request), NAME.fullmatch(path_param(request, "name"))
    with hub.store.read() as db:
        query = "SELECT sha256 FROM attachments WHERE name = ?"
        row = db.execute(query, (match[0],)).fetchone() if match else None
    if row is None or match is None:
        raise HubError(404, "There is no such attachment")
    return download.stored(hub.store, row["sha256"], HEADERS, KINDS[match[2]])


ROUTES = [
    Route("/uploads", take, methods=["POST"]),
    Route("/uploads/{name}", show),
]
