"""Who is let in at all, before any route: by which name one comes, and with a token or without.

Whoever is on this machine may look around without a token, as on the Hub. But a page of another
site must not do so in somebody's browser by giving its own name this machine's address, and on an
address that other machines reach nobody comes in without a token.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.localhub.core import auth
from bot.localhub.core.hub import Hub
from bot.localhub.core.wire import HubError, refusal

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# What says who one is, what it looks like, and uploads whose address is signed.
WITHOUT_TOKEN = ("/login", "/static/", "/lfs/")


class Door:
    """Around every request: HubError 421 for a strange host, 401 for nobody where that matters."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self.app, self.hub = app, hub
        own = urlsplit(hub.url).hostname or ""
        self.names = {own} if hub.guarded else {own} | LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in or refuse."""
        if scope["type"] == "http":
            try:
                await self.check(Request(scope))
            except HubError as error:
                await refusal(Request(scope), error)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def check(self, request: Request) -> None:
        """HubError 421 or 401 for one who is not let in."""
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
        if host not in self.names:
            raise HubError(421, f"This Hub is {self.hub.url}, not {str(host)[:100]}")
        if self.hub.guarded and not request.url.path.startswith(WITHOUT_TOKEN):
            await run_in_threadpool(auth.require, request)
