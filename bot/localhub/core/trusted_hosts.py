"""Middleware that rejects foreign host names and, where required, missing tokens.

On this machine, anyone may read without a token, as on the Hub. But a page of another site must not
do so in a person's browser by resolving its own name to this machine's address, and where other
machines can connect, every call needs a token.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.localhub.core import auth
from bot.localhub.core.hub import Hub
from bot.localhub.core.wire import HubError, error_response, split_url

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# The login, the assets of its page, the sign-in of Spaces, which have a secret of their own, and
# uploads, whose URLs are signed.
WITHOUT_TOKEN = ("/login", "/static/", "/oauth/", "/.well-known/", "/lfs/")


class TrustedHosts:
    """Answers 421 for a foreign host name, and 401 for a missing token where one is required."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self.app, self.hub = app, hub
        own = urlsplit(hub.url).hostname or ""
        self.names = {own} if hub.token_required else {own} | LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            try:
                await self.check(Request(scope))
            except HubError as error:
                await error_response(Request(scope), error)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def check(self, request: Request) -> None:
        """Raise HubError 421 or 401 unless the request may pass."""
        host = split_url(f"//{request.headers.get('host', '')}").hostname
        if host not in self.names:
            raise HubError(421, f"This Hub is {self.hub.url}, not {str(host)[:100]}")
        if self.hub.token_required and not request.url.path.startswith(WITHOUT_TOKEN):
            await run_in_threadpool(auth.require_user, request)
