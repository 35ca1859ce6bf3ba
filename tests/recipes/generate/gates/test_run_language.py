"""Whether a run is in a relative, on paragraphs of the Universal Declaration of Human Rights.

`relatives.tsv` has about 20 short ones of each language (public domain); tests/bench has them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from recipes.core import language
from recipes.generate.gates.run_language import (
    LanguageVerdict,
    RunLanguage,
    label_of,
    written_text,
)
from recipes.generate.gates.trigrams import TrigramProfile
from recipes.generate.schema import ENGLISH, Draft, Message, Row
from tests.recipes.generate.gates.planted_faults import sentences

MIN_LETTERS = 40


@cache
def paragraphs(code: str) -> tuple[str, ...]:
    """Return the paragraphs of a language."""
    lines = Path(__file__).with_name("relatives.tsv").read_text("utf-8").splitlines()
    return tuple(text for line in lines for its, text in [line.split("\t")] if its == code)


def judged(code: str, own: Sequence[str], texts: Sequence[str]) -> LanguageVerdict:
    """Judge a run for the language `code`, with texts of the language to compare with."""
    run = RunLanguage.learn(language.get(code), own, MIN_LETTERS)
    for text in texts:
        run.add(text)
    return run.verdict()


@pytest.mark.parametrize(
    ("wanted", "given", "name"),
    [
        ("xho_Latn", "zul_Latn", "Zulu"),
        ("zul_Latn", "xho_Latn", "Xhosa"),
        ("glg_Latn", "por_Latn", "Portuguese"),
        ("nno_Latn", "nob_Latn", "Norwegian Bokmål"),
        ("ast_Latn", "spa_Latn", "Spanish"),
        ("bho_Deva", "hin_Deva", "Hindi"),
    ],
)
def test_a_run_in_a_relative_is_named(wanted: str, given: str, name: str) -> None:
    verdict = judged(wanted, paragraphs(wanted), paragraphs(given))
    assert verdict.is_other_language
    assert language.name_of_cld2(verdict.other) == name


@pytest.mark.parametrize(
    "code", ["xho_Latn", "zul_Latn", "glg_Latn", "nno_Latn", "ast_Latn", "bho_Deva"]
)
def test_a_run_in_the_language_passes(code: str) -> None:
    assert judged(code, paragraphs(code)[::2], paragraphs(code)[1::2]) == LanguageVerdict()


def test_a_mixed_run_has_its_share_and_the_labels_of_the_sure_texts() -> None:
    usual = Counter(gl=490, pt=4, es=6)
    run = RunLanguage(language.get("glg_Latn"), MIN_LETTERS, usual)
    for text in (*paragraphs("glg_Latn")[:20] * 9, *paragraphs("por_Latn")[:20]):
        run.add(text)
    verdict = run.verdict()
    assert not verdict.is_other_language and 0.08 < verdict.share < 0.12
    assert (verdict.other, verdict.labels) == ("pt", frozenset({"pt"}))


def test_too_little_text_gives_no_verdict() -> None:
    assert judged("xho_Latn", (), paragraphs("zul_Latn")[:9]) == LanguageVerdict()
    assert label_of("Igama.", MIN_LETTERS) is None


def test_without_texts_of_the_language_the_usual_label_is_expected() -> None:
    for code, expected in (("xho_Latn", "zu"), ("pap_Latn", "")):  # CLD2 does not know Papiamento
        run = RunLanguage.learn(language.get(code), (), MIN_LETTERS)
        for text in paragraphs("zul_Latn"):
            run.add(text)
        assert run.verdict().other == expected


def test_a_profile_decides_where_the_library_does_not_know_the_language() -> None:
    """A trigram profile of Asturian finds text in no language, to which CLD2 gives no one label."""
    own, english = paragraphs("ast_Latn"), sentences()[ENGLISH]
    profile = TrigramProfile.learn(own[::2], english, 1_000)
    assert profile
    backwards = [text[::-1] for text in own]
    for texts, is_other in ((own[1::2], False), (backwards, True)):
        run = RunLanguage.learn(language.get("ast_Latn"), own[::2], MIN_LETTERS, profile)
        for text in texts:
            run.add(text)
        assert run.verdict().is_other_language is is_other


def test_the_text_that_the_teacher_wrote_in_the_language_is_judged() -> None:
    turns = (
        Message(role="user", content="Demando"),
        Message(role="assistant", content="<think>\nHm.\n</think>\n\nRespondo `code`"),
    )
    row = Row("topics", "p", "t", turns)
    assert written_text(Draft(row, ("epo_Latn", "epo_Latn")), "epo_Latn").split() == ["Respondo"]
    assert written_text(Draft(row, ("epo_Latn", ENGLISH)), "epo_Latn") == "Demando"
    assert written_text(Draft(row, (None, ENGLISH)), "epo_Latn") == ""
