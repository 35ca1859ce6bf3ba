"""The bot follows what speakers decide about their language: consent, licence, variants."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import names, steps
from bot.domain.actions import EnsureClosed, EnsureJob, EnsureReply
from bot.domain.codec import request_from_json, request_to_json
from bot.domain.community import Community, Consent, parse
from bot.domain.observation import Observation
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Step, Verdict
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, admit, plan

PROFILE = """
consent: ask
licence: cc-by-nc-4.0
stewards: [zamenhof]
variants:
  fundamenta: {name: "Fundamenta Esperanto", orthography: "as in the Fundamento"}
glossary:
  - {term: computer, say: komputilo, not: [komputoro]}
"""
POLICY = examples.policy()


def seen(profile: str, **changes: object) -> Observation:
    return examples.observed(communities={"epo_Latn": parse(profile)}, **changes)


def after_words(request: Request, profile: str, *said: tuple[str, str], policy: Policy) -> Request:
    remarks = tuple(examples.comment(text, who, NOW - 5 + n) for n, (who, text) in enumerate(said))
    discussion = replace(examples.discussion(), comments=remarks)
    return plan(request, seen(profile, discussions={1: discussion}), policy, CURRENT).request


def test_a_profile_says_what_it_says() -> None:
    assert parse(PROFILE) == Community(
        Consent.ASK,
        "cc-by-nc-4.0",
        frozenset({"zamenhof"}),
        {"fundamenta": "Fundamenta Esperanto"},
    )
    assert parse("") == Community()


@pytest.mark.parametrize(
    "text",
    [
        "consent: perhaps",
        "licence: [mit]",
        "licence: '$(rm -rf)'",
        "stewards: ['a b']",
        "variants: [a, b]",
        "variants: {'../x': {}}",
        "variants: {x1: {name: '<b>'}}",
        "{",
        "- 1",
    ],
)
def test_a_damaged_profile_means_that_somebody_is_asked(text: str) -> None:
    assert parse(text) == Community(consent=Consent.ASK)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert isinstance(parse(text), Community)


def test_a_language_that_was_withdrawn_is_declined_with_the_reason() -> None:
    planned = admit(examples.discussion(), (), seen("consent: no"), POLICY)
    assert (planned.request.status, planned.request.verdict) == (Status.DECLINED, Verdict.WITHDRAWN)
    said = [action.text for action in planned.actions if isinstance(action, EnsureReply)]
    assert len(said) == 1 and "epo_Latn.yaml" in said[0]
    assert any(isinstance(action, EnsureClosed) for action in planned.actions)


def test_yaml_takes_no_for_false_and_so_do_we() -> None:
    assert parse("consent: no").consent is Consent.NO
    assert parse("consent: 'no'").consent is Consent.NO


def test_stewards_are_asked_first_and_nothing_starts_before() -> None:
    held = admit(examples.discussion(), (), seen(PROFILE), POLICY)
    assert (held.request.status, held.request.verdict) == (Status.HELD, Verdict.COMMUNITY)
    assert not any(isinstance(action, EnsureJob) for action in held.actions)
    for who in ("ludoviko", "mallory"):
        still = after_words(held.request, PROFILE, (who, "/approve"), policy=POLICY)
        assert still.status is Status.HELD
    for who in ("zamenhof", "ada"):
        taken = after_words(held.request, PROFILE, (who, "/approve"), policy=POLICY)
        assert taken.status is Status.OPEN


def test_a_stewards_word_is_no_word_on_money() -> None:
    low_limit = examples.policy(limit_usd=0.0001)
    held = admit(examples.discussion(), (), seen(PROFILE), low_limit).request
    asked = after_words(held, PROFILE, ("zamenhof", "/approve"), policy=low_limit)
    assert (asked.status, asked.verdict) == (Status.HELD, Verdict.TOO_DEAR)
    again = after_words(asked, PROFILE, ("zamenhof", "/approve"), policy=low_limit)
    assert again.status is Status.HELD


def test_a_community_that_said_no_meanwhile_stops_retry_and_approval() -> None:
    failed = examples.request(status=Status.FAILED, verdict=Verdict.ATTEMPTS)
    after = after_words(failed, "consent: no", ("ludoviko", "/retry"), policy=POLICY)
    assert after.status is Status.FAILED and "withdrawn" in after.answers[-1].note
    held = replace(examples.request(), status=Status.HELD, verdict=Verdict.COMMUNITY)
    after = after_words(held, "consent: no", ("ada", "/approve"), policy=POLICY)
    assert after.status is Status.HELD


def test_licence_and_variant_are_chosen_from_what_is_on_offer() -> None:
    body = "dialect: Fundamenta Esperanto\nlicence: CC-BY-NC-4.0"
    welcome = PROFILE.replace("ask", "welcome")
    taken = admit(examples.discussion(body=body), (), seen(welcome), POLICY).request
    assert (taken.agreed_spec.licence, taken.agreed_spec.variant) == ("cc-by-nc-4.0", "fundamenta")
    assert request_from_json(request_to_json(taken)) == taken
    other = admit(examples.discussion(body="licence: mit\nregion: Mars"), (), seen(welcome), POLICY)
    spec = other.request.agreed_spec
    assert (spec.licence, spec.variant) == ("cc-by-nc-4.0", "")
    assert spec.refused_options == ("licence", "variant")


def test_a_variant_is_a_result_of_its_own() -> None:
    recipe = examples.recipe()
    plain, special = examples.request(), examples.request()
    special = replace(
        special, spec=replace(examples.spec(), variant="fundamenta", licence="cc0-1.0")
    )
    for step in (Step.GENERATE, Step.TRAIN, Step.EVALUATE):
        assert steps.digest(recipe, plain.agreed_spec, step) == examples.spec().digest
        assert steps.digest(recipe, special.agreed_spec, step) != examples.spec().digest
        assert steps.output("practice", plain, step) != steps.output("practice", special, step)
    assert steps.digest(recipe, special.agreed_spec, Step.CHECK) == examples.spec().digest
    told = steps.command(recipe, special, Step.GENERATE, 1, "wheel", "http://teacher", 1.0)
    assert told[told.index("--licence") + 1] == "cc0-1.0"
    assert told[told.index("--variant") + 1] == "fundamenta"
    assert "--licence" not in steps.command(recipe, plain, Step.GENERATE, 1, "w", "http://t", 1.0)
    first = examples.request(id="r1", discussion=1)
    second = examples.discussion(num=2, body="variant: fundamenta")
    observation = seen(PROFILE.replace("ask", "welcome"), discussions={2: second})
    assert admit(second, (first,), observation, POLICY).request.status is Status.OPEN


def test_profiles_are_found_by_their_path() -> None:
    assert names.profile_language(names.profile_path("epo_Latn")) == "epo_Latn"
    for path in ("README.md", "epo.yaml", "x/epo_Latn.yaml", "epo_Latn.yml"):
        assert not names.profile_language(path)
