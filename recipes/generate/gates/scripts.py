"""ISO 15924 scripts: the script of a text, and letters of a foreign script."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import regex

from recipes.core.language import Language
from recipes.core.text_fold import UNSPACED
from recipes.generate.gates.views import given_text, model_texts, prose, unquoted
from recipes.generate.schema import Draft

# ISO 15924 scripts that Unicode splits into several, or names differently.
UNICODE_SCRIPTS = {
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
# Names and units have Latin letters in every script, and formulas Greek ones.
ALWAYS_ALLOWED = ("Latn", "Grek")


def in_script(text: str, script: str) -> bool:
    """Whether at least half of the letters are of this script (ISO 15924)."""
    letters, own = letters_of(text, script)
    return own * 2 >= letters


@lru_cache(maxsize=64)
def letters_of(text: str, script: str) -> tuple[int, int]:
    """Return how many letters a text has (without marks), and how many are of this script."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    kinds = _kinds(script).take(points, mode="clip")
    _, other, own = np.bincount(kinds, minlength=3).tolist()
    return other + own, own


def stray_script(draft: Draft, language: Language) -> str | None:
    """Reject letters of a foreign script, unless the prompt has them or they are in brackets."""
    pattern = _foreign_letters(language.script)
    for text in model_texts(draft):
        if "\u200b" in text and language.script not in UNSPACED:
            return "broken_encoding"  # only scripts without spaces separate words with it
        letters, own = letters_of(text, language.script)
        if own == letters or not pattern.search(text):
            continue
        foreign = set(pattern.findall(unquoted(prose(text))))
        if not foreign <= set(given_text(draft)):
            return "stray_script"
    return None


@cache
def _kinds(script: str) -> np.ndarray:
    """Return for each code point: 0 no letter, 1 a letter, 2 a letter of this script."""
    every = "".join(map(chr, range(LETTERS_END)))
    kinds = np.fromiter(map(str.isalpha, every), np.uint8, len(every))
    for run in regex.finditer(rf"[{_class(script)}]+", every):
        kinds[run.start() : run.end()] *= 2
    return kinds


@cache
def _foreign_letters(script: str) -> regex.Pattern[str]:
    allowed = "".join(map(_class, (script, *ALWAYS_ALLOWED)))
    return regex.compile(rf"(?V1)[\p{{L}}--[{allowed}\p{{Script=Zyyy}}\p{{Script=Zinh}}]]")


def _class(script: str) -> str:
    return "".join(rf"\p{{Script={name}}}" for name in UNICODE_SCRIPTS.get(script, (script,)))
