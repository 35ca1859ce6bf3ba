"""What `doctor` asks the Hub beyond the installation: tokens, clocks, limits, prices, doors."""

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
from bot.hub.client import Allowance, Connection, Refused, translated
from bot.hub.observe import prices
from bot.installation import billing
from bot.installation.billing import Billing
from bot.installation.permissions import EVERYWHERE, Token


@dataclass(frozen=True)
class Offer:
    """Hardware for an endpoint, and why it cannot be had now (empty if it can)."""

    usd_per_hour: float
    obstacle: str = ""


@dataclass(frozen=True)
class Facts:
    """What was found out; a text in place of a value is why it was not.

    `skew`: seconds by which this machine is ahead of the Hub. `offer`: the teacher's hardware, None
    when the Hub has none like it. `jobs`, `endpoints` and `discussions`: why the Hub shows none,
    empty when it does. `billing`: None when the token does not show it.
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
    """Ask everything once; a refusal is a fact. `tokens`: variable → token. Raises TryLater."""
    return Facts(
        tokens={name: _said(partial(_token, hub, value)) for name, value in tokens.items()},
        skew=_said(lambda: _skew(hub)),
        allowance=_said(lambda: _allowance(hub)),
        prices=_said(lambda: prices(hub)),
        jobs=_refusal(lambda: list(hub.api.list_jobs(namespace=hub.org, status=["RUNNING"]))),
        endpoints=_refusal(lambda: hub.api.list_inference_endpoints(namespace=hub.org)),
        discussions=_refusal(lambda: _one_discussion(hub)),
        offer=_said(lambda: _offer(hub, teacher)),
        billing=_said(lambda: billing_of(hub)),
    )


def billing_of(hub: Connection) -> Billing | None:
    """Return who pays for the namespace, None if the token does not show it."""
    with translated("read the plan of the namespace"):
        return billing.read(hub.api.whoami(cache=True), hub.org)


def _said(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Refused as error:
        return str(error)


def _refusal(ask: Callable[[], Any]) -> str:
    """The Hub's refusal as a text, empty when there was none."""
    try:
        with translated("look"):
            ask()
    except Refused as error:
        return str(error)
    return ""


def _token(hub: Connection, token: str) -> Token:
    with translated("say whose token this is"):
        # Its rate limit is strict: one call for each token, however many variables have it.
        who = hub.api.whoami(token=token, cache=True)
    told = (who.get("auth") or {}).get("accessToken") or {}
    scoped = (told.get("fineGrained") or {}).get("scoped") or ()
    held = {
        (str((item.get("entity") or {}).get("name")), str(permission))
        for item in scoped
        for permission in item.get("permissions") or ()
    }
    everywhere = (told.get("fineGrained") or {}).get("global") or ()
    held |= {(EVERYWHERE, str(permission)) for permission in everywhere}
    orgs = tuple((str(o.get("name")), str(o.get("roleInOrg"))) for o in who.get("orgs") or ())
    return Token(str(who["name"]), str(told.get("role")), frozenset(held), orgs)


def _skew(hub: Connection) -> float:
    with translated("read the Hub's clock"):
        headers = hub.api._build_hf_headers()
        before = hub.clock()
        answer = get_session().get(f"{hub.endpoint}/api/jobs/hardware", headers=headers)
        hf_raise_for_status(answer)
    here = (before + hub.clock()) / 2
    # The header has whole seconds: half of one is lost on average.
    return here - parsedate_to_datetime(answer.headers["date"]).timestamp() - 0.5


def _allowance(hub: Connection) -> Allowance:
    with translated("read what is left of the rate limit"):
        return hub.get("jobs/hardware")[1]


def _one_discussion(hub: Connection) -> None:
    repo = names.leaderboard(hub.org)
    next(iter(hub.api.get_repo_discussions(repo, repo_type="space")), None)


def _offer(hub: Connection, teacher: EndpointSpec) -> Offer | None:
    """Return the teacher's hardware where it is to run; None when it is not on the list.

    The client passes on neither status nor quota.
    """
    with translated("list the hardware of Inference Endpoints"):
        url = f"{constants.INFERENCE_ENDPOINTS_ENDPOINT}/provider/{hub.org}"
        answer = get_session().get(url, headers=hub.api._build_hf_headers())
        hf_raise_for_status(answer)
    wanted = (teacher.vendor, teacher.region, teacher.accelerator, teacher.instance_type,
              teacher.instance_size)  # fmt: skip
    for vendor in answer.json()["vendors"]:
        for region in vendor["regions"]:
            for item in region["computes"]:
                kind = (item["accelerator"], item["instanceType"], item["instanceSize"])
                if (vendor["name"], region["name"], *kind) == wanted:
                    return Offer(float(item["pricePerHour"]), _obstacle(item))
    return None


def _obstacle(item: Mapping[str, Any]) -> str:
    """Return why an endpoint cannot run on this hardware, empty if it can."""
    if item["status"] in ("not_available", "deprecated"):
        return f"is {str(item['status']).replace('_', ' ')}"
    quota = item["quota"]
    if quota["maxAccelerators"] - quota["usedAccelerators"] < max(1, item["numAccelerators"]):
        used = f"{quota['usedAccelerators']} of {quota['maxAccelerators']} are in use"
        return f"is beyond the quota of this namespace ({used})"
    return ""
