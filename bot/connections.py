"""Listen for connections, and limit those that strangers hold open without a request."""

from __future__ import annotations

import asyncio
import resource
import socket

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 400
FIRST_REQUEST_SECONDS = 10.0


def max_connections() -> int:
    """Return how many connections a server may have: a quarter of what the process may open."""
    return min(MAX_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to a name or address of this machine. Raises OSError."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OverflowError, UnicodeError) as error:
        raise OSError(str(error)) from error
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        # The given port, because getaddrinfo wraps a port that is too large.
        listener.bind((address[0], port, *address[2:]))
    except (OSError, OverflowError) as error:
        listener.close()
        raise error if isinstance(error, OSError) else OSError(str(error)) from error
    return listener


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
