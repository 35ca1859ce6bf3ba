"""Text that repeats itself, by words, or by letters in scripts without spaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import regex

from recipes.generate.gates.views import CODE, model_texts
from recipes.generate.schema import Draft

STUTTER = regex.compile(r"(\p{L}\p{M}*)\1{11,}")
PHRASE_WORDS, PHRASE_LETTERS, TAIL_WORDS = 4, 12, 80
ITEM = regex.compile(r"^\s*\p{N}+[.):]\s*")
MAX_REFRAINS = 4  # times that a song may repeat a line
MAX_VERSE_LETTERS = 80
RARE_WORD, LONG_WORD = 14, 24  # letters


def loop(draft: Draft, max_share: float) -> str | None:
    """Reject a text by a model that repeats itself, as a whole or towards its end."""
    return "loop" if any(repeated_share(text) > max_share for text in model_texts(draft)) else None


def repeated_share(text: str) -> float:
    """Return the share (0..1) of a text, or of its end if greater, that repeats earlier text."""
    if "`" in text:
        text = CODE.sub(" ", text)
    if "\n" in text:
        text = _without_refrains(text)
    words = text.lower().split()
    if max(map(len, words), default=0) <= RARE_WORD:
        return _max_repeated(words, PHRASE_WORDS)
    if any(STUTTER.search(word) for word in words if len(word) > RARE_WORD):
        return 1.0
    long_words = [word for word in words if len(word) > LONG_WORD]
    if sum(map(len, long_words)) * 2 > len(text):  # a script without spaces
        return _max_repeated("".join(words), PHRASE_LETTERS)
    return _max_repeated(words, PHRASE_WORDS)


def _without_refrains(text: str) -> str:
    """Drop the numbers of list items, which hide repetition, and repeated lines of a song.

    A text is a song when its lines are short and none is repeated more often than a refrain.
    """
    lines = [ITEM.sub("", line) for line in text.splitlines()]
    most_often = max(Counter(filter(None, lines)).values(), default=0)
    if most_often <= MAX_REFRAINS and max(map(len, lines)) <= MAX_VERSE_LETTERS:
        return "\n".join(dict.fromkeys(lines))
    return "\n".join(lines)


def _max_repeated(items: Sequence[str], length: int) -> float:
    tail = TAIL_WORDS if length == PHRASE_WORDS else TAIL_WORDS * 3
    whole = _repeated(items, length)
    return max(whole, _repeated(items[-tail:], length)) if len(items) > tail else whole


def _repeated(items: Sequence[str], length: int) -> float:
    """Return the share of n-grams that are not new; 0 for texts of less than three lengths."""
    count = len(items) - length + 1
    if count < 2 * length:
        return 0.0
    if isinstance(items, str):
        return 1 - len({items[start : start + length] for start in range(count)}) / count
    return 1 - len(set(zip(*(items[start:] for start in range(length)), strict=False))) / count
