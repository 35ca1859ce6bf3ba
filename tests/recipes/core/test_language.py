"""recipes/core/languages.tsv agrees with bot/language, which recipes must not import.

Run `python tests/recipes/core/test_language.py` to write the table again.
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
# CLD2's names of languages that ISO 639-3 splits or BCP-47 renamed.
IN_CLD2 = {
    "arb": "ar", "azj": "az", "azb": "az", "ekk": "et", "fil": "tl", "gaz": "om", "gug": "gn",
    "als": "sq", "ayr": "ay", "heb": "iw", "jav": "jw", "khk": "mn", "lvs": "lv", "nob": "no",
    "npi": "ne", "ory": "or", "pbt": "ps", "pes": "fa", "plt": "mg", "prs": "fa", "quy": "qu",
    "swh": "sw", "twi": "ak", "uzn": "uz", "ydd": "yi", "zsm": "ms", "kmr": "ku",
    "acm": "ar", "acq": "ar", "aeb": "ar", "apc": "ar", "ars": "ar", "ary": "ar", "arz": "ar",
}  # fmt: skip


def expected() -> str:
    """Return the table, made from the bot's tables."""
    detected = set(pycld2.DETECTED_LANGUAGES)
    known = {code for name, code in pycld2.LANGUAGES if name in detected}
    isos = {iso: iso for iso in (*tables().scripts_of, *tables().choices)}
    names, tags = by_code_of(tables().names), by_code_of({**isos, **tables().tags})
    lines = ["code\tname\ttag\tcld2\tnames\ttags"]
    for code, (_, tag, name, *_) in sorted(tables().rows.items()):
        cld2 = _cld2(code, tag)
        folded = {language.fold(each) for each in (name, *names[code])}
        row = (code, name, tag, cld2 if cld2 in known else "-", ";".join(sorted(folded)))
        lines.append("\t".join((*row, ";".join(sorted({tag.lower(), *tags[code]})))))
    return "\n".join(lines) + "\n"


def by_code_of(table: dict[str, str]) -> defaultdict[str, set[str]]:
    """Return the names of each code; an ambiguous name belongs to several codes."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for name, targets in table.items():
        for code in (code for target in targets.split() for code in resolve(target)):
            names[code].add(name)
    return names


def _cld2(code: str, tag: str) -> str:
    if code[:3] in ("cmn", "zho"):
        return "zh-Hant" if "Hant" in code else "zh"
    return IN_CLD2.get(code[:3], tag.partition("-")[0])


def test_the_tables_agree() -> None:
    table = TABLE.read_text("utf-8")
    assert table.count("\n") > 7000
    assert table == expected(), f"run python {Path(__file__).name}"


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


def test_the_54_languages_of_the_paper_agree_with_the_bot() -> None:
    assert len(THE_54) == 54
    for tag, code, name in THE_54:
        bots = find(name)
        assert isinstance(bots, Language) and bots.code == code
        for text in (tag, code[:3], name, bots.name, bots.bcp47, bots.autonym or name):
            known = find(text)
            if isinstance(known, Language):
                assert language.find(text).code == known.code, text
        assert (language.get(code).name, language.get(code).tag) == (bots.name, bots.bcp47)


def test_names_mean_the_same_as_for_the_bot() -> None:
    compared = 0
    for name in list(tables().names)[::7]:
        theirs = find(name)
        if isinstance(theirs, Language):
            assert language.find(name).code == theirs.code, name
            compared += 1
        elif theirs.reason == "ambiguous":
            with pytest.raises(UserError, match="Did you mean"):
                language.find(name)
    assert compared > 1000


def test_every_code_of_one_table_is_in_the_other() -> None:
    for code in tables().rows:
        assert language.get(code).code == by_code(code).code == code


@pytest.mark.parametrize(
    ("text", "code"),
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
def test_a_language_has_many_names(text: str, code: str) -> None:
    assert load("kakugo", None, text).language == code


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Gaelic", "Did you mean gla_Latn (Scottish Gaelic), gle_Latn (Irish)?"),
        ("Ga", "Did you mean gaa_Latn (Ga), gle_Latn (Irish)?"),
        ("Scottisch Gaelic", "Did you mean gla_Latn (Scottish Gaelic)"),
        ("Kurdish", "kmr_Latn (Northern Kurdish)"),
        ("srp", "srp_Latn"),
        ("xqz", "Give its code, like epo_Latn."),
        ("xxx_Latn", "Give its code, like epo_Latn."),
        ("", "Give its code, like epo_Latn."),
    ],
)
def test_an_unknown_or_ambiguous_name_is_refused_with_suggestions(text: str, hint: str) -> None:
    with pytest.raises(UserError) as error:
        load("kakugo", None, text)
    assert str(error.value).startswith(f"Which language is {text!r}? ")
    assert hint in str(error.value) and "\n" not in str(error.value)


def test_an_unknown_code_is_refused() -> None:
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
