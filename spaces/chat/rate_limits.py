"""How much a visitor, an account and an address may do in a minute; kept in memory only."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

WINDOW_SECONDS = 60.0
MAX_CLIENTS = 5000
MAX_KEY_LENGTH = 64


class RateLimit:
    """Counts the events of each client in a sliding window, and forgets what has left it."""

    def __init__(self, max_events: int) -> None:
        self._max_events = max_events
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, client: str, now: float) -> float:
        """Count an event at `now` (seconds); return 0, or in how many seconds one is allowed."""
        times = self._times.setdefault(client, deque())
        self._times.move_to_end(client)
        if len(self._times) > MAX_CLIENTS:
            self._times.popitem(last=False)
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        if len(times) >= self._max_events:
            return times[0] + WINDOW_SECONDS - now
        times.append(now)
        return 0.0


class VisitorLimits:
    """A limit for each visitor, and a larger one for each address: a school may share one."""

    def __init__(self, per_visitor: int, per_address: int) -> None:
        self._visitors, self._addresses = RateLimit(per_visitor), RateLimit(per_address)

    def count(self, request: gr.Request, account: str = "") -> float:
        """Count a request; return 0, or in how many seconds one is allowed.

        A visitor who has signed in counts as their account, in however many pages.
        """
        now = time.monotonic()
        visitor = f"@{account}" if account else (request.session_hash or "")[:MAX_KEY_LENGTH]
        wait = self._visitors.count(visitor, now)
        return max(wait, self._addresses.count(address(request), now))


def address(request: gr.Request) -> str:
    """Return the visitor's address.

    The server takes it from `X-Forwarded-For` only if a proxy that `FORWARDED_ALLOW_IPS` names sent
    the request.
    """
    return str(request.client.host)[:MAX_KEY_LENGTH] if request.client else ""
