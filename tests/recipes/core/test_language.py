"""recipes/core/languages.tsv says what bot/language says: the two may not import each other.

`python tests/recipes/core/test_language.py` writes the table anew.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pycld2
import pytest
import yaml

from bot.language import Language, by_code, find
from bot.language.tables import resolve, tables
from bot.localhub.repos.cards import read_card
from recipes.core import language
from recipes.core.config import load
from recipes.core.errors import UserError
from tests.bot.language.test_lookup import THE_54

TABLE = Path(language.__file__).with_name("languages.tsv")
# How CLD2 names what ISO 639-3 splits or BCP-47 renamed.
IN_CLD2 = {
    "arb": "ar", "azj": "az", "azb": "az", "ekk": "et", "fil": "tl", "gaz": "om", "gug": "gn",
    "als": "sq", "ayr": "ay", "heb": "iw", "jav": "jw", "khk": "mn", "lvs": "lv", "nob": "no",
    "npi": "ne", "ory": "or", "pbt": "ps", "pes": "fa", "plt": "mg", "prs": "fa", "quy": "qu",
    "swh": "sw", "twi": "ak", "uzn": "uz", "ydd": "yi", "zsm": "ms", "kmr": "ku",
    "acm": "ar", "acq": "ar", "aeb": "ar", "apc": "ar", "ars": "ar", "ary": "ar", "arz": "ar",
}  # fmt: skip


def expected() -> str:
    """The table as it must be."""
    detected = set(pycld2.DETECTED_LANGUAGES)
    known = {code for name, code in pycld2.LANGUAGES if name in detected}
    isos = {iso: iso for iso in (*tables().scripts_of, *tables().choices)}
    names, tags = called(tables().names), called({**isos, **tables().tags})
    lines = ["code\tname\ttag\tcld2\tnames\ttags"]
    for code, (_, tag, name, *_) in sorted(tables().rows.items()):
        cld2 = _cld2(code, tag)
        said = {language.fold(each) for each in (name, *names[code])}
        row = (code, name, tag, cld2 if cld2 in known else "-", ";".join(sorted(said)))
        lines.append("\t".join((*row, ";".join(sorted({tag.lower(), *tags[code]})))))
    return "\n".join(lines) + "\n"


def called(table: dict[str, str]) -> defaultdict[str, set[str]]:
    """Code → what it is called there; a name of several languages stands at each of them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, targets in table.items():
        for code in (code for target in targets.split() for code in resolve(target)):
            found[code].add(name)
    return found


def _cld2(code: str, tag: str) -> str:
    if code[:3] in ("cmn", "zho"):
        return "zh-Hant" if "Hant" in code else "zh"
    return IN_CLD2.get(code[:3], tag.partition("-")[0])


def test_the_tables_agree() -> None:
    found = TABLE.read_text("utf-8")
    assert found.count("\n") > 7000
    assert found == expected(), f"run python {Path(__file__).name}"


@pytest.mark.parametrize(
    ("code", "name", "tag", "cld2"),
    [
        ("gla_Latn", "Scottish Gaelic", "gd", "gd"),
        ("epo_Latn", "Esperanto", "eo", "eo"),
        ("jav_Latn", "Javanese", "jv", "jw"),
        ("lus_Latn", "Mizo", "lus", None),
        ("gla_Arab", "Scottish Gaelic (Arabic script)", "gd-Arab", "gd"),
        ("azj_Latf", "North Azerbaijani (Latf script)", "azj-Latf", "az"),
    ],
)
def test_a_language_is_found(code: str, name: str, tag: str, cld2: str | None) -> None:
    assert language.get(code) == language.Language(code, name, tag, cld2)


def test_the_54_languages_of_the_paper_are_the_same_here_and_for_the_bot() -> None:
    assert len(THE_54) == 54
    for tag, code, name in THE_54:
        bots = find(name)
        assert isinstance(bots, Language) and bots.code == code
        for said in (tag, code[:3], name, bots.name, bots.bcp47, bots.autonym or name):
            known = find(said)
            if isinstance(known, Language):
                assert language.named(said).code == known.code, said
        assert (language.get(code).name, language.get(code).tag) == (bots.name, bots.bcp47)


def test_every_name_means_here_what_it_means_to_the_bot() -> None:
    looked_at = 0
    for name in list(tables().names)[::7]:
        theirs = find(name)
        if isinstance(theirs, Language):
            assert language.named(name).code == theirs.code, name
            looked_at += 1
        elif theirs.reason == "ambiguous":
            with pytest.raises(UserError, match="Perhaps it is one of"):
                language.named(name)
    assert looked_at > 1000


def test_every_code_of_one_table_is_in_the_other() -> None:
    for code in tables().rows:
        assert language.get(code).code == by_code(code).code == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Scottish Gaelic", "gla_Latn"),
        ("Gàidhlig", "gla_Latn"),
        ("Scots Gaelic", "gla_Latn"),
        ("gd", "gla_Latn"),
        ("gd-GB", "gla_Latn"),
        ("gla", "gla_Latn"),
        ("gla_Latn", "gla_Latn"),
        ("ga", "gle_Latn"),
        ("zh-TW", "cmn_Hant"),
        ("zho_Hant", "cmn_Hant"),
        ("Te Reo Māori", "mri_Latn"),
    ],
)
def test_a_language_may_be_called_in_any_usual_way(said: str, code: str) -> None:
    assert load("kakugo", None, said).language == code


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("Gaelic", "Perhaps it is one of gla_Latn (Scottish Gaelic), gle_Latn (Irish)."),
        ("Ga", "Perhaps it is one of gaa_Latn (Ga), gle_Latn (Irish)."),
        ("Scottisch Gaelic", "Perhaps it is one of gla_Latn (Scottish Gaelic)"),
        ("Kurdish", "kmr_Latn (Northern Kurdish)"),
        ("srp", "srp_Latn"),
        ("xqz", "Give its code, like epo_Latn."),
        ("xxx_Latn", "Give its code, like epo_Latn."),
        ("", "Give its code, like epo_Latn."),
    ],
)
def test_what_is_not_one_language_is_refused_with_what_may_be_meant(
    said: str, sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        load("kakugo", None, said)
    assert str(refused.value).startswith(f"Which language is {said!r}? ")
    assert sentence in str(refused.value) and "\n" not in str(refused.value)


def test_what_no_table_has_is_refused() -> None:
    with pytest.raises(UserError, match="xxx_Latn"):
        language.get("xxx_Latn")


if __name__ == "__main__":
    TABLE.write_text(expected(), encoding="utf-8")


def test_cards_name_every_language_as_the_hub_takes_it() -> None:
    """The Hub takes ISO 639 codes only: a whole tag such as zh-Hans goes into another field."""
    codes = {language.get(code).metadata["language"][0] for code in tables().rows}
    card = read_card(f"---\n{yaml.safe_dump({'language': sorted(codes)})}---\n", "model")
    assert len(codes) > 7000 and not card.errors
    chinese = {"language": ["zh"], "language_bcp47": ["zh-Hans"]}
    assert language.get("cmn_Hans").metadata == chinese
