"""Who pays for a namespace, what it cannot have until somebody does, and what it costs at rest.

https://huggingface.co/docs/hub/spaces-overview, …/spaces-zerogpu and …/billing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain import names
from bot.installation.diff import Change
from bot.installation.state import Part
from bot.settings import RunMode

BILLING_PAGE = "https://huggingface.co/settings/billing"
PRICING_PAGE = "https://huggingface.co/pricing"
# Gradio Spaces on ZeroGPU that a free personal account may have; a free organization has none.
FREE_SPACES = 2

_IDLE_COSTS = {
    RunMode.SERVE: "The bot runs on a machine of yours, which the Hub does not bill.",
    RunMode.SPACE: "The bot runs in a Space on free hardware, which sleeps after 48 hours.",
    RunMode.SCHEDULE: "The schedule costs about $0.05 a day if it starts a job every 5 minutes.",
    RunMode.WEBHOOK_JOB: "The bot runs as a job only while a request is in progress.",
}


@dataclass(frozen=True)
class Billing:
    """What the Hub reports about a namespace.

    `plan` is `pro` for a user, and for an organization `team` or another; it is empty without one.
    The Hub has no name for a free account: it leaves the plan out. `can_pay` is None if the Hub
    does not say. `is_verified` is whether a user has a verified email address.
    """

    plan: str
    can_pay: bool | None
    spend_limit_reached: bool = False
    is_user: bool = False
    is_verified: bool = True


def read(whoami: Mapping[str, Any], org: str) -> Billing | None:
    """Read the response of `/api/whoami-v2`; None if it does not tell about the namespace."""
    if whoami.get("name") == org:
        plan = "pro" if whoami.get("isPro") else ""
        is_verified = whoami.get("emailVerified") is not False
        return Billing(plan, _flag(whoami, "canPay"), is_user=True, is_verified=is_verified)
    for item in whoami.get("orgs") or ():
        if item.get("name") == org:
            reached = item.get("spendLimitReached") is True
            return Billing(str(item.get("plan") or ""), _flag(item, "canPay"), reached)
    return None


def _flag(item: Mapping[str, Any], key: str) -> bool | None:
    value = item.get(key)
    return value if isinstance(value, bool) else None


def needs_zero_gpu(billing: Billing | str | None, space: str, org: str) -> bool:
    """Whether a new Space has to run on ZeroGPU, which every plan includes.

    The chat does, because a model answers slowly on a CPU. Without a plan, all Spaces do.
    """
    return space == names.chat(org) or (isinstance(billing, Billing) and not billing.plan)


def obstacles(
    billing: Billing, org: str, changes: Iterable[Change], other_spaces: int, has_quota: bool
) -> Iterator[tuple[str, str]]:
    """Yield a reason and a remedy for each thing that the Hub would not create or run.

    `other_spaces` is how many Gradio Spaces the namespace has that are not ours. `has_quota` is
    whether the namespace may start the teacher's hardware: it may not without a way to pay.
    """
    created = {(change.part, change.name) for change in changes if change.sign == "+"}
    spaces = {name for part, name in created if part is Part.SPACE}
    if spaces and not billing.plan:
        yield from _free_spaces(billing, org, spaces, other_spaces)
    is_doubtful = billing.can_pay is None and not has_quota
    creates_endpoint = any(part is Part.ENDPOINT for part, _ in created)
    if billing.can_pay is False or (is_doubtful and creates_endpoint):
        known = "has no payment method" if billing.can_pay is False else "shows no payment method"
        yield (
            f"{org} {known}, which jobs and Inference Endpoints need",
            f"add one, and credit, on {BILLING_PAGE}",
        )
    if billing.spend_limit_reached:
        yield (
            f"{org} has reached its spending limit, so the Hub cancels its jobs",
            f"raise it on {BILLING_PAGE}",
        )


def _free_spaces(
    billing: Billing, org: str, spaces: set[str], other_spaces: int
) -> Iterator[tuple[str, str]]:
    if not billing.is_user:
        yield (
            f"the Hub reports no plan for the organization {org}, and only organizations with a "
            "Team or Enterprise plan may create Gradio Spaces",
            f"choose a plan ({PRICING_PAGE}), or set KAKUGO_ORG to your own account",
        )
    elif names.bot(org) in spaces:
        yield (
            f"{org} has no plan, and a free account cannot run the bot as a Space",
            f"set KAKUGO_RUN to schedule or webhook-job, or subscribe to PRO ({PRICING_PAGE})",
        )
    elif not billing.is_verified:
        yield (
            f"{org} has no plan, and a free account needs a verified email address for its Spaces",
            "verify it on https://huggingface.co/settings/account",
        )
    elif len(spaces) + other_spaces > FREE_SPACES:
        yield (
            f"{org} has no plan and {other_spaces} other Gradio Spaces, and a free account may "
            f"have only {FREE_SPACES} of them",
            f"delete some, or subscribe to PRO ({PRICING_PAGE})",
        )


def idle_costs(billing: Billing | None, org: str, run_mode: RunMode) -> Iterator[str]:
    """Yield what the installation costs while there are no requests, and what a plan would add."""
    yield "Cost without requests:"
    if billing is None:
        yield f"  unknown, because this token does not show the plan of {org}."
        return
    if billing.plan:
        yield f"  The plan ({billing.plan}) includes the Spaces, and costs the same without them."
    else:
        yield "  $0.00 a month: both Spaces run on ZeroGPU, which is free for two Spaces."
        yield f"  PRO or Team adds faster Spaces and one for the bot: {PRICING_PAGE}"
    yield f"  {_IDLE_COSTS[run_mode]}"
    yield "  The teacher is paused and costs nothing. Hardware that you give a Space is extra."
