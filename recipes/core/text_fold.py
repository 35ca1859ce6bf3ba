"""The one form in which texts are compared: in near-duplicates, decontamination and evaluation.

Two encodings or spellings of one text have the same form. Words are those of the `regex` library:
`\\w+` of the standard library splits Bengali and Tibetan words.
"""

from __future__ import annotations

import re
import unicodedata

import regex

# Scripts (ISO 15924) that separate no words, or not with spaces.
UNSPACED = frozenset(
    {"Bali", "Cham", "Hani", "Hans", "Hant", "Java", "Jpan", "Khmr", "Lana", "Laoo", "Mymr", "Sund",
     "Tale", "Talu", "Tavt", "Thai", "Tibt", "Yiii"}
)  # fmt: skip
WORD = regex.compile(r"\w+")
# Persian, Sorani and Urdu are often typed with the letters of Arabic keyboards.
VARIANTS = str.maketrans({"ك": "ک", "ي": "ی", "ى": "ی", "ı": "i"})
# In the Arabic script, a non-joiner separates what a space does elsewhere.
ARABIC_NON_JOINER = re.compile("(?<=[\u0600-\u06ff])\u200c")
# Marks that are often left out: Arabic vowels and lengthening, Hebrew points, joiners and the like,
# and the dot of a Turkish capital İ that was written in lower case.
OPTIONAL = re.compile("[\u064b-\u0652\u0640\u0591-\u05bd\u200b-\u200d\u00ad\ufeff]|(?<=i)\u0307")


def fold(text: str) -> str:
    """Return the text in NFKC, without case, variants of letters and optional marks."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKC", text).casefold()
    return OPTIONAL.sub("", ARABIC_NON_JOINER.sub(" ", plain).translate(VARIANTS))


def words(text: str) -> list[str]:
    """Return the folded words of a text."""
    found: list[str] = WORD.findall(fold(text))
    return found


def letters(text: str) -> str:
    """Return the folded words of a text without anything between them."""
    return "".join(words(text))
