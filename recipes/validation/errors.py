"""The error for input that cannot be used, and quoting of the values in it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

LONGEST_QUOTE = 60
LISTED_KEYS = 16  # a longer list helps nobody
# The last line of a recipe whose input can never work, which the bot finds in the log of a job.
SAME_AGAIN = "Another attempt would end the same way."


class InvalidInput(ValueError):
    """One sentence: where the input is wrong, which rule it breaks, and what to do."""


def quote(value: object) -> str:
    """Return a value for a sentence: in JSON's notation, short, and without invisible letters."""
    if isinstance(value, dict | list | tuple) and value:
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, int | float) and abs(value) > 1e15:
        return "a very large number"
    text = json.dumps(value, ensure_ascii=False, default=lambda other: type(other).__name__)
    return shorten(text, '"' if isinstance(value, str) else "")


def shorten(text: str, end: str = "", longest: int = LONGEST_QUOTE) -> str:
    """Return hostile text in one short line of visible letters; `end` closes what was cut."""
    visible = "".join(
        letter
        for letter in " ".join(text.split())
        if not unicodedata.category(letter).startswith("C")
    )
    return visible if len(visible) <= longest else f"{visible[:longest]}…{end}"


def reason_of(error: BaseException) -> str:
    """Return what an error says, in one line; for an error of the Hub's client, what the Hub said.

    The first line of such an error may be nothing but the id of the request.
    """
    text = f"{getattr(error, 'server_message', None) or ''}\n{error}"
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    return shorten(first, longest=300)


def wrong_kind(value: str, kind: str) -> str:
    """Return that a quoted value is not of a kind, such as "a number"."""
    is_scalar = value[0] not in "a[{n"  # not "a list", "a very large number", `[]`, `{}` or `null`
    hint = "; put it in quotes" if kind == "text" and is_scalar else ""
    return f"{value} is not {kind}{hint}"


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Return what is wrong with a key that is none of those known, and the nearest of them."""
    if close := get_close_matches(key, known, 1, cutoff=0.7):
        return f"is not a known key; the nearest is {close[0]}"
    is_short = 0 < len(known) <= LISTED_KEYS
    return "is not a known key" + (f"; use only {', '.join(known)}" if is_short else "")
