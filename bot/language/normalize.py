"""Compare names without case, accents, punctuation and invisible characters.

`bot/language` and `spaces/common` have identical copies of this file. The keys of `names.tsv` are
made by `fold`: after a change here, run `bot.language.build` again. Tests check both.
"""

import re
import unicodedata

# Letters that Unicode does not decompose, but that people also type without the stroke.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "œ": "oe", "æ": "ae", "ŧ": "t"}
)
# Characters for an apostrophe, glottal stop or ayin, which people often leave out.
_APOSTROPHES = re.compile("['’‘`´ʻʼʽʾʿˈꞌ′׳]")
# Diacritics of Latin, Greek and Cyrillic, Hebrew points and Arabic vowel signs, which people often
# leave out. Vowel signs of Indic scripts are never left out, so they stay.
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_NO_LETTER_OR_DIGIT = re.compile(r"[^\w ]|_")


def clean(text: str) -> str:
    """Return one line of NFKC text without control, invisible or bidirectional characters."""
    text = unicodedata.normalize("NFKC", text)
    if not text.isprintable():  # rarely, and the loop takes most of the time
        text = "".join(
            " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
            for c in text
            if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
        )
    return " ".join(text.split())


def fold(text: str) -> str:
    """Return the key of a name: "Te Reo Māori!" → "te reo maori"; "" if no letter is left."""
    text = _APOSTROPHES.sub("", clean(text).casefold())
    text = _MARKS.sub("", unicodedata.normalize("NFD", text)).translate(_PLAIN)
    text = unicodedata.normalize("NFC", text)
    return " ".join(_NO_LETTER_OR_DIGIT.sub(_mark_or_space, text).split())


def _mark_or_space(found: re.Match[str]) -> str:
    return found[0] if unicodedata.category(found[0]).startswith("M") else " "
