"""Everything that `doctor` asks the Hub; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from huggingface_hub import constants, get_session
from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

from bot.domain import names
from bot.domain.recipe import EndpointSpec, Recipe
from bot.hub.client import Allowance, Connection, Refused, RepoType, TryLater, translate_errors
from bot.hub.observe import read_prices
from bot.hub.teacher_probe import ServedModel, read_models
from bot.installation import billing, permissions
from bot.installation.billing import Billing
from bot.installation.permissions import EVERYWHERE, Scope, Token
from bot.installation.state import SPACE_FOLDERS
from bot.parsing.redaction import last_lines
from bot.settings import Settings

K = TypeVar("K")
REACH_SECONDS = 5.0


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
    if the Hub does not offer it. `models` are those at the teacher's URL, None if it has none or
    does not list them. `other_spaces` counts the namespace's Gradio Spaces that are not ours.

    The others are reasons why something does not work: `unproven` why the Hub does not confirm a
    permission, by variable and scope; `unreadable` why a job cannot read a repo of others, by type
    and name; `invalid_cards` what is wrong with a card, by repo; `discussions` why they cannot be
    listed; `webhook` why its address does not answer; the last two are empty if it works.
    """

    tokens: dict[str, Token | str]
    skew: float | str
    allowance: Allowance | str
    prices: dict[str, float] | str
    offer: Offer | str | None = None
    models: tuple[ServedModel, ...] | str | None = None
    billing: Billing | str | None = None
    other_spaces: int | str = 0
    unproven: Mapping[tuple[str, Scope], str] = field(default_factory=dict)
    unreadable: Mapping[tuple[str, str], str] = field(default_factory=dict)
    invalid_cards: Mapping[str, str] = field(default_factory=dict)
    discussions: str = ""
    webhook: str = ""


def examine(
    hub: Connection,
    settings: Settings,
    recipe: Recipe,
    cards: Mapping[str, tuple[RepoType, str]],
) -> Facts:
    """Run all probes, which change nothing. `cards` maps a repo to its type and its card."""
    uses = permissions.uses(settings, recipe.teacher)
    unproven = {
        (use.variable, scope): partial(_prove, hub, scope.proof, use.token)
        for use in uses
        for scope in use.needed
        if scope.proof
    }
    unreadable = {
        (repo_type, repo): partial(
            hub.api.auth_check, repo, repo_type=repo_type, token=settings.job_token
        )
        for repo_type, repo in recipe.inputs
    }
    invalid_cards = {
        repo: partial(hub.api._validate_yaml, text, repo_type=repo_type)
        for repo, (repo_type, text) in cards.items()
    }
    return Facts(
        tokens={use.variable: _value_or_reason(partial(_token, hub, use.token)) for use in uses},
        skew=_value_or_reason(lambda: _skew(hub)),
        allowance=_value_or_reason(lambda: _allowance(hub)),
        prices=_value_or_reason(lambda: read_prices(hub)),
        offer=_value_or_reason(lambda: read_offer(hub, recipe.endpoint)),
        models=_value_or_reason(lambda: read_models(hub, recipe.teacher)),
        billing=_value_or_reason(lambda: read_billing(hub)),
        other_spaces=_value_or_reason(lambda: _other_spaces(hub)),
        unproven=_failures(unproven),
        unreadable=_failures(unreadable),
        invalid_cards=_failures(invalid_cards),
        discussions=_reason(lambda: _first_discussion(hub)),
        webhook=_reason(lambda: _call_webhook(settings.webhook_url)),
    )


def read_billing(hub: Connection) -> Billing | None:
    """Return who pays for the namespace; None if the token does not show it."""
    with translate_errors(f"read the plan of {hub.org}"):
        return billing.read(hub.api.whoami(cache=True), hub.org)


def read_space_log(hub: Connection, space: str) -> tuple[str, ...]:
    """Return the redacted end of the log of a Space: of its app, or of its build if that failed.

    It is empty if there is no log, or if the log cannot be read.
    """
    for build in (False, True):
        with suppress(TryLater, Refused), translate_errors(f"read the log of {space}"):
            lines = last_lines(hub.api.fetch_space_logs(space, build=build), hub.secrets)
            if lines:
                return lines
    return ()


def _value_or_reason(probe: Callable[[], Any]) -> Any:
    try:
        with translate_errors("understand the Hub's answer"):
            return probe()
    except (Refused, TryLater) as error:
        return getattr(error, "reason", "") or str(error)


def _reason(probe: Callable[[], object]) -> str:
    """Return why a call fails; empty if it does not."""
    try:
        with translate_errors("do this"):
            probe()
    except (Refused, TryLater) as error:
        return getattr(error, "reason", "") or str(error).removeprefix("cannot do this: ")
    return ""


def _failures(probes: Mapping[K, Callable[[], object]]) -> dict[K, str]:
    return {key: reason for key, probe in probes.items() if (reason := _reason(probe))}


def _prove(hub: Connection, path: str, token: str) -> None:
    """Ask the Hub whether a token has a permission."""
    headers = hub.api._build_hf_headers(token=token)
    hf_raise_for_status(get_session().post(f"{hub.endpoint}/api/{path}", headers=headers))


def _call_webhook(url: str) -> None:
    """Ask the bot at this address whether it is there."""
    if url:
        response = get_session().get(f"{url.removesuffix('webhook')}health", timeout=REACH_SECONDS)
        if response.status_code != 503:  # which it answers while it cannot check the Hub
            hf_raise_for_status(response)


def _other_spaces(hub: Connection) -> int:
    ours = {name(hub.org) for name in SPACE_FOLDERS}
    with translate_errors(f"list the Spaces of {hub.org}"):
        spaces = hub.api.list_spaces(author=hub.org, expand=["sdk"])
        return sum(space.sdk == "gradio" and space.id not in ours for space in spaces)


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
        before = hub.clock()
        _, allowance = hub.get("jobs/hardware")
    if not allowance.answered_at:
        raise TryLater("the Hub does not say what time it is")
    now = (before + hub.clock()) / 2
    # The time is rounded down to whole seconds: half a second is lost on average.
    return now - allowance.answered_at - 0.5


def _allowance(hub: Connection) -> Allowance:
    with translate_errors("read the rate limit"):
        return hub.get("jobs/hardware")[1]


def _first_discussion(hub: Connection) -> None:
    repo = names.leaderboard(hub.org)
    next(iter(hub.api.get_repo_discussions(repo, repo_type="space")), None)


def read_offer(hub: Connection, teacher: EndpointSpec | None) -> Offer | None:
    """Return the teacher's hardware in its region; None if it has none or is not offered there.

    The client exposes neither status nor quota.
    """
    if teacher is None:
        return None
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
