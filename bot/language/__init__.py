"""Languages by the names that people call them: pure, standard library only, no network.

    find("Kurdish (Sorani)")   → Language(code="ckb_Arab", …)
    find("Kurdish")            → Candidates((kmr_Latn, ckb_Arab, sdh_Arab), "ambiguous")
    find_script("in Cyrillic") → "Cyrl", or ""
    by_code("gla_Latn")        → Language(…, autonym="Gàidhlig", bcp47="gd"), or UnknownCode
    near("Welhs")              → (Welsh, …), to ask about, never to act on

    words.py      Language, Candidates, UnknownCode
    fold.py       when two spellings are the same name
    tables.py     reads the .tsv files, at the first question
    near.py       suggestions
    lookup.py     the grammar of a name
    share.py      by hand only: makes the table that the chat Space carries along
    build.py      by hand only: makes languages.tsv, names.tsv, codes.tsv from ISO 639-3 and CLDR

Written by hand: flores.tsv (what FLORES+ has), choices.tsv (what a macrolanguage means),
aliases.tsv (what else people say), tags.tsv, scripts.tsv, countries.tsv. They win over the made
ones; after a change there `build.py` has to run only for a code that is nowhere else.
"""

from bot.language.lookup import by_code, find, find_script
from bot.language.near import near
from bot.language.words import Candidates, Language, Reason, UnknownCode

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
