"""What every request shares: the store, the clock, the address, and who listens to events."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from bot.localhub.clock import Clock, iso
from bot.localhub.store import Store

if TYPE_CHECKING:
    from bot.localhub.events import Listener


@dataclass
class Hub:
    """One running local Hub.

    url: without a trailing slash.  listeners: called after each committed event.
    services: what a service module keeps from ``start`` to ``stop``, under its own name.
    """

    store: Store
    data: Path
    url: str
    clock: Clock = field(default_factory=Clock)
    listeners: list[Listener] = field(default_factory=list)
    services: dict[str, Any] = field(default_factory=dict)

    def now(self) -> str:
        """The present moment as the Hub writes dates."""
        return iso(self.clock.now())


def hub_of(request: Request) -> Hub:
    """The Hub that a request came to."""
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub
