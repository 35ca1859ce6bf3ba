"""Calls the listeners when something happens.

Listeners run inside the transaction of the event, in the thread of the request: what a listener
writes is stored exactly if the event is. Any other effect belongs in `hub.store.after_commit`.
"""

from __future__ import annotations

import sqlite3

from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Event


def emit(hub: Hub, db: sqlite3.Connection, event: Event) -> None:
    """Call every listener in order of registration; `db` is the open transaction."""
    for listener in list(hub.listeners):
        listener(db, event)
