"""Middleware that limits calls in windows of five minutes, as the Hub does.

API calls, downloads and pages are counted apart, per account, or per address without a token. Every
response says in the header `RateLimit` what is left
(https://huggingface.co/docs/hub/rate-limits).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.localhub.core import accounts, auth
from bot.localhub.core.hub import Hub
from bot.localhub.core.wire import HubError, error_response

WINDOW_SECONDS = 300
WHOAMI = "/api/whoami-v2"
# What other accounts have, relative to a free one: the best plan of a user's organizations counts.
SHARES = {"anonymous": 0.5, "": 1.0, "pro": 2.5, "team": 3.0, "enterprise": 6.0, "plus": 10.0}
DOWNLOADS_PER_CALL = 5
EXEMPT = ("/control/", "/static/", "/inference/", "/endpoints-api/", "/oauth/", "/lfs/")


@dataclass
class Window:
    """Calls of one caller until the window ends (epoch seconds); then the count begins again."""

    kind: str
    limit: int
    ends_at: float
    calls: int = 0

    def headers(self, now: float) -> dict[str, str]:
        """Return what the Hub says about a window."""
        left = max(0, self.limit - self.calls)
        seconds = max(0, round(self.ends_at - now))
        return {
            "RateLimit": f'"{self.kind}";r={left};t={seconds}',
            "RateLimit-Policy": f'"fixed window";"{self.kind}";q={self.limit};w={WINDOW_SECONDS}',
        }


@dataclass
class RateLimits:
    """Counts calls, and answers 429 to those over the limit."""

    app: ASGIApp
    hub: Hub
    windows: dict[tuple[str, str], Window] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["path"].startswith(EXEMPT):
            await self.app(scope, receive, send)
            return
        try:
            window = await run_in_threadpool(self._count, Request(scope))
        except HubError as error:
            await error_response(Request(scope), error)(scope, receive, send)
            return
        lines = [
            (name.encode(), value.encode()) for name, value in window.headers(self._now()).items()
        ]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *lines]}
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _count(self, request: Request) -> Window:
        """Count a call and return its window; raises HubError 429, or 401 for an invalid token."""
        path, rules = request.url.path, self.hub.rules
        kind = "api" if path.startswith("/api/") else "pages"
        kind = "resolvers" if "/resolve/" in path else kind
        user = auth.current_user(request)
        caller = user.id if user else ""
        window = self._window(kind, caller)
        if window is None:
            with self.hub.store.read() as db:
                plan = accounts.best_plan(db, caller) if caller else "anonymous"
            limit = round(rules.api_calls * SHARES.get(plan, 1.0))
            limit *= DOWNLOADS_PER_CALL if kind == "resolvers" else 1
            window = self._open(kind, caller, limit)
        if path == WHOAMI and rules.whoami_calls:
            token = auth.digest(request.headers.get("authorization", ""))
            strict = self._window(WHOAMI, token) or self._open(WHOAMI, token, rules.whoami_calls)
            self._take(strict)
        self._take(window)
        return window

    def _now(self) -> float:
        """Return the time of the Hub's clock, which tests may move."""
        return self.hub.clock.now().timestamp()

    def _window(self, kind: str, caller: str) -> Window | None:
        window = self.windows.get((kind, caller))
        return window if window and window.ends_at > self._now() else None

    def _open(self, kind: str, caller: str, limit: int) -> Window:
        window = Window(kind.rpartition("/")[2], limit, self._now() + WINDOW_SECONDS)
        self.windows[kind, caller] = window
        return window

    def _take(self, window: Window) -> None:
        """Count a call; raises HubError 429 if the limit was reached before."""
        if window.limit and window.calls >= window.limit:
            raise HubError(
                429,
                f"Too Many Requests: you have reached your '{window.kind}' rate limit",
                headers=window.headers(self._now()),
            )
        window.calls += 1
