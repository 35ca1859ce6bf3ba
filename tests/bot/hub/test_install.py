"""The teacher's endpoint and the webhook on a strict local Hub."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain import names
from bot.domain.recipe import EndpointSpec
from bot.hub import install, inventory
from bot.hub.client import Connection
from bot.installation.state import Endpoint, Webhook
from bot.localhub.testing import LocalHub
from tests.bot import examples
from tests.bot.hub.calls import ORG, read


def spec(name: str) -> EndpointSpec:
    return replace(examples.endpoint(), name=name, command=("sleep", "60"), usd_per_hour=0.0)


def test_the_teacher_is_private_has_a_health_route_and_scales_to_zero(
    hub: LocalHub, connection: Connection
) -> None:
    wanted = Endpoint(spec("fresh"))
    install.ensure_endpoint(connection, wanted, None)
    created = read(hub, "endpoints-api/v2/endpoint/practice/fresh")
    assert (created["type"], created["healthRoute"], created["status"]["state"]) == (
        "private",
        "/health",
        "paused",
    )
    assert created["model"]["image"]["custom"]["port"] == 80
    assert created["compute"]["scaling"] == {
        "minReplica": 0, "maxReplica": 1, "scaleToZeroTimeout": 15,
    }  # fmt: skip
    assert inventory.read_endpoint(connection, "fresh") == wanted


@pytest.mark.parametrize(
    "old", [{"access": "authenticated"}, {"health_route": ""}, {"idle_minutes": 60}]
)
def test_an_older_endpoint_is_updated(connection: Connection, old: dict[str, Any]) -> None:
    name = "old-" + next(iter(old)).replace("_", "-")
    before = replace(Endpoint(spec(name)), **old)
    install.ensure_endpoint(connection, before, None)
    actual = inventory.read_endpoint(connection, name)
    assert actual == before
    install.ensure_endpoint(connection, Endpoint(spec(name)), actual)
    assert inventory.read_endpoint(connection, name) == Endpoint(spec(name))


def test_a_webhook_is_up_to_date_although_its_secret_is_never_returned(
    connection: Connection,
) -> None:
    watched = frozenset({("space", names.leaderboard(ORG))})
    wanted = Webhook("http://127.0.0.1:9/webhook", None, watched, ("discussion",), "abc")
    install.ensure_webhook(connection, wanted, None, "secret", {})
    (actual,) = inventory.read_webhooks(connection)
    assert replace(actual, id="") == wanted
    other = replace(wanted, secret="def")
    install.ensure_webhook(connection, other, actual, "other", {})
    (actual,) = inventory.read_webhooks(connection)
    assert replace(actual, id="") == other
    connection.api.delete_webhook(actual.id)
