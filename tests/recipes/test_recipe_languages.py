"""recipes/languages.tsv says what bot/language says: the two may not import each other.

`python tests/recipes/test_recipe_languages.py` writes the table anew.
"""

from __future__ import annotations

from pathlib import Path

import pycld2
import pytest

from bot.language.tables import tables
from recipes import language
from recipes.refusal import Refusal

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
    lines = ["code\tname\ttag\tcld2"]
    for code, (_, tag, name, *_) in sorted(tables().rows.items()):
        cld2 = _cld2(code, tag)
        lines.append(f"{code}\t{name}\t{tag}\t{cld2 if cld2 in known else '-'}")
    return "\n".join(lines) + "\n"


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
        ("gla_Arab", "Scottish Gaelic", "gd-Arab", "gd"),
    ],
)
def test_a_language_is_found(code: str, name: str, tag: str, cld2: str | None) -> None:
    assert language.get(code) == language.Language(code, name, tag, cld2)


def test_what_no_table_has_is_refused() -> None:
    with pytest.raises(Refusal, match="xxx_Latn"):
        language.get("xxx_Latn")


if __name__ == "__main__":
    TABLE.write_text(expected(), encoding="utf-8")
