"""Streams a stored file, or one byte range of it, and verifies its hash on the way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NoReturn

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.localhub.core.store import CHUNK, Store
from bot.localhub.core.wire import HubError

SMALL = 1 << 16
RANGE = re.compile(r"bytes=(\d{0,20})-(\d{0,20})")


class DamagedError(Exception):
    """A stored file no longer has the content that its name stands for."""


def blob_response(
    store: Store, sha256: str, headers: Mapping[str, str], media_type: str
) -> BlobResponse:
    """Return the content with this sha256; raises HubError 500 if it is damaged.

    Call it in a thread, because it reads small files.
    """
    try:
        return BlobResponse(store.blob_path(sha256), sha256, headers, media_type)
    except (FileNotFoundError, DamagedError) as error:
        raise HubError(500, "This content was damaged on disk: upload it again") from error


class BlobResponse(Response):
    """A stored content; one byte range is honored, several are answered in full.

    A damaged file is never sent to its end, but moved aside so that it can be uploaded again.
    """

    def __init__(
        self, path: Path, sha256: str, headers: Mapping[str, str], media_type: str
    ) -> None:
        self.path, self.sha256, self.size = path, sha256, path.stat().st_size
        self.status_code, self.media_type, self.background = 200, media_type, None
        self.content = path.read_bytes() if self.size <= SMALL else None
        if self.content is not None and hashlib.sha256(self.content).hexdigest() != sha256:
            self._move_aside()
        self.init_headers({**headers, "Accept-Ranges": "bytes", "Content-Length": str(self.size)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and, unless it is a HEAD request, the bytes."""
        request = Request(scope)
        byte_range = self._byte_range(request)
        if byte_range is not None:
            first, last = byte_range
            if not first <= last < self.size:
                headers = {"Content-Range": f"bytes */{self.size}"}
                await Response(status_code=416, headers=headers)(scope, receive, send)
                return
            self.status_code = 206
            self.headers["Content-Range"] = f"bytes {first}-{last}/{self.size}"
            self.headers["Content-Length"] = str(last - first + 1)
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        if request.method == "HEAD":
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._send_bytes(send, byte_range)

    def _byte_range(self, request: Request) -> tuple[int, int] | None:
        """Return the first and last byte requested, None for the whole file."""
        match = RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
        condition = request.headers.get("if-range")
        if not match or match[0] == "bytes=-" or condition not in (None, self.headers.get("etag")):
            return None
        first, last = match[1], match[2]
        if not first:
            return max(self.size - int(last), 0), self.size - 1 if int(last) else -1
        return int(first), min(int(last), self.size - 1) if last else self.size - 1

    def _move_aside(self) -> NoReturn:
        self.path.replace(self.path.with_suffix(".damaged"))
        raise DamagedError(f"{self.path} is damaged and was moved aside")

    async def _send_bytes(self, send: Send, byte_range: tuple[int, int] | None) -> None:
        first, last = byte_range or (0, self.size - 1)
        if self.content is not None:
            await send({"type": "http.response.body", "body": self.content[first : last + 1]})
            return
        left, hasher = last - first + 1, hashlib.sha256()

        def read(file: IO[bytes]) -> bytes:
            chunk = file.read(min(CHUNK, left))
            if byte_range is None:
                hasher.update(chunk)
            return chunk

        with await anyio.to_thread.run_sync(self.path.open, "rb") as file:
            file.seek(first)
            while left:
                chunk = await anyio.to_thread.run_sync(read, file)
                left -= len(chunk)
                is_damaged = not left and byte_range is None and hasher.hexdigest() != self.sha256
                if not chunk or is_damaged:
                    self._move_aside()
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
