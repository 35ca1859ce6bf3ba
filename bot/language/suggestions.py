"""The names nearest to what somebody wrote, to ask "did you mean …?"; never to act on."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache

from bot.language.normalize import clean, fold, latin_lookalike
from bot.language.tables import language, meant, tables
from bot.language.types import Language

LONGEST = 60  # characters compared: longer names only cost time
_CUTOFF = 0.7  # of difflib's ratio; two letters swapped in "Welhs" give 0.8
_INSIDE = 0.85  # how alike a name counts that is among other words
_FLORES = 0.05  # what a language of FLORES+ is ahead of the thousands that few ask for
_SHORTEST_WORD = 4  # letters; shorter words of a sentence are names of some language too often
_SAYS_NOTHING = {"the", "language", "languages"}


def near(text: str, n: int = 5) -> tuple[Language, ...]:
    """At most n languages whose names are spelt alike or are among the words, the likest first."""
    line = clean(text[: 4 * LONGEST])[:LONGEST]
    scores: dict[str, float] = {}
    for key in dict.fromkeys(filter(None, map(_telling, (line, latin_lookalike(line))))):
        scores |= dict.fromkeys(_named_inside(key), _INSIDE)
        scores |= _spelt_alike(key)
    names = sorted(scores, key=lambda name: (-scores[name] - _FLORES * _in_flores(name), name))
    meanings = [_codes(name) for name in names]
    likely = [code for codes in meanings for code in codes[:2]]  # "arabic" alone means 13
    rest = [code for codes in meanings for code in codes[2:]]
    return tuple(language(code) for code in list(dict.fromkeys(likely + rest))[:n])


def _telling(line: str) -> str:
    return " ".join(word for word in fold(line).split() if word not in _SAYS_NOTHING)


def _named_inside(key: str) -> Iterator[str]:
    """Names that are whole words of the text."""
    words = key.split()
    for length in (1, 2, 3):
        for start in range(len(words) - length + 1):
            name = " ".join(words[start : start + length])
            if len(name) >= _SHORTEST_WORD and name in tables().names:
                yield name


def _spelt_alike(key: str) -> dict[str, float]:
    """Names by likeness; cheap upper bounds first, they rule out nearly all of ten thousand."""
    matcher = SequenceMatcher(b=key, autojunk=False)
    alike: dict[str, float] = {}
    slack, letters = 1 + len(key) // 3, _letters(key)
    enough = round(_CUTOFF * letters.bit_count())
    for name, its_letters in _names():
        if abs(len(name) - len(key)) > slack or (letters & its_letters).bit_count() < enough:
            continue
        matcher.set_seq1(name)
        if matcher.quick_ratio() >= _CUTOFF and (ratio := matcher.ratio()) >= _CUTOFF:
            alike[name] = ratio
    return alike


def _codes(name: str) -> list[str]:
    return [code for target in tables().names[name].split() for code in meant(target)]


@cache
def _names() -> list[tuple[str, int]]:
    return [(name, _letters(name)) for name in tables().names]


def _letters(name: str) -> int:
    """Which letters a name has, as bits; two letters may share one."""
    bits = 0
    for char in name:
        bits |= 1 << ord(char) % 64
    return bits


def _in_flores(name: str) -> bool:
    return any(code in tables().flores for code in _codes(name))
