"""The doctor reports each fault in one sentence, and nothing for a sound installation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import names
from bot.hub.client import Allowance
from bot.hub.probes import Facts, Offer
from bot.installation.billing import Billing
from bot.installation.diff import compare
from bot.installation.permissions import Token
from bot.installation.state import Installation, SpaceStage
from bot.operations.doctor import diagnose
from bot.settings import Settings
from tests.bot.installation.examples import ORG, RECIPE, deployed, desired, make_settings

TOKEN = Token("maintainer", "write", orgs=((ORG, "admin"),))
FACTS = Facts(
    tokens={"HF_TOKEN": TOKEN},
    skew=0.2,
    allowance=Allowance(900, 60.0, True),
    prices={"cpu-basic": 0.01, "h200": 5.0, "l40sx1": 1.8},
    offer=Offer(5.0),
)


def complaints(
    facts: Facts = FACTS, settings: Settings | None = None, actual: Installation | str = ""
) -> str:
    """Return the texts of bad findings; `actual` may be the reason why it cannot be read."""
    settings = settings or make_settings()
    actual = actual or deployed(settings)
    changes = () if isinstance(actual, str) else compare(desired(settings, actual), actual)
    findings = diagnose(RECIPE, settings, facts, actual, changes)
    return "\n".join(finding.text for finding in findings if finding.level == "bad")


def test_a_sound_installation_has_no_complaints() -> None:
    assert complaints() == ""


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (replace(FACTS, tokens={"HF_TOKEN": "cannot say: 401"}), "HF_TOKEN does not work"),
        (replace(FACTS, tokens={"HF_TOKEN": Token("x", "write")}), "x, who cannot write to lab"),
        (
            replace(FACTS, tokens={"HF_TOKEN": replace(TOKEN, role="read")}),
            "lacks repo.write on lab",
        ),
        (replace(FACTS, skew=-400.0), "400 s behind the Hub's"),
        (replace(FACTS, allowance=Allowance(3, 90.0, True)), "leaves only 3 calls"),
        (replace(FACTS, prices={"cpu-basic": 0.01, "h200": 5.0}), "evaluate needs l40sx1"),
        (replace(FACTS, prices="cannot read: 500"), "price list of the Hub's hardware is missing"),
        (replace(FACTS, offer=Offer(9.0)), "costs $9.000 an hour, but the recipe says $5.000"),
        (replace(FACTS, jobs="cannot look: 402"), "cannot be listed: cannot look: 402"),
        (replace(FACTS, endpoints="cannot look: 403"), "Inference Endpoints of lab cannot be"),
        (replace(FACTS, discussions="cannot look: 403"), "Nobody can request a language"),
    ],
)
def test_each_fault_is_reported_in_one_sentence(facts: Facts, sentence: str) -> None:
    (complaint,) = complaints(facts).splitlines()
    assert sentence in complaint


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"KAKUGO_DAY_USD": "10"}, "KAKUGO_DAY_USD is less than KAKUGO_LIMIT_USD"),
        ({"KAKUGO_PERSON_USD": "1"}, "KAKUGO_PERSON_USD is less"),
        ({"KAKUGO_QUEUE": "0", "KAKUGO_PERSON_REQUESTS": "0"}, "must be at least 1"),
        ({"KAKUGO_QUEUE": "3"}, "one person could fill the queue"),
    ],
)
def test_contradictory_limits_are_reported(env: dict[str, str], sentence: str) -> None:
    assert sentence in complaints(settings=make_settings(**env))


def test_missing_hardware_is_reported() -> None:
    actual = deployed(make_settings())
    without_endpoint = replace(actual, endpoint=None)
    assert "which Inference Endpoints do not offer" in complaints(
        replace(FACTS, offer=None), actual=without_endpoint
    )
    unavailable = replace(FACTS, offer=Offer(5.0, "is not available"))
    assert complaints(unavailable) == "", "the endpoint exists"
    complaint = complaints(unavailable, actual=without_endpoint)
    assert "in aws us-east-1 is not available: choose other hardware" in complaint


def test_a_missing_plan_or_payment_is_reported() -> None:
    free = replace(FACTS, billing=Billing("", can_pay=False))
    assert complaints(free) == "", "everything exists already"
    empty = replace(deployed(make_settings()), spaces={}, endpoint=None)
    complaint = complaints(free, actual=empty)
    assert "lab has no plan, and the Hub runs Gradio Spaces only for PRO users" in complaint
    assert "lab has no payment method, which Inference Endpoints need" in complaint
    limited = replace(FACTS, billing=Billing("team", can_pay=True, spend_limit_reached=True))
    assert "lab has reached its spending limit" in complaints(limited)


def test_a_broken_space_and_an_unreadable_installation_are_reported() -> None:
    actual = deployed(make_settings())
    chat = replace(actual.spaces[names.chat(ORG)], stage=SpaceStage.BROKEN)
    broken = replace(actual, spaces={**actual.spaces, names.chat(ORG): chat})
    assert "Space lab/kakugo-chat is broken: read its logs" in complaints(actual=broken)
    assert "the doctor cannot read the tags." in complaints(actual="cannot read the tags")
