"""Names that are similar to what somebody wrote, for "did you mean …?"; never to act on."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache

from bot.language.lookalikes import latin_lookalike
from bot.language.normalize import clean, fold
from bot.language.tables import foreign_names, language, resolve, tables
from bot.language.types import Language

MAX_LENGTH = 60  # characters that are compared; more only take time
_CUTOFF = 0.75  # difflib's ratio; two swapped letters ("Welhs") give 0.8
_WHOLE_WORD_SCORE = 0.85  # the score of a name that is one of the words
_FLORES_BONUS = 0.05  # the bonus for languages of FLORES+, which are requested most
_MIN_WORD = 4  # letters; too many shorter words are also names of languages
_IGNORED_WORDS = {"the", "language", "languages"}
# The same in other languages, before or after a name.
_FOREIGN_WORDS = {
    *("lingvo", "la", "lingua", "lengua", "idioma", "langue", "le", "el", "il", "o", "limba"),
    *("sprache", "taal", "sprak", "kieli", "keel", "jezik", "jazyk", "jezyk", "bahasa"),
    *("язык", "мова", "език", "јазик", "језик", "dili", "tili", "тілі", "भाषा", "ভাষা"),
}


def suggest(text: str, n: int = 5) -> tuple[Language, ...]:
    """Return up to n languages whose names are similar to the text or part of it, best first."""
    line = clean(text[: 4 * MAX_LENGTH])[:MAX_LENGTH]
    if foreign := named_elsewhere(line):
        return foreign[:n]
    scores: dict[str, float] = {}
    for key in dict.fromkeys(filter(None, map(_key, (line, latin_lookalike(line))))):
        scores |= dict.fromkeys(_names_inside(key), _WHOLE_WORD_SCORE)
        scores |= _similar_names(key)
    names = sorted(
        scores, key=lambda name: (-scores[name] - _FLORES_BONUS * _in_flores(name), name)
    )
    meanings = [_codes(name) for name in names]
    likely = [code for codes in meanings for code in codes[:2]]  # "arabic" alone means 13
    others = [code for codes in meanings for code in codes[2:]]
    return tuple(language(code) for code in list(dict.fromkeys(likely + others))[:n])


def named_elsewhere(text: str) -> tuple[Language, ...]:
    """Return the languages that have this name in another language: "Suaheli", "svahila lingvo"."""
    key = fold(text[:MAX_LENGTH])
    bare = " ".join(word for word in key.split() if word not in _FOREIGN_WORDS)
    targets = foreign_names().get(key) or foreign_names().get(bare, [])
    return tuple(language(code) for target in targets for code in resolve(target))


def _key(line: str) -> str:
    return " ".join(word for word in fold(line).split() if word not in _IGNORED_WORDS)


def _names_inside(key: str) -> Iterator[str]:
    """Yield the names that are whole words of the text."""
    words = key.split()
    for length in (1, 2, 3):
        for start in range(len(words) - length + 1):
            name = " ".join(words[start : start + length])
            if len(name) >= _MIN_WORD and name in tables().names:
                yield name


def _similar_names(key: str) -> dict[str, float]:
    """Return the score of each similar name; cheap upper bounds rule out most names first."""
    matcher = SequenceMatcher(b=key, autojunk=False)
    similar: dict[str, float] = {}
    max_length_difference, letters = 1 + len(key) // 3, _letters(key)
    min_shared_letters = round(_CUTOFF * letters.bit_count())
    for name, its_letters in _names():
        if (
            abs(len(name) - len(key)) > max_length_difference
            or (letters & its_letters).bit_count() < min_shared_letters
        ):
            continue
        matcher.set_seq1(name)
        if matcher.quick_ratio() >= _CUTOFF and (ratio := matcher.ratio()) >= _CUTOFF:
            similar[name] = ratio
    return similar


def _codes(name: str) -> list[str]:
    return [code for target in tables().names[name].split() for code in resolve(target)]


@cache
def _names() -> list[tuple[str, int]]:
    return [(name, _letters(name)) for name in tables().names]


def _letters(name: str) -> int:
    """Return the set of letters of a name as bits; two letters may share one."""
    bits = 0
    for char in name:
        bits |= 1 << ord(char) % 64
    return bits


def _in_flores(name: str) -> bool:
    return any(code in tables().flores for code in _codes(name))
