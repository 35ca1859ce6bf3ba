"""Scripts by ISO 15924: whether a text is in one, and whether a letter of another strayed in."""

from __future__ import annotations

from functools import cache

import regex

from recipes.generate.gates.parts import given, prose, said_by_models, unquoted
from recipes.generate.row import Draft
from recipes.language import Language

# What ISO 15924 calls a script and Unicode writes with several, or by another name.
WRITTEN_WITH = {
    "Hans": ("Hani", "Bopo"),
    "Hant": ("Hani", "Bopo"),
    "Jpan": ("Hani", "Hira", "Kana"),
    "Hrkt": ("Hira", "Kana"),
    "Kore": ("Hang", "Hani"),
    "Aran": ("Arab",),
    "Latf": ("Latn",),
    "Latg": ("Latn",),
    "Cyrs": ("Cyrl",),
    "Geok": ("Geor",),
    "Syre": ("Syrc",),
    "Syrj": ("Syrc",),
    "Syrn": ("Syrc",),
}
LETTERS = regex.compile(r"\p{L}+")
# Names and units stand in Latin letters everywhere, and formulas have Greek ones.
EVERYWHERE = ("Latn", "Grek")


def in_script(text: str, script: str) -> bool:
    """Whether most letters are of this script (ISO 15924)."""
    return sum(map(len, of_script(script).findall(text))) * 2 >= count_letters(text)


def count_letters(text: str) -> int:
    """How many letters there are, without marks."""
    return sum(map(len, LETTERS.findall(text)))


def stray(draft: Draft, language: Language) -> str | None:
    """No letter of a third script in an answer, unless it was given or stands in brackets."""
    pattern = _third_script(language.script)
    for text in said_by_models(draft):
        if text.isascii() or not pattern.search(text):
            continue
        found = set(pattern.findall(unquoted(prose(text))))
        if found and not found <= set(given(draft)):
            return "stray_script"
    return None


@cache
def of_script(script: str) -> regex.Pattern[str]:
    """A run of letters of this script."""
    return regex.compile(rf"[{_class(script)}]+")


@cache
def _third_script(script: str) -> regex.Pattern[str]:
    own = "".join(_class(one) for one in (script, *EVERYWHERE))
    return regex.compile(rf"(?V1)[\p{{L}}--[{own}\p{{Script=Zyyy}}\p{{Script=Zinh}}]]")


def _class(script: str) -> str:
    return "".join(rf"\p{{Script={one}}}" for one in WRITTEN_WITH.get(script, (script,)))
