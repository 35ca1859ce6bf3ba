"""The queue for the model: first come, first served, and everybody sees their position.

Gradio has a queue of its own, but shows the position only in an English overlay.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

MAX_WAITING = 20
POLL_SECONDS = 1.0


class WaitingQueue:
    """The first ticket is served, the others wait in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tickets: list[object] = []

    def is_busy(self) -> bool:
        """Return whether somebody is being served or waits."""
        return bool(self._tickets)

    def enter(self) -> object | None:
        """Return a ticket for the end of the queue; None if the queue is full."""
        with self._changed:
            if len(self._tickets) > MAX_WAITING:
                return None
            ticket = object()
            self._tickets.append(ticket)
            return ticket

    def position(self, ticket: object) -> int:
        """Return how many tickets are before this one."""
        with self._changed:
            return self._tickets.index(ticket)

    def wait(self, ticket: object) -> Iterator[int]:
        """Yield the position at each change and every second, until it is this ticket's turn."""
        while position := self.position(ticket):
            yield position
            with self._changed:
                if self._tickets.index(ticket) == position:
                    self._changed.wait(POLL_SECONDS)

    def leave(self, ticket: object) -> None:
        """Give the ticket back, served or not."""
        with self._changed:
            self._tickets.remove(ticket)
            self._changed.notify_all()
