"""Languages by the names that people call them, with the family and the region of each.

Pure. `languages.tsv` and `fold.py` are copies of the bot's own, which a test compares; `groups.tsv`
is written by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path

from common import normalize
from common.normalize import fold
from scripts import SCRIPTS

TABLE = Path(normalize.__file__).with_name("languages.tsv")
GROUPS = Path(__file__).with_name("groups.tsv")
LONGEST_NAME = 80
MOST_GUESSES = 6
SHORTEST_START = 3


@dataclass(frozen=True, slots=True)
class Language:
    """A language in a script: FLORES+ code, BCP-47 tag, names, and what it is grouped under."""

    code: str
    bcp47: str = ""
    name: str = ""
    autonym: str = ""
    keys: str = ""
    family: str = ""
    region: str = ""

    @property
    def title(self) -> str:
        """The English name, or the code where the table has none."""
        return self.name or self.code

    @property
    def script(self) -> str:
        """The English name of the script, or its ISO 15924 code."""
        tag = self.code.partition("_")[2]
        return SCRIPTS.get(tag, tag)


@cache
def _tables() -> tuple[dict[str, Language], dict[str, list[str]]]:
    """Languages by code, and codes by folded name."""
    families, regions = groups("family"), groups("region")
    languages: dict[str, Language] = {}
    codes: dict[str, list[str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        code, bcp47, name, autonym, keys = line.split("\t")
        iso = code[:3]
        groups_of = families.get(iso, ""), regions.get(iso, "")
        languages[code] = Language(code, bcp47, name, autonym, keys, *groups_of)
        for key in keys.split(";"):
            codes.setdefault(key, []).append(code)
    return languages, codes


@cache
def groups(kind: str) -> dict[str, str]:
    """ISO 639-3 → the ``family`` or the ``region`` of a language."""
    found: dict[str, str] = {}
    for line in GROUPS.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{kind}\t"):
            _, name, codes = line.split("\t")
            found |= dict.fromkeys(codes.split(), name)
    return found


def by_code(code: str) -> Language:
    """The language with this code; one without names where the table has none."""
    return _tables()[0].get(code, Language(code))


def meant(text: str) -> list[Language]:
    """All languages that are called so."""
    return [by_code(code) for code in _tables()[1].get(fold(text[:LONGEST_NAME]), ())]


@lru_cache(maxsize=4096)
def near(text: str) -> tuple[Language, ...]:
    """A few languages whose name begins so; where none does, some that are called alike."""
    key, codes = fold(text[:LONGEST_NAME]), _tables()[1]
    if len(key) < SHORTEST_START:
        return ()
    names = sorted((name for name in codes if name.startswith(key)), key=lambda n: (len(n), n))
    if not names:
        names = get_close_matches(key, codes, MOST_GUESSES, 0.75)
    found = dict.fromkeys(code for name in names[: 4 * MOST_GUESSES] for code in codes[name])
    return tuple(by_code(code) for code in list(found)[:MOST_GUESSES])
