"""Who pays for a namespace, and what it cannot have until somebody does.

https://huggingface.co/docs/hub/spaces-overview and https://huggingface.co/docs/hub/billing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.installation.diff import Change
from bot.installation.state import Part

BILLING_PAGE = "https://huggingface.co/settings/billing"


@dataclass(frozen=True)
class Billing:
    """What the Hub reports about a namespace.

    `plan` is `pro` for a user, and for an organization `team` or another; it is empty without one.
    """

    plan: str
    can_pay: bool
    spend_limit_reached: bool = False


def read(whoami: Mapping[str, Any], org: str) -> Billing | None:
    """Read the response of `/api/whoami-v2`; None if it does not tell about the namespace."""
    if whoami.get("name") == org:
        plan = "pro" if whoami.get("isPro") else ""
        return Billing(plan, whoami.get("canPay", True) is True)
    for item in whoami.get("orgs") or ():
        if item.get("name") == org:
            reached = item.get("spendLimitReached") is True
            return Billing(str(item.get("plan") or ""), item.get("canPay", True) is True, reached)
    return None


def obstacles(billing: Billing, org: str, changes: Iterable[Change]) -> Iterator[str]:
    """Yield a sentence for each reason why these changes cannot be made."""
    created = {change.part for change in changes if change.sign == "+"}
    if Part.SPACE in created and not billing.plan:
        yield (
            f"{org} has no plan, and the Hub runs Gradio Spaces only for PRO users and for"
            " organizations with a Team or Enterprise plan: see https://huggingface.co/pricing"
        )
    if Part.ENDPOINT in created and not billing.can_pay:
        yield (
            f"{org} has no payment method, which Inference Endpoints need: add one on"
            f" {BILLING_PAGE}"
        )
    if billing.spend_limit_reached:
        yield (
            f"{org} has reached its spending limit, so the Hub cancels its jobs: raise it on"
            f" {BILLING_PAGE}"
        )
