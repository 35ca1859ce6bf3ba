"""Names compared as people mean them: case, accents, punctuation and invisible characters away.

The keys of `names.tsv` were made by `fold`, so a change here means running `build.py` again (a
test says so). Nothing here knows any language.
"""

import re
import unicodedata

# Letters that Unicode does not decompose but people type without the stroke.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "œ": "oe", "æ": "ae", "ŧ": "t"}
)
# Everything that people use for an apostrophe, glottal stop or ayin: typed or left out at will.
_APOSTROPHES = re.compile("['’‘`´ʻʼʽʾʿˈꞌ′׳\u02bb\u02bc]")
# Diacritics of Latin, Greek and Cyrillic, Hebrew points, Arabic vowel signs: left out at will.
# Vowel signs of Indic scripts are letters of the word and stay.
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"}
# The letters of other alphabets that look like Latin ones, for suggestions only.
_LOOKALIKES = str.maketrans(
    "аеіјорсухѕԁһӏԛԝвкмнтгпαειοκρτυνχγηωβ",
    "aeijopcyxsdhlqwbkmhtrnaeiokptuvxynwb",
)


def clean(text: str) -> str:
    """One line of NFKC text: no controls, no invisible and bidi characters, single spaces."""
    visible = (
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in unicodedata.normalize("NFKC", text)
        if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )
    return " ".join("".join(visible).split())


def fold(text: str) -> str:
    """The key of a name: "Te Reo Māori!" → "te reo maori"; "" when no letter is left."""
    text = _APOSTROPHES.sub("", clean(text).casefold())
    text = _MARKS.sub("", unicodedata.normalize("NFD", text)).translate(_PLAIN)
    text = unicodedata.normalize("NFC", text)
    return " ".join("".join(c if _in_word(c) else " " for c in text).split())


def mixes_scripts(text: str) -> bool:
    """True when one word has letters of two scripts, as "Wеlsh" with a Cyrillic е has."""
    return any(len({_script(c) for c in word if c.isalpha()}) > 1 for word in text.split())


def latin_lookalike(text: str) -> str:
    """The text with letters that look Latin made Latin, to suggest what a forged name imitates."""
    return text.casefold().translate(_LOOKALIKES)


def _in_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMN"


def _script(char: str) -> str:
    """The script's name as Unicode begins the character's; letters of no script count as Latin."""
    first = unicodedata.name(char, "?").split()[0]
    if first in _EAST_ASIAN:
        return "CJK"
    return "LATIN" if first in ("MODIFIER", "FEMININE", "MASCULINE") else first
