"""Nothing is said over and over: in words where they stand apart, in letters where they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import regex

from recipes.generate.gates.views import CODE, said_by_models
from recipes.generate.schema import Draft

STUTTER = regex.compile(r"(\p{L}\p{M}*)\1{11,}")
PHRASE, LETTERS, TAIL = 4, 12, 80
ITEM = regex.compile(r"^\s*\p{N}+[.):]\s*")
REFRAIN, VERSE = 4, 80  # times; letters of a line
RARE_WORD, LONG_WORD = 14, 24  # letters


def loop(draft: Draft, most: float) -> str | None:
    """Nothing that a model said comes again and again, as a whole or towards its end."""
    return "loop" if any(repeats(text) > most for text in said_by_models(draft)) else None


def repeats(text: str) -> float:
    """The share of a text, or of its end where that is more, that was said before in it."""
    if "`" in text:
        text = CODE.sub(" ", text)
    if "\n" in text:
        text = _told_once(text)
    words = text.lower().split()
    if max(map(len, words), default=0) <= RARE_WORD:
        return _worst(words, PHRASE)
    if any(STUTTER.search(word) for word in words if len(word) > RARE_WORD):
        return 1.0
    long = [word for word in words if len(word) > LONG_WORD]
    if sum(map(len, long)) * 2 > len(text):  # no spaces: letters are what repeats
        return _worst("".join(words), LETTERS)
    return _worst(words, PHRASE)


def _told_once(text: str) -> str:
    """The text without numbers of items, which hide that these are the same; of a song's short
    lines each once, unless one comes too often for a refrain."""
    lines = [ITEM.sub("", line) for line in text.splitlines()]
    refrains = max(Counter(filter(None, lines)).values(), default=0) <= REFRAIN
    if refrains and max(map(len, lines)) <= VERSE:
        return "\n".join(dict.fromkeys(lines))
    return "\n".join(lines)


def _worst(items: Sequence[str], length: int) -> float:
    tail = TAIL if length == PHRASE else TAIL * 3
    whole = _again(items, length)
    return max(whole, _again(items[-tail:], length)) if len(items) > tail else whole


def _again(items: Sequence[str], length: int) -> float:
    """The share of runs of `length` that are not new; 0 for a text of three such runs or less."""
    runs = len(items) - length + 1
    if runs < 2 * length:
        return 0.0
    if isinstance(items, str):
        return 1 - len({items[start : start + length] for start in range(runs)}) / runs
    return 1 - len(set(zip(*(items[start:] for start in range(length)), strict=False))) / runs
