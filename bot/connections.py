"""Bound what strangers can hold open: connections without a request to a server of ours."""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 400
FIRST_REQUEST_SECONDS = 10.0


def max_connections() -> int:
    """Return how many connections a server may have: a quarter of what the process may open."""
    return min(MAX_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which itself never closes a connection that sends no request.

    With too many connections, the one closes that has waited longest for a request.
    """

    opened_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.opened_at = self.loop.time()
        self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_without_request)
        if len(self.connections) > max_connections():
            others = [c for c in self.connections if isinstance(c, BoundedProtocol) and c.is_idle]
            oldest = min(others, key=lambda other: other.opened_at, default=self)
            oldest.transport.abort()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _close_without_request(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.abort()
