"""What the doctor reads from the Hub."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from bot import settings
from bot.hub.client import Connection
from bot.hub.observe import read_prices
from bot.hub.probes import Offer, examine
from bot.installation.permissions import Scope, Token, missing
from bot.localhub.testing import LocalHub
from bot.settings import Settings
from tests.bot import examples
from tests.bot.hub.calls import BOT, ORG, read
from tests.bot.localhub.helpers import control


def _settings(hub: LocalHub, **variables: str) -> Settings:
    env = {"HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token(BOT), "KAKUGO_ORG": ORG}
    return settings.read({**env, **variables})


def test_the_offer_says_whether_the_hardware_is_available(
    hub: LocalHub, connection: Connection
) -> None:
    def offer(instance_type: str = "nvidia-h200", region: str = "") -> Offer | str | None:
        teacher = examples.endpoint()
        teacher = replace(
            teacher,
            accelerator="gpu",
            instance_type=instance_type,
            instance_size="x1",
            region=region or teacher.region,
        )
        recipe = replace(examples.recipe(), teacher=teacher)
        return examine(connection, _settings(hub), recipe, {}).offer

    assert offer() == Offer(5.0)
    assert offer(region="us-west-9") is None
    assert offer(region="eu-west-1") == Offer(5.0, "is not available")
    assert offer(instance_type="nvidia-h100") == Offer(10.0, "is deprecated")
    control(hub, "account", name=ORG, canPay=False)
    try:
        refused = offer()
    finally:
        control(hub, "account", name=ORG, canPay=True)
    assert refused == Offer(5.0, "is beyond the quota of this namespace (0 of 0 are in use)")


def _answering(**answers: Any) -> Connection:
    """Return a connection to a Hub that only gives these answers, as the local Hub never does."""
    connection = Connection("http://127.0.0.1:9", ORG, "hf_x", "")
    vars(connection)["api"] = SimpleNamespace(
        **{name: partial(lambda answer, **_: answer, answer) for name, answer in answers.items()}
    )
    return connection


def test_permissions_that_hold_everywhere_count_and_a_missing_role_is_none() -> None:
    """What the Hub may leave out of a token: an entity's name, and the role in an organization."""
    scoped = [{"entity": {"type": "org"}, "permissions": ["job.write"]}]
    access = {"role": "fineGrained", "fineGrained": {"scoped": scoped, "global": ["post.write"]}}
    whoami = {"name": BOT, "auth": {"accessToken": access}, "orgs": [{"name": ORG}]}
    chosen = settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": ORG})
    token = examine(_answering(whoami=whoami), chosen, examples.recipe(), {}).tokens["HF_TOKEN"]
    assert isinstance(token, Token) and not token.owner_can_write(ORG)
    everywhere = Scope(f"{ORG}/kakugo", "post.write", "")
    named = Scope(ORG, "job.write", "")
    assert missing(token, [everywhere, named]) == (named,)


def test_a_flavor_with_an_unknown_unit_has_no_price() -> None:
    flavors = [
        SimpleNamespace(name=unit, unit_label=unit, unit_cost_usd=0.01)
        for unit in ("minute", "hour", "fortnight")
    ]
    assert read_prices(_answering(list_jobs_hardware=flavors)) == {"minute": 0.6, "hour": 0.01}


def test_each_token_is_checked_once(hub: LocalHub, connection: Connection) -> None:
    _ = connection.me
    before = read(hub, "control/calls?path=whoami")["count"]
    tokens = {"KAKUGO_BOT_TOKEN": hub.token(BOT), "KAKUGO_JOB_TOKEN": hub.read_token(BOT)}
    facts = examine(connection, _settings(hub, **tokens), examples.recipe(), {})
    assert read(hub, "control/calls?path=whoami")["count"] - before == 1
    assert not isinstance(facts.allowance, str) and 0 < facts.allowance.calls < 10_000
    assert isinstance(facts.skew, float) and abs(facts.skew) < 3
