"""What every request shares: the store, the clock, the address, and who listens to events."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from bot.localhub.core.clock import Clock, iso
from bot.localhub.core.store import Store

if TYPE_CHECKING:
    from bot.localhub.core.events import Listener
    from bot.localhub.repos.repos import Repo


@dataclass
class Hub:
    """One running local Hub.

    url: without a trailing slash.  listeners: called with each event, in its transaction.
    creators: called with each new repo and the body of its creation, in the same transaction.
    pull_request: opens one in a transaction (repo, author, title, description) and numbers it.
    runtime: the ``runtime`` object of a Space.
    key: signs upload addresses, across restarts.
    services: what a service module keeps from ``start`` to ``stop``, under its own name.
    guarded: true where other machines reach it, so that every call needs a token.
    closing: true once the server was told to stop, so that open streams end.
    """

    store: Store
    data: Path
    url: str
    clock: Clock = field(default_factory=Clock)
    listeners: list[Listener] = field(default_factory=list)
    creators: list[Callable[[sqlite3.Connection, Repo, dict[str, Any]], None]] = field(
        default_factory=list
    )
    pull_request: Callable[[sqlite3.Connection, Repo, str, str, str], int] | None = None
    runtime: Callable[[sqlite3.Connection, Repo], dict[str, Any]] | None = None
    key: bytes = field(default=b"", init=False)
    services: dict[str, Any] = field(default_factory=dict)
    guarded: bool = False
    closing: bool = False

    def __post_init__(self) -> None:
        path = self.data / "key"
        if not path.exists():
            with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
        self.key = path.read_bytes()

    def now(self) -> str:
        """The present moment as the Hub writes dates."""
        return iso(self.clock.now())


def hub_of(request: Request) -> Hub:
    """The Hub that a request came to."""
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub
