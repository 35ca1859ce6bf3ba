"""Looking up languages by any of their names."""

from __future__ import annotations

from pathlib import Path

import pytest
from common.languages import FOREIGN, TABLE, by_code, completions, meaning, named, similar

from bot.language import export

ROOT = Path(__file__).parents[3]


def codes(text: str) -> list[str]:
    return [language.code for language in named(text)]


def test_table_and_normalization_are_the_same_as_in_the_bot() -> None:
    assert TABLE.read_text(encoding="utf-8").splitlines() == export.rows()
    assert FOREIGN.read_text(encoding="utf-8").splitlines() == export.foreign_rows()
    bot_copy = ROOT / "bot" / "language" / "normalize.py"
    spaces_copy = ROOT / "spaces" / "common" / "normalize.py"
    assert bot_copy.read_bytes() == spaces_copy.read_bytes()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Scottish Gaelic", "gla_Latn"),
        ("gàidhlig", "gla_Latn"),
        ("GAIDHLIG", "gla_Latn"),
        ("gd", "gla_Latn"),
        ("gla", "gla_Latn"),
        ("gla_Latn", "gla_Latn"),
        ("Cymraeg", "cym_Latn"),
        ("Kurdish (Sorani)", "ckb_Arab"),
        ("አማርኛ", "amh_Ethi"),
        ("svahila", "swh_Latn"),
        ("Allemand", "deu_Latn"),
        ("немецкий", "deu_Latn"),
    ],
)
def test_any_name_finds_the_language(text: str, code: str) -> None:
    assert codes(text) == [code]


def test_ambiguous_name_finds_all_languages() -> None:
    assert {"kmr_Latn", "ckb_Arab"} <= set(codes("Kurdish"))
    assert named("") == [] and named("Esperatno") == [] and named("x" * 10_000) == []


@pytest.mark.parametrize(
    ("code", "title"),
    [("cym_Latn", "Welsh"), ("aka_Latn", "aka_Latn"), ("unknown", "unknown")],  # Akan is two
)
def test_title_of_a_request_means_one_language(code: str, title: str) -> None:
    assert by_code(code).request_title == title


def test_similar_languages_with_an_offered_code_come_first() -> None:
    assert similar("Esperatno", {"epo_Latn"})[0].code == "epo_Latn"
    assert similar("Welhs", {"epo_Latn"})[0].code == "cym_Latn"
    assert similar("Gaelc", {"gla_Latn", "gle_Latn"})[0].code in ("gla_Latn", "gle_Latn")
    assert similar("qqqqqqqqqq", {"epo_Latn"}) == ()


@pytest.mark.parametrize("text", ["swh_Latn", "sw", "Swahili", "kiswahili"])
def test_name_means_the_language_that_is_offered(text: str) -> None:
    found = meaning(text, {"swh_Latn", "epo_Latn"})
    assert (
        found.language == by_code("swh_Latn") and not found.missing + found.several + found.similar
    )


def test_name_without_one_offered_language_says_what_it_may_mean() -> None:
    assert meaning("Welsh", {"epo_Latn"}).missing == (by_code("cym_Latn"),)
    both = meaning("Kurdish", {"kmr_Latn", "ckb_Arab"})
    assert {language.code for language in both.several} == {"kmr_Latn", "ckb_Arab"}
    assert not both.language and not both.missing + both.similar
    assert meaning("Esperatno", {"epo_Latn"}).similar[0].code == "epo_Latn"
    assert meaning("Qaba_Latn", {"Qaba_Latn"}).language == by_code("Qaba_Latn"), "without a name"


def test_names_are_completed_while_they_are_typed() -> None:
    assert completions("sc") == ()
    assert "gla_Latn" in [language.code for language in completions("Scott")]
    assert completions("scotish gealic")[0].code == "gla_Latn"
    assert completions("x" * 10_000) == ()


@pytest.mark.parametrize(
    ("code", "direction"),
    [("epo_Latn", "ltr"), ("sdh_Arab", "rtl"), ("ydd_Hebr", "rtl"), ("bod_Tibt", "ltr")],
)
def test_direction_follows_from_the_script(code: str, direction: str) -> None:
    assert by_code(code).direction == direction


def test_label_has_both_names() -> None:
    assert by_code("gla_Latn").label == "Scottish Gaelic · Gàidhlig"
    assert by_code("epo_Latn").label == "Esperanto" and by_code("xyz_Latn").label == "xyz_Latn"
