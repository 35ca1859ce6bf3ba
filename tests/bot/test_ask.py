"""What a discussion's words mean, and that hostile ones mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ask import Ask, Misread, read_ask
from bot.request import Verdict


@pytest.mark.parametrize(
    ("title", "body", "code"),
    [
        ("Esperanto", "", "epo_Latn"),
        ("  esperanto  ", "", "epo_Latn"),
        ("[Esperanto]", "", "epo_Latn"),
        ("Request: Esperanto", "", "epo_Latn"),
        ("Language request: Scottish Gaelic", "", "gla_Latn"),
        ("Please add Welsh", "", "cym_Latn"),
        ("Please add the language", "Welsh\n\nThank you!", "cym_Latn"),
        ("Welsh language, please", "", "cym_Latn"),
        ("Hello", "gla_Latn", "gla_Latn"),
        ("Request: gd", "", "gla_Latn"),
        ("Kurdish (Sorani)", "", "ckb_Arab"),
    ],
)
def test_usual_ways_to_ask(title: str, body: str, code: str) -> None:
    answer = read_ask(title, body)
    assert isinstance(answer, Ask) and answer.language.code == code


@pytest.mark.parametrize(
    ("title", "body", "why"),
    [
        ("", "", Verdict.NO_NAME),
        ("Kurdish", "", Verdict.AMBIGUOUS),
        ("nonsense", "more nonsense", Verdict.UNKNOWN),
        ("Esperanto", "x" * 50_000, Verdict.TOO_LONG),
        ("y" * 300, "", Verdict.UNKNOWN),
        ("Please add the", "", Verdict.UNKNOWN),
    ],
)
def test_what_cannot_be_read_says_why(title: str, body: str, why: Verdict) -> None:
    answer = read_ask(title, body)
    assert isinstance(answer, Misread) and answer.why is why


def test_a_near_name_is_offered_and_never_taken() -> None:
    answer = read_ask("Esperanot", "")
    assert isinstance(answer, Misread)
    assert "epo_Latn" in [language.code for language in answer.choices]


@given(st.text(max_size=300), st.text(max_size=300))
def test_nothing_a_stranger_writes_breaks_it(title: str, body: str) -> None:
    answer = read_ask(title, body)
    assert isinstance(answer, Ask | Misread)
