"""Scripts by ISO 15924: whether a text is in one, and whether a letter of another strayed in."""

from __future__ import annotations

from collections import Counter
from functools import cache, lru_cache

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
# Names and units stand in Latin letters everywhere, and formulas have Greek ones.
EVERYWHERE = ("Latn", "Grek")


def in_script(text: str, script: str) -> bool:
    """Whether most letters are of this script (ISO 15924)."""
    if text.isascii():
        return _is_of("a", script) or not any(map(str.isalpha, text))
    letters = [found for found in Counter(text).items() if found[0].isalpha()]
    own = sum(times for letter, times in letters if _is_of(letter, script))
    return own * 2 >= sum(times for _, times in letters)


def count_letters(text: str) -> int:
    """How many letters there are, without marks."""
    return sum(map(str.isalpha, text))


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


@lru_cache(maxsize=1 << 16)  # a text has many letters, and few different ones
def _is_of(letter: str, script: str) -> bool:
    return of_script(script).match(letter) is not None


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
