"""The bot's view of a language's community profile: consent, licence, stewards, variants."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.community import MAX_BYTES, Community, Consent, parse
from tests.damaged_json import WRONG_TEXTS, damaged_values

PROFILE = """
consent: ask
licence: cc-by-nc-4.0
stewards: [zamenhof]
variants:
  fundamenta: {name: "Fundamenta Esperanto", orthography: "as in the Fundamento"}
glossary:
  - {term: computer, say: komputilo, not: [komputoro]}
"""
DOCUMENTED = re.search(
    r"```yaml\n(.*?)```",
    Path(__file__).parents[3].joinpath("docs", "COMMUNITIES.md").read_text("utf-8"),
    re.DOTALL,
)
ASK, NO, WELCOME = Consent.ASK, Consent.NO, Consent.WELCOME


def test_a_profile_is_read() -> None:
    assert parse(PROFILE) == Community(
        Consent.ASK,
        "cc-by-nc-4.0",
        frozenset({"zamenhof"}),
        {"fundamenta": "Fundamenta Esperanto"},
    )
    assert parse("") == parse("# nothing yet") == Community()


def test_the_documented_profile_is_read() -> None:
    assert DOCUMENTED
    assert parse(DOCUMENTED[1]).variants == {"harris": "Harris Gaelic"}


@pytest.mark.parametrize(
    ("text", "consent"),
    [
        ("consent: welcome", WELCOME),
        ("region: Lewis", WELCOME),
        ("stewards:\nvariants: {harris: }", WELCOME),
        ("consent: ask", ASK),
        *((f"consent: {word}", NO) for word in ("no", "No", "NO", "'no'", "off", "false")),
        *((f"consent: {word}", ASK) for word in ("maybe", "'NO'", "yes", "[no]", "{}", "1", "")),
        ("Consent: no", ASK),
        ("consnt: no", ASK),
        ("consents: no", ASK),
        ('consent: no\nregion: !!int ""', ASK),
        ("consent: no\nconsent: welcome", ASK),
        ("consent: welcome\nwithdrawn: true", ASK),
        ("consent: welcome\n# " + "x" * MAX_BYTES + "\nconsent: no", ASK),
        ("consent: no\nlicence: [mit]", NO),
        ("licence: [mit]", ASK),
        ("licence: '$(rm -rf)'", ASK),
        ("stewards: abc", ASK),
        ("stewards: ['a b']", ASK),
        ("stewards: [1]", ASK),
        (f"stewards: [{', '.join(f's{n}' for n in range(51))}]", ASK),
        ("variants: [a, b]", ASK),
        ("variants: {'../x': {}}", ASK),
        ("variants: {x1: {name: '<b>'}}", ASK),
        ("variants: {x1: {consent: no}}", ASK),
        ("a: &a [x, x]\nb: &b [*a, *a]\nstewards: [*b, *b]", ASK),
        *((text, ASK) for text in ("{", "- 1", "0", "false", "''", "[]", "\t", "a: !!set {b}")),
    ],
)
def test_what_is_not_clearly_welcome_needs_an_approval(text: str, consent: Consent) -> None:
    assert parse(text).consent is consent


def test_no_damage_makes_a_language_welcome() -> None:
    """Damages of a profile that asks: only `welcome` or a missing key would be welcome."""
    for text in WRONG_TEXTS:
        assert parse(text).consent is (
            ASK if text.strip() not in (b"", b"null", b"{}") else WELCOME
        )
    for damage, value in damaged_values(yaml.safe_load(PROFILE)):
        consent = parse(yaml.safe_dump(value)).consent
        assert consent is not WELCOME or damage == "without ('consent',)" or value in (None, {})
        assert consent is not NO or damage in ("('consent',) = False", "('consent',) = no")


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_content_is_read(content: str | bytes) -> None:
    assert isinstance(parse(content), Community)
