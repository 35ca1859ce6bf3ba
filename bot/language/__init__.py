"""Find out which language a name, tag or code means. Standard library only, no network.

normalize    Compare names without case, accents, punctuation and invisible characters
lookalikes   Names that imitate another one with letters of another alphabet
types        The package's values: a language, the candidates for one, an unknown code
tables       The tables of languages, names, tags, scripts and countries, read once
suggestions  Names that are similar to what somebody wrote, for "did you mean …?"
lookup       The language that a name means, or the candidates; never a guess
build        Write the generated tables from their sources (run by hand)
export       Write the table of languages for the Spaces (run by hand)
"""

from bot.language.lookup import by_code, find, find_script
from bot.language.normalize import fold
from bot.language.suggestions import named_elsewhere, suggest
from bot.language.tables import common_name
from bot.language.types import Candidates, Language, Reason, UnknownCode

__all__ = [
    "Candidates",
    "Language",
    "Reason",
    "UnknownCode",
    "by_code",
    "common_name",
    "find",
    "find_script",
    "fold",
    "named_elsewhere",
    "suggest",
]
