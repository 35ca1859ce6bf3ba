"""Languages by the names that people call them, from the table that stands beside this file.

Pure. `languages.tsv` and `fold.py` are copies of the bot's own; a test compares them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from common import normalize
from common.normalize import fold

TABLE = Path(normalize.__file__).with_name("languages.tsv")
LONGEST_NAME = 80
MOST_GUESSES = 4
RIGHT_TO_LEFT = {"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}


@dataclass(frozen=True)
class Language:
    """A language in a script: FLORES+ code, BCP-47 tag, English name, its own name."""

    code: str
    bcp47: str = ""
    name: str = ""
    autonym: str = ""

    @property
    def label(self) -> str:
        """All names, so that any of them finds it in a list."""
        name = self.name or self.code
        return f"{name} · {self.autonym}" if self.autonym not in ("", name) else name

    @property
    def script(self) -> str:
        """ISO 15924."""
        return self.code[4:8]

    @property
    def direction(self) -> str:
        """``rtl`` or ``ltr``, as a browser is told."""
        return "rtl" if self.script in RIGHT_TO_LEFT else "ltr"


@cache
def _tables() -> tuple[dict[str, Language], dict[str, list[str]]]:
    """Languages by code, and codes by folded name."""
    languages: dict[str, Language] = {}
    codes: dict[str, list[str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        code, bcp47, name, autonym, keys = line.split("\t")
        languages[code] = Language(code, bcp47, name, autonym)
        for key in keys.split(";"):
            codes.setdefault(key, []).append(code)
    return languages, codes


def by_code(code: str) -> Language:
    """The language with this code; one without names where the table has none."""
    return _tables()[0].get(code, Language(code))


def meant(text: str) -> list[str]:
    """The codes of all languages that are called so."""
    return list(_tables()[1].get(fold(text[:LONGEST_NAME]), ()))


def near(text: str, offered: Collection[str]) -> list[str]:
    """Codes of a few languages that are called something like it, those that are offered first."""
    key, codes = fold(text[:LONGEST_NAME]), _tables()[1]
    here = [name for name, targets in codes.items() if not set(targets).isdisjoint(offered)]
    names = get_close_matches(key, here, MOST_GUESSES, 0.6)
    names += get_close_matches(key, codes, MOST_GUESSES, 0.75)
    found = [code for name in names for code in codes[name]]
    ordered = sorted(dict.fromkeys(found), key=lambda code: code not in offered)
    return ordered[:MOST_GUESSES]
