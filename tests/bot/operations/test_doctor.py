"""The doctor reports each fault in one sentence, and nothing for a sound installation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.domain import names
from bot.domain.recipe import Recipe, TeacherJob, TeacherUrl
from bot.hub.client import Allowance
from bot.hub.probes import Facts, Offer
from bot.hub.teacher_probe import ServedModel
from bot.installation import permissions
from bot.installation.billing import Billing
from bot.installation.diff import compare
from bot.installation.permissions import Token
from bot.installation.state import Installation, SpaceStage
from bot.operations.doctor import diagnose
from bot.operations.findings import Finding, bad, table, to_json
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
    facts: Facts = FACTS,
    settings: Settings | None = None,
    actual: Installation | str = "",
    recipe: Recipe = RECIPE,
) -> str:
    """Return the texts of bad findings; `actual` may be the reason why it cannot be read."""
    settings = settings or make_settings()
    actual = actual or deployed(settings)
    changes = () if isinstance(actual, str) else compare(desired(settings, actual), actual)
    logs = {names.chat(ORG): ("ImportError: no module named spam",)}
    return "\n".join(map(str, bad(diagnose(recipe, settings, facts, actual, changes, logs))))


def test_a_sound_installation_has_no_complaints() -> None:
    assert complaints() == ""


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (replace(FACTS, tokens={"HF_TOKEN": "cannot say: 401"}), "HF_TOKEN does not work"),
        (
            replace(FACTS, tokens={"HF_TOKEN": Token("x", "write", orgs=(("labs", "write"),))}),
            "x, who cannot write to lab: check the spelling of KAKUGO_ORG, as x is not a member of "
            "lab and can write only to x, labs",
        ),
        (
            replace(FACTS, tokens={"HF_TOKEN": Token("x", "write", orgs=(("lab", "read"),))}),
            "x, who cannot write to lab: give x the role write in lab",
        ),
        (
            replace(FACTS, tokens={"HF_TOKEN": replace(TOKEN, role="read")}),
            "lacks repo.write on lab",
        ),
        (replace(FACTS, skew=-400.0), "400 s behind the Hub's"),
        (replace(FACTS, allowance=Allowance(3, 90.0, True)), "leaves only 3 calls"),
        (replace(FACTS, prices={"cpu-basic": 0.01, "h200": 5.0}), "evaluate needs l40sx1"),
        (
            replace(FACTS, prices={"cpu-basic": 0.01, "h200": 5.0, "l40sx4": 8.3}),
            "recipes/kakugo.yaml, like l40sx4",
        ),
        (replace(FACTS, prices="cannot read: 500"), "prices of jobs cannot be read"),
        (replace(FACTS, offer=Offer(9.0)), "costs $9.000 an hour, but the recipe says $5.000"),
        (
            replace(FACTS, unproven={("HF_TOKEN", permissions.deployer(ORG)[1]): "402"}),
            "does not confirm job.write on lab for HF_TOKEN (402)",
        ),
        (
            replace(FACTS, unreadable={("dataset", "BAAI/Infinity-Instruct"): "403"}),
            "Jobs cannot read BAAI/Infinity-Instruct with their token (403): see whether "
            "https://huggingface.co/datasets/BAAI/Infinity-Instruct",
        ),
        (
            replace(FACTS, invalid_cards={"lab/kakugo": "no colour"}),
            "card of lab/kakugo (no colour)",
        ),
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
        ({"KAKUGO_QUEUE": "0", "KAKUGO_PERSON_REQUESTS": "0"}, "below 1, no request can start"),
        ({"KAKUGO_QUEUE": "3"}, "one person could fill the queue"),
    ],
)
def test_contradictory_limits_are_reported(env: dict[str, str], sentence: str) -> None:
    assert sentence in complaints(settings=make_settings(**env))


def test_missing_hardware_is_reported() -> None:
    actual = deployed(make_settings())
    without_endpoint = replace(actual, endpoint=None)
    assert "hardware that Inference Endpoints do not offer" in complaints(
        replace(FACTS, offer=None), actual=without_endpoint
    )
    unavailable = replace(FACTS, offer=Offer(5.0, "is not available"))
    assert complaints(unavailable) == "", "the endpoint exists"
    results = diagnose(RECIPE, make_settings(), unavailable, actual, (), {})
    (note,) = [f for f in results if f.check == "teacher" and f.level == "note"]
    assert str(note).startswith("The teacher is not running, and its hardware is not available.")
    complaint = complaints(unavailable, actual=without_endpoint)
    assert "in aws us-east-1 is not available: choose other hardware" in complaint


WITHOUT_ENDPOINT = replace(deployed(make_settings()), endpoint=None)
EMPTY = replace(deployed(make_settings()), spaces={}, endpoint=None)
FREE_USER = Billing("", can_pay=True, is_user=True)


def test_a_missing_plan_or_payment_is_reported() -> None:
    free = replace(FACTS, billing=Billing("", can_pay=False))
    assert "no plan" not in complaints(free), "the Spaces exist already"
    assert "lab has no payment method, which jobs" in complaints(free), "jobs would be cancelled"
    complaint = complaints(free, actual=EMPTY)
    assert "the Hub reports no plan for the organization lab" in complaint
    assert "lab has no payment method, which jobs and Inference Endpoints need" in complaint
    limited = replace(FACTS, billing=Billing("team", can_pay=True, spend_limit_reached=True))
    assert "lab has reached its spending limit" in complaints(limited)


@pytest.mark.parametrize(
    ("facts", "env", "sentence"),
    [
        (FACTS, {}, ""),
        (FACTS, {"KAKUGO_RUN": "schedule"}, ""),
        (FACTS, {"KAKUGO_RUN": "space"}, "a free account cannot run the bot as a Space"),
        (replace(FACTS, other_spaces=1), {}, "1 other Gradio Spaces, and a free account may"),
        (
            replace(FACTS, billing=replace(FREE_USER, is_verified=False)),
            {},
            "a free account needs a verified email address",
        ),
    ],
)
def test_a_free_account_may_have_two_spaces(
    facts: Facts, env: dict[str, str], sentence: str
) -> None:
    facts = replace(facts, billing=facts.billing or FREE_USER)
    reasons = complaints(facts, make_settings(**env), EMPTY)
    reasons = "\n".join(line for line in reasons.splitlines() if "is missing" not in line)
    assert sentence in reasons and bool(sentence) == bool(reasons)


def test_without_a_word_on_payment_the_quota_decides() -> None:
    """Facts about money that are missing count as no."""
    unknown = replace(FACTS, billing=Billing("team", can_pay=None))
    assert "no payment method" not in complaints(unknown, actual=EMPTY)
    for offer in (None, "cannot list", Offer(5.0, "is beyond the quota")):
        complaint = complaints(replace(unknown, offer=offer), actual=EMPTY)
        assert "lab shows no payment method" in complaint


@pytest.mark.parametrize(
    ("url", "is_reachable"),
    [
        ("https://bot.example.org/webhook", True),
        ("http://localhost:7860/webhook", False),
        ("http://192.168.1.7/webhook", False),
        ("http://[::1]/webhook", False),
    ],
)
def test_a_webhook_needs_a_public_address(url: str, is_reachable: bool) -> None:
    settings = make_settings(KAKUGO_WEBHOOK_URL=url)
    assert ("cannot reach KAKUGO_WEBHOOK_URL" in complaints(settings=settings)) != is_reachable
    nearby = make_settings(KAKUGO_WEBHOOK_URL=url, HF_ENDPOINT="http://127.0.0.1:9")
    assert "KAKUGO_WEBHOOK_URL" not in complaints(settings=nearby)


@pytest.mark.parametrize(
    ("env", "is_missed"),
    [
        ({"KAKUGO_RUN": "space"}, True),
        ({"KAKUGO_WEBHOOK_URL": "https://bot.example.org/webhook"}, True),
        ({}, False),  # the bot only checks the Hub at intervals
        ({"KAKUGO_RUN": "schedule"}, False),
        ({"KAKUGO_RUN": "webhook-job"}, False),
    ],
)
def test_a_bot_that_the_hub_calls_needs_a_secret(env: dict[str, str], is_missed: bool) -> None:
    settings = make_settings(**env, KAKUGO_WEBHOOK_SECRET="")
    complaint = complaints(settings=settings)
    assert ("KAKUGO_WEBHOOK_SECRET is not set; without it, anyone" in complaint) == is_missed


URL_TEACHER = TeacherUrl("https://router.huggingface.co/v1", 0.1, 0.5, bill_to=ORG)
JOB_TEACHER = TeacherJob("t", "image", ("serve",), "h200", 8000, 60, 5.0)
MODEL = "openai/gpt-oss-120b"
MODELS = (
    ServedModel(MODEL, {"fast": (0.2, 0.7), "cheap": (0.1, 0.5)}),
    ServedModel("openai/gpt-oss-20b", {}),
)


@pytest.mark.parametrize(
    ("teacher", "model", "changes", "sentence"),
    [
        (JOB_TEACHER, MODEL, {}, ""),
        (replace(JOB_TEACHER, flavor="h100"), MODEL, {}, "The teacher needs h100, which this Hub"),
        (replace(JOB_TEACHER, usd_per_hour=2.5), MODEL, {}, "costs $5.000 an hour, but the recipe"),
        (URL_TEACHER, f"{MODEL}:cheap", {}, ""),
        (URL_TEACHER, MODEL, {}, "costs up to $0.20 and $0.70 per million tokens read and written"),
        (URL_TEACHER, f"{MODEL}:fast", {}, "name a cheaper provider"),
        (URL_TEACHER, "openai/gpt-oss-120", {}, f"serves, like {MODEL}"),
        (URL_TEACHER, MODEL, {"models": ()}, "a model that it serves; at the moment it lists none"),
        (URL_TEACHER, "any", {"models": MODELS[1:]}, ""),  # a server of one model
        (URL_TEACHER, MODEL, {"models": "refused: 401"}, "cannot be used (refused: 401): check"),
        (URL_TEACHER, MODEL, {"models": None}, ""),
        (
            replace(URL_TEACHER, bill_to="other"),
            f"{MODEL}:cheap",
            {},
            "is not a member of other, so Inference Providers do not bill it",
        ),
        (
            URL_TEACHER,
            f"{MODEL}:cheap",
            {"billing": Billing("", True)},
            "lab has no plan, and Inference Providers bill only",
        ),
        (
            replace(URL_TEACHER, url="http://10.0.0.7:8000"),
            MODEL,
            {},
            "Jobs cannot reach the teacher, because 10.0.0.7 is an address of a private network",
        ),
    ],
)
def test_each_kind_of_teacher_is_checked_for_what_it_needs(
    teacher: TeacherJob | TeacherUrl, model: str, changes: dict[str, Any], sentence: str
) -> None:
    recipe = replace(RECIPE, teacher=teacher, asked_model=model)
    facts = replace(FACTS, **{"offer": None, "models": MODELS, **changes})
    found = complaints(facts, actual=WITHOUT_ENDPOINT, recipe=recipe)
    mine = [each for each in found.splitlines() if "kakugo-teacher is missing" not in each]
    assert len(mine) == bool(sentence) and sentence in found, found


def test_the_run_mode_is_not_changed_unasked() -> None:
    """A workflow that forgets the variable would delete the schedule."""
    actual = deployed(make_settings(KAKUGO_RUN="schedule"))
    assert "runs in the mode schedule, and KAKUGO_RUN is not set" in complaints(actual=actual)
    chosen = make_settings(KAKUGO_RUN="serve")
    assert "KAKUGO_RUN is not set" not in complaints(settings=chosen, actual=actual)


def test_a_token_is_checked_for_all_its_holders() -> None:
    """The deployer's token is also the bot's and the jobs', unless they have their own."""
    granted = frozenset(
        (scope.entity if scope.entity != "OWNER" else TOKEN.user, scope.permission)
        for scope in permissions.deployer(ORG)
    )
    facts = replace(FACTS, tokens={"HF_TOKEN": replace(TOKEN, role="fineGrained", granted=granted)})
    assert complaints(facts) == "", "the operator runs the bot with other settings"
    complaint = complaints(facts, make_settings(KAKUGO_RUN="schedule"))
    assert "HF_TOKEN lacks discussion.write on lab/kakugo, inference.endpoints.infer" in complaint


def test_the_table_shows_a_mark_and_a_remedy_and_json_has_the_same() -> None:
    findings = (
        Finding("ok", "plan", "It is fine."),
        Finding("bad", "clock", "It is off", "set it"),
    )
    good, wrong, remedy = table(findings)
    assert good.startswith("✓ plan ") and wrong.startswith("✗ clock ") and "→ set it" in remedy
    assert json.loads(to_json(findings))[1] == {
        "level": "bad", "check": "clock", "text": "It is off", "remedy": "set it",
    }  # fmt: skip


def test_a_broken_space_and_an_unreadable_installation_are_reported() -> None:
    actual = deployed(make_settings())
    chat = replace(actual.spaces[names.chat(ORG)], stage=SpaceStage.BROKEN)
    broken = replace(actual, spaces={**actual.spaces, names.chat(ORG): chat})
    assert "Space lab/kakugo-chat is broken; its log ends with: ImportError: no" in complaints(
        actual=broken
    )
    assert "the doctor cannot read the tags: see" in complaints(actual="cannot read the tags")
