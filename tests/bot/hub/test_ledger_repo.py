"""The ledger stays within the Hub's limit of commits."""

from __future__ import annotations

import time

import pytest

from bot.hub.client import Connection, TryLater
from bot.hub.ledger_repo import LedgerRepo
from bot.localhub.testing import LocalHub
from tests.bot.hub.calls import BOT, ORG


def test_commits_to_the_ledger_are_spread_over_the_hour(hub: LocalHub) -> None:
    now = [1_000.0]
    connection = Connection(hub.url, ORG, hub.token(BOT), "", clock=lambda: now[0])
    connection.api.create_repo(f"{ORG}/paced", repo_type="dataset")
    repo = LedgerRepo(connection, f"{ORG}/paced", commits_per_hour=4)

    def write() -> None:
        assert repo.swap(repo.head(), {"a.json": str(time.monotonic_ns())}, "Write")

    for _ in range(2):
        write()
    with pytest.raises(TryLater, match="was written 2 times in an hour") as error:
        write()
    assert error.value.after == pytest.approx(1800)
    now[0] += 1801
    write()
    with pytest.raises(TryLater):
        write()
    now[0] += 1800  # the first two are an hour ago
    write()
