"""Names that imitate another one with letters of another alphabet."""

import unicodedata

_EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"}
# Letters of other alphabets that look like Latin ones; only suggestions use them.
_LOOKALIKES = str.maketrans(
    "аеіјорсухѕԁһӏԛԝвкмнтгпαειοκρτυνχγηωβ",
    "aeijopcyxsdhlqwbkmhtrnaeiokptuvxynwb",
)


def mixes_scripts(text: str) -> bool:
    """Whether one word has letters of two scripts, like "Wеlsh" with a Cyrillic е."""
    return any(len({_script(c) for c in word if c.isalpha()}) > 1 for word in text.split())


def latin_lookalike(text: str) -> str:
    """Replace letters that look Latin by Latin ones, to find the name that somebody imitates."""
    return text.casefold().translate(_LOOKALIKES)


def _script(char: str) -> str:
    """Return the first word of the Unicode name; letters of no script count as Latin."""
    script = unicodedata.name(char, "?").split()[0]
    if script in _EAST_ASIAN:
        return "CJK"
    return "LATIN" if script in ("MODIFIER", "FEMININE", "MASCULINE") else script
