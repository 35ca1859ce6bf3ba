"""Scripts by ISO 15924: whether a text is in one, and whether a letter of another strayed in."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import regex

from recipes.core.language import Language
from recipes.generate.dedup.decontamination import NO_SPACES
from recipes.generate.gates.views import given, prose, said_by_models, unquoted
from recipes.generate.schema import Draft

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
LETTERS_END = 0x40000  # no code point from here on is a letter
# Names and units stand in Latin letters everywhere, and formulas have Greek ones.
EVERYWHERE = ("Latn", "Grek")


def in_script(text: str, script: str) -> bool:
    """Whether most letters are of this script (ISO 15924)."""
    letters, own = letters_of(text, script)
    return own * 2 >= letters


@lru_cache(maxsize=64)
def letters_of(text: str, script: str) -> tuple[int, int]:
    """How many letters there are, without marks, and how many of them are of this script."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    kinds = _kinds(script).take(points, mode="clip")
    _, strange, own = np.bincount(kinds, minlength=3).tolist()
    return strange + own, own


def stray(draft: Draft, language: Language) -> str | None:
    """No letter of a third script in an answer, unless it was given or stands in brackets."""
    pattern = _third_script(language.script)
    for text in said_by_models(draft):
        if "\u200b" in text and language.script not in NO_SPACES:
            return "broken_encoding"  # it parts words where no spaces do
        letters, own = letters_of(text, language.script)
        if own == letters or not pattern.search(text):
            continue
        found = set(pattern.findall(unquoted(prose(text))))
        if found and not found <= set(given(draft)):
            return "stray_script"
    return None


@cache
def _kinds(script: str) -> np.ndarray:
    """For each code point: 0 no letter, 1 a letter, 2 a letter of this script."""
    every = "".join(map(chr, range(LETTERS_END)))
    kinds = np.fromiter(map(str.isalpha, every), np.uint8, len(every))
    for run in regex.finditer(rf"[{_class(script)}]+", every):
        kinds[run.start() : run.end()] *= 2
    return kinds


@cache
def _third_script(script: str) -> regex.Pattern[str]:
    own = "".join(_class(one) for one in (script, *EVERYWHERE))
    return regex.compile(rf"(?V1)[\p{{L}}--[{own}\p{{Script=Zyyy}}\p{{Script=Zinh}}]]")


def _class(script: str) -> str:
    return "".join(rf"\p{{Script={one}}}" for one in WRITTEN_WITH.get(script, (script,)))
