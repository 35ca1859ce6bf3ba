"""Languages by the names that people call them: pure, standard library only, no network.

normalize    Names compared as people mean them: case, accents, punctuation and invisible c
types        What the package speaks in: a language, the choices when there is no one langu
tables       The package's tables, read once when the first question comes (about 25 ms, 12
build        Makes `languages.tsv`, `names.tsv` and `codes.tsv`. Run by hand, never by the
export       The one table of languages that a Space carries along, because it may not impo
suggestions  The names nearest to what somebody wrote, to ask "did you mean …?"; never to a
lookup       What a person means by a name: one language, or the choices to ask about
"""

from bot.language.lookup import by_code, find, find_script
from bot.language.suggestions import near
from bot.language.types import Candidates, Language, Reason, UnknownCode

__all__ = [
    "Candidates",
    "Language",
    "Reason",
    "UnknownCode",
    "by_code",
    "find",
    "find_script",
    "near",
]
