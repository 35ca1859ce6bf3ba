"""Test tokens, permissions, the clock, the rate limit and prices for `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from huggingface_hub import constants, get_session
from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

from bot.domain import names
from bot.domain.recipe import EndpointSpec
from bot.hub.client import Allowance, Connection, Refused, translate_errors
from bot.hub.observe import read_prices
from bot.installation import billing
from bot.installation.billing import Billing
from bot.installation.permissions import EVERYWHERE, Token


@dataclass(frozen=True)
class Offer:
    """Hardware for an endpoint, and why it is not available now (empty if it is)."""

    usd_per_hour: float
    obstacle: str = ""


@dataclass(frozen=True)
class Facts:
    """The results; a text in place of a value is the Hub's reason for refusing it.

    `tokens` are by variable. `skew` is how many seconds this machine's clock is ahead of the Hub's.
    `prices` are hourly prices of job flavors in US dollars. `offer` is the teacher's hardware, None
    if the Hub does not offer it. `jobs`, `endpoints` and `discussions` are the reason why
    they cannot be listed, empty if they can.
    """

    tokens: dict[str, Token | str]
    skew: float | str
    allowance: Allowance | str
    prices: dict[str, float] | str
    jobs: str = ""
    endpoints: str = ""
    discussions: str = ""
    offer: Offer | str | None = None
    billing: Billing | str | None = None


def examine(hub: Connection, tokens: dict[str, str], teacher: EndpointSpec) -> Facts:
    """Run all probes. `tokens` maps variables to tokens. Raises TryLater."""
    running = ["RUNNING"]
    return Facts(
        tokens={
            variable: _value_or_reason(partial(_token, hub, token))
            for variable, token in tokens.items()
        },
        skew=_value_or_reason(lambda: _skew(hub)),
        allowance=_value_or_reason(lambda: _allowance(hub)),
        prices=_value_or_reason(lambda: read_prices(hub)),
        jobs=_refusal(
            "list the jobs", lambda: list(hub.api.list_jobs(namespace=hub.org, status=running))
        ),
        endpoints=_refusal(
            "list the endpoints", lambda: hub.api.list_inference_endpoints(namespace=hub.org)
        ),
        discussions=_refusal("list the discussions", lambda: _first_discussion(hub)),
        offer=_value_or_reason(lambda: _offer(hub, teacher)),
        billing=_value_or_reason(lambda: read_billing(hub)),
    )


def read_billing(hub: Connection) -> Billing | None:
    """Return who pays for the namespace; None if the token does not show it."""
    with translate_errors(f"read the plan of {hub.org}"):
        return billing.read(hub.api.whoami(cache=True), hub.org)


def _value_or_reason(probe: Callable[[], Any]) -> Any:
    try:
        return probe()
    except Refused as error:
        return error.reason


def _refusal(task: str, probe: Callable[[], Any]) -> str:
    """Return the Hub's reason for refusing; empty if it did not."""
    try:
        with translate_errors(task):
            probe()
    except Refused as error:
        return error.reason
    return ""


def _token(hub: Connection, token: str) -> Token:
    with translate_errors("look up the token's owner"):
        # This call has a strict rate limit: cache it, as several variables may hold one token.
        owner = hub.api.whoami(token=token, cache=True)
    info = (owner.get("auth") or {}).get("accessToken") or {}
    scoped = (info.get("fineGrained") or {}).get("scoped") or ()
    granted = {
        (str((item.get("entity") or {}).get("name")), str(permission))
        for item in scoped
        for permission in item.get("permissions") or ()
    }
    everywhere = (info.get("fineGrained") or {}).get("global") or ()
    granted |= {(EVERYWHERE, str(permission)) for permission in everywhere}
    orgs = tuple((str(o.get("name")), str(o.get("roleInOrg"))) for o in owner.get("orgs") or ())
    return Token(str(owner["name"]), str(info.get("role")), frozenset(granted), orgs)


def _skew(hub: Connection) -> float:
    with translate_errors("read the Hub's clock"):
        headers = hub.api._build_hf_headers()
        before = hub.clock()
        response = get_session().get(f"{hub.endpoint}/api/jobs/hardware", headers=headers)
        hf_raise_for_status(response)
    now = (before + hub.clock()) / 2
    # The header is rounded down to whole seconds: half a second is lost on average.
    return now - parsedate_to_datetime(response.headers["date"]).timestamp() - 0.5


def _allowance(hub: Connection) -> Allowance:
    with translate_errors("read the rate limit"):
        return hub.get("jobs/hardware")[1]


def _first_discussion(hub: Connection) -> None:
    repo = names.leaderboard(hub.org)
    next(iter(hub.api.get_repo_discussions(repo, repo_type="space")), None)


def _offer(hub: Connection, teacher: EndpointSpec) -> Offer | None:
    """Return the teacher's hardware in its region; None if it is not offered there.

    The client exposes neither status nor quota.
    """
    with translate_errors("list the hardware of Inference Endpoints"):
        url = f"{constants.INFERENCE_ENDPOINTS_ENDPOINT}/provider/{hub.org}"
        response = get_session().get(url, headers=hub.api._build_hf_headers())
        hf_raise_for_status(response)
    kind = (teacher.accelerator, teacher.instance_type, teacher.instance_size)
    wanted = (teacher.vendor, teacher.region, *kind)
    for vendor in response.json()["vendors"]:
        for region in vendor["regions"]:
            for item in region["computes"]:
                kind = (item["accelerator"], item["instanceType"], item["instanceSize"])
                if (vendor["name"], region["name"], *kind) == wanted:
                    return Offer(float(item["pricePerHour"]), _obstacle(item))
    return None


def _obstacle(item: Mapping[str, Any]) -> str:
    """Return why an endpoint cannot run on this hardware; empty if it can."""
    if item["status"] in ("not_available", "deprecated"):
        return f"is {str(item['status']).replace('_', ' ')}"
    quota = item["quota"]
    if quota["maxAccelerators"] - quota["usedAccelerators"] < max(1, item["numAccelerators"]):
        used = f"{quota['usedAccelerators']} of {quota['maxAccelerators']} are in use"
        return f"is beyond the quota of this namespace ({used})"
    return ""
