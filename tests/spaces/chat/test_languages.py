"""Languages by any name, and the interface in several of them."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from i18n import ENGLISH, FOLDER, contributed, preferred, words
from languages import TABLE, by_code, meant, near

from bot.language import export

ROOT = Path(__file__).parents[3]


def test_the_table_and_the_folding_are_the_bots_own() -> None:
    assert TABLE.read_text(encoding="utf-8").splitlines() == export.rows()
    own = ROOT / "bot" / "language" / "normalize.py"
    other = ROOT / "spaces" / "common" / "normalize.py"
    assert own.read_bytes() == other.read_bytes()


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
    ],
)
def test_any_name_leads_to_the_language(text: str, code: str) -> None:
    assert meant(text) == [code]


def test_a_name_of_several_languages_leads_to_all_of_them() -> None:
    assert {"kmr_Latn", "ckb_Arab"} <= set(meant("Kurdish"))
    assert meant("") == [] and meant("Esperatno") == [] and meant("x" * 10_000) == []


def test_a_typo_is_answered_with_what_is_offered_first() -> None:
    assert near("Esperatno", {"epo_Latn"})[0] == "epo_Latn"
    assert near("Welhs", {"epo_Latn"})[0] == "cym_Latn"
    assert near("Gaelc", {"gla_Latn", "gle_Latn"})[0] in ("gla_Latn", "gle_Latn")
    assert near("qqqqqqqqqq", {"epo_Latn"}) == []


@pytest.mark.parametrize(
    ("code", "direction"),
    [("epo_Latn", "ltr"), ("sdh_Arab", "rtl"), ("ydd_Hebr", "rtl"), ("bod_Tibt", "ltr")],
)
def test_the_script_gives_the_direction(code: str, direction: str) -> None:
    assert by_code(code).direction == direction


def test_all_names_are_in_the_label() -> None:
    assert by_code("gla_Latn").label == "Scottish Gaelic · Gàidhlig"
    assert by_code("epo_Latn").label == "Esperanto" and by_code("xyz_Latn").label == "xyz_Latn"


def test_every_contributed_interface_has_the_keys_and_braces_of_english() -> None:
    def braces(text: str) -> set[str | None]:
        return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}

    english = json.loads((FOLDER / "en.json").read_text(encoding="utf-8"))
    assert len(contributed()) >= 2
    for tag in contributed():
        own = json.loads((FOLDER / f"{tag}.json").read_text(encoding="utf-8"))
        assert own["name"] and own["direction"] in ("ltr", "rtl")
        assert set(own) <= set(english), f"{tag}.json has keys that English lacks"
        for key, text in own.items():
            assert braces(text) == braces(english[key]), f"{tag}.json: {key}"


def test_what_nobody_translated_is_said_in_english() -> None:
    assert words("eo")("send") == "Sendi"
    assert words("xx").tag == ENGLISH and words("../../etc/passwd")("send") == "Send"
    assert words("en")("waiting", place="{x}") == "Number {x} in the queue"


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [("eo-XX,en;q=0.5", "eo"), ("de,eo;q=0.9", "eo"), ("de", "en"), ("", "en"), ("en,eo", "en")],
)
def test_the_browser_says_which_language_it_prefers(accepted: str, tag: str) -> None:
    assert preferred(accepted, ("en", "eo")) == tag
