"""A stored file on its way out: whole or one part of it, in large pieces, its hash checked.

What a file says is not known here, only that it is the content its hash names.
"""

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

from bot.localhub.core.store import Store
from bot.localhub.core.wire import HubError

PIECE = 1 << 20
SMALL = 1 << 16
RANGE = re.compile(r"bytes=(\d{0,20})-(\d{0,20})")


class Damaged(Exception):
    """A stored file no longer has the content that its name stands for."""


def stored(store: Store, sha256: str, headers: Mapping[str, str], media_type: str) -> Content:
    """The content with this sha256 as an answer; HubError 500 if it was damaged.

    Call it in a thread: what is small is read here and now.
    """
    try:
        return Content(store.blob_path(sha256), sha256, headers, media_type)
    except (FileNotFoundError, Damaged) as error:
        raise HubError(500, "This content was damaged on disk: upload it again") from error


class Content(Response):
    """The content with this sha256, honouring one byte range (several are answered in full).

    A damaged file is not sent to its end but put aside, so that it can be uploaded anew.
    """

    def __init__(
        self, path: Path, sha256: str, headers: Mapping[str, str], media_type: str
    ) -> None:
        self.path, self.sha256, self.size = path, sha256, path.stat().st_size
        self.status_code, self.media_type, self.background = 200, media_type, None
        self.small = path.read_bytes() if self.size <= SMALL else None
        if self.small is not None and hashlib.sha256(self.small).hexdigest() != sha256:
            self._put_aside()
        self.init_headers({**headers, "Accept-Ranges": "bytes", "Content-Length": str(self.size)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and, unless only they were asked for, the bytes."""
        request = Request(scope)
        part = self._part(request)
        if part is not None:
            first, last = part
            if not first <= last < self.size:
                await self._refuse(scope, receive, send)
                return
            self.status_code = 206
            self.headers["Content-Range"] = f"bytes {first}-{last}/{self.size}"
            self.headers["Content-Length"] = str(last - first + 1)
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        if request.method == "HEAD":
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._send_bytes(send, part)

    def _part(self, request: Request) -> tuple[int, int] | None:
        """The first and last byte asked for; None for the whole file."""
        found = RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
        condition = request.headers.get("if-range")
        if not found or found[0] == "bytes=-" or condition not in (None, self.headers.get("etag")):
            return None
        first, last = found[1], found[2]
        if not first:
            return max(self.size - int(last), 0), self.size - 1 if int(last) else -1
        return int(first), min(int(last), self.size - 1) if last else self.size - 1

    def _put_aside(self) -> NoReturn:
        self.path.replace(self.path.with_suffix(".damaged"))
        raise Damaged(f"{self.path} is not what it was: it was put aside")

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Content-Range": f"bytes */{self.size}"}
        await Response(status_code=416, headers=headers)(scope, receive, send)

    async def _send_bytes(self, send: Send, part: tuple[int, int] | None) -> None:
        first, last = part or (0, self.size - 1)
        if self.small is not None:
            await send({"type": "http.response.body", "body": self.small[first : last + 1]})
            return
        left, seen = last - first + 1, hashlib.sha256()

        def read(file: IO[bytes]) -> bytes:
            piece = file.read(min(PIECE, left))
            if part is None:
                seen.update(piece)
            return piece

        with await anyio.to_thread.run_sync(self.path.open, "rb") as file:
            file.seek(first)
            while left:
                piece = await anyio.to_thread.run_sync(read, file)
                left -= len(piece)
                if not piece or (not left and part is None and seen.hexdigest() != self.sha256):
                    self._put_aside()
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
