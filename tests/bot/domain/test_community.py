"""The bot's view of a language's community profile: consent, licence, stewards, variants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.community import Community, Consent, parse

PROFILE = """
consent: ask
licence: cc-by-nc-4.0
stewards: [zamenhof]
variants:
  fundamenta: {name: "Fundamenta Esperanto", orthography: "as in the Fundamento"}
glossary:
  - {term: computer, say: komputilo, not: [komputoro]}
"""


def test_a_profile_is_read() -> None:
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
def test_a_damaged_profile_requires_approval(text: str) -> None:
    assert parse(text) == Community(consent=Consent.ASK)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(parse(text), Community)


def test_consent_no_is_read_although_yaml_reads_false() -> None:
    assert parse("consent: no").consent is Consent.NO
    assert parse("consent: 'no'").consent is Consent.NO
