"""A local Hub, and the bot's connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.hub.client import Connection
from bot.localhub.testing import LocalHub
from tests.bot.hub.calls import BOT, ORG


def pytest_itemcollected(item: pytest.Item) -> None:
    """Run these tests in one process, so that one Hub is enough."""
    item.add_marker(pytest.mark.xdist_group("bot-hub"))


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("real"), orgs={ORG: (BOT, "alice")}) as running:
        yield running


@pytest.fixture
def connection(hub: LocalHub) -> Connection:
    endpoints = f"{hub.url}/endpoints-api/v2"
    return Connection(hub.url, ORG, hub.token(BOT), "", endpoints)
