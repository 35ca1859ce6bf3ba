"""What happens on the Hub, told in this process to whoever listens (webhooks, Spaces).

Told inside the transaction that makes it happen, in the thread of the request: what a listener
writes down is there exactly if the event is.  What it sets going it leaves to
``hub.store.afterwards``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.localhub.core.hub import Hub


@dataclass(frozen=True)
class Event:
    """One event in the words of webhook payloads (version 3).

    action: create, update, delete or move.  scope: repo, repo.content, repo.config, discussion,
    discussion.comment.  repo: the payload's ``repo`` object (it may be gone from the database).
    The rest are payload parts, each absent when None.
    """

    action: str
    scope: str
    repo_type: str
    repo_name: str
    repo: dict[str, Any]
    actor: str = ""
    discussion: dict[str, Any] | None = None
    comment: dict[str, Any] | None = None
    updated_refs: list[dict[str, Any]] | None = None
    updated_config: dict[str, Any] | None = None
    moved_to: dict[str, Any] | None = None


Listener = Callable[[Hub, sqlite3.Connection, Event], None]


def emit(hub: Hub, db: sqlite3.Connection, event: Event) -> None:
    """Tell every listener, in the order they were registered; ``db`` is the open transaction."""
    for listener in list(hub.listeners):
        listener(hub, db, event)
