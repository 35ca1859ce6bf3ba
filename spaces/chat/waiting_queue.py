"""The queue for the model: first come, first served, and everybody sees their position.

Gradio has a queue of its own, but shows the position only in an English overlay.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

MAX_WAITING = 20
MAX_PER_ADDRESS = 5  # a class may share an address, but not take all places
POLL_SECONDS = 1.0


@dataclass(frozen=True, eq=False)
class Ticket:
    """A place in the queue; no two are equal."""

    address: str


class WaitingQueue:
    """The first ticket is served, the others wait in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tickets: list[Ticket] = []

    def is_busy(self) -> bool:
        """Return whether somebody is being served or waits."""
        return bool(self._tickets)

    def enter(self, address: str) -> Ticket | None:
        """Return a ticket for the end of the queue; None if the queue or the address is full."""
        with self._changed:
            own = sum(ticket.address == address for ticket in self._tickets)
            if len(self._tickets) > MAX_WAITING or own >= MAX_PER_ADDRESS:
                return None
            ticket = Ticket(address)
            self._tickets.append(ticket)
            return ticket

    def position(self, ticket: Ticket) -> int:
        """Return how many tickets are before this one."""
        with self._changed:
            return self._tickets.index(ticket)

    def wait(self, ticket: Ticket) -> Iterator[int]:
        """Yield the position at each change and every second, until it is this ticket's turn."""
        while position := self.position(ticket):
            yield position
            with self._changed:
                if self._tickets.index(ticket) == position:
                    self._changed.wait(POLL_SECONDS)

    def leave(self, ticket: Ticket) -> None:
        """Give the ticket back, served or not."""
        with self._changed:
            self._tickets.remove(ticket)
            self._changed.notify_all()
