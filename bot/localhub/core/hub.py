"""The object that all services share: store, clock, address, callbacks."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request

from bot.localhub.core.clock import Clock, iso
from bot.localhub.core.records import CreationHook, Json, Listener, Repo
from bot.localhub.core.rules import Rules
from bot.localhub.core.store import Store

PullRequestOpener = Callable[[sqlite3.Connection, Repo, str, str, str], int]
SpaceRuntime = Callable[[sqlite3.Connection, Repo], Json]


@dataclass
class Hub:
    """One running local Hub.

    url: without a trailing slash. token_required: every call needs a token, because other machines
    can reach this address. rules: how strict it is. is_closing: the server was told to stop, so
    open streams must end. signing_key: signs upload URLs, and survives restarts. listeners: called
    with each event, in its transaction. creation_hooks: called with each new repo and the request's
    body, in its transaction.

    Services set the remaining fields when they start, so that lower layers can call them.
    open_pull_request: takes the transaction, repo, author, title and description, and returns the
    number. space_runtime: returns the `runtime` object of a Space. wake_deliveries: tells the
    webhook worker, from any thread, that there is something to deliver.
    """

    store: Store
    data: Path
    url: str
    token_required: bool = False
    rules: Rules = Rules()
    clock: Clock = field(default_factory=Clock)
    is_closing: bool = False
    signing_key: bytes = field(default=b"", init=False)
    listeners: list[Listener] = field(default_factory=list)
    creation_hooks: list[CreationHook] = field(default_factory=list)
    open_pull_request: PullRequestOpener = field(init=False)
    space_runtime: SpaceRuntime = field(init=False)
    wake_deliveries: Callable[[], None] = field(init=False)

    def __post_init__(self) -> None:
        path = self.data / "key"
        if not path.exists():
            with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
        self.signing_key = path.read_bytes()

    def now(self) -> str:
        """Return the current time in the Hub's format."""
        return iso(self.clock.now())


def hub_of(request: Request) -> Hub:
    """Return the Hub that received a request."""
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub
