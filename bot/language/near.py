"""The names nearest to what somebody wrote, to ask "did you mean …?"; never to act on."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from bot.language.fold import clean, fold, latin_lookalike
from bot.language.tables import language, meant, tables
from bot.language.words import Language

LONGEST = 60  # characters compared: longer names only cost time
_CUTOFF = 0.7  # of difflib's ratio; two letters swapped in "Welhs" give 0.8
_KNOWN = 0.05  # what a language of FLORES+ is ahead of the thousands that few ask for
_SHORTEST_WORD = 4  # letters; shorter words of a sentence are names of some language too often
_SAYS_NOTHING = {"the", "language", "languages", "script"}


def near(text: str, n: int = 5) -> tuple[Language, ...]:
    """At most n languages: those named inside the text first, then those spelt alike."""
    line = clean(text[: 4 * LONGEST])[:LONGEST]
    keys = dict.fromkeys(filter(None, map(_telling, (line, latin_lookalike(line)))))
    found: dict[str, None] = {}
    for key in keys:
        for name in (*_named_inside(key), *_spelt_alike(key)):
            codes = [code for target in tables().names[name].split() for code in meant(target)]
            found |= dict.fromkeys(codes)
    return tuple(language(code) for code in list(found)[:n])


def _telling(line: str) -> str:
    return " ".join(word for word in fold(line).split() if word not in _SAYS_NOTHING)


def _named_inside(key: str) -> Iterator[str]:
    """Names that are whole words of the text, the longest first."""
    words = key.split()
    for length in range(min(3, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            name = " ".join(words[start : start + length])
            if len(name) >= _SHORTEST_WORD and name in tables().names:
                yield name


def _spelt_alike(key: str) -> list[str]:
    """Names by likeness; the cheap upper bounds of difflib first, they rule out nearly all."""
    matcher = SequenceMatcher(b=key, autojunk=False)
    scored: list[tuple[float, str]] = []
    letters, slack = set(key), 1 + len(key) // 3
    for name in tables().names:
        if abs(len(name) - len(key)) > slack or len(letters.intersection(name)) * 2 < len(letters):
            continue
        matcher.set_seq1(name)
        if matcher.quick_ratio() >= _CUTOFF and (ratio := matcher.ratio()) >= _CUTOFF:
            scored.append((ratio + _KNOWN * _in_flores(name), name))
    return [name for _, name in sorted(scored, key=lambda one: (-one[0], one[1]))]


def _in_flores(name: str) -> bool:
    targets = tables().names[name].split()
    return any(code in tables().flores for target in targets for code in meant(target))
