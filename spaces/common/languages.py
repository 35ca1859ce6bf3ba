"""Look up languages by code or by any of their names. Pure.

`languages.tsv`, `foreign.tsv` and `normalize.py` hold the same as the bot's own files; a test
compares them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path

from common.normalize import fold
from common.scripts import RIGHT_TO_LEFT, SCRIPT_NAMES

TABLE = Path(__file__).with_name("languages.tsv")
FOREIGN = Path(__file__).with_name("foreign.tsv")
MAX_NAME_LENGTH = 80
MAX_SIMILAR = 4
MAX_COMPLETIONS = 6
MIN_PREFIX_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Language:
    """A written language: FLORES+ code, BCP-47 tag, English name, its own name.

    `keys` are all folded names and tags that lead to it, separated by semicolons.
    """

    code: str
    bcp47: str = ""
    name: str = ""
    autonym: str = ""
    keys: str = ""

    @property
    def title(self) -> str:
        """The English name, or the code where the table has none."""
        return self.name or self.code

    @property
    def request_title(self) -> str:
        """The title of a request for it: the English name, or the code if others share the name."""
        return self.name if len(named(self.name)) == 1 else self.code

    @property
    def label(self) -> str:
        """Both names, so that either finds the language in a list."""
        return (
            f"{self.title} · {self.autonym}" if self.autonym not in ("", self.title) else self.title
        )

    @property
    def script(self) -> str:
        """The ISO 15924 code of the script."""
        return "".join(self.code.split("_")[1:2])

    @property
    def script_name(self) -> str:
        """The English name of the script, or its code."""
        return SCRIPT_NAMES.get(self.script, self.script)

    @property
    def direction(self) -> str:
        """The writing direction as HTML names it, `rtl` or `ltr`."""
        return "rtl" if self.script in RIGHT_TO_LEFT else "ltr"


@cache
def _tables() -> tuple[dict[str, Language], dict[str, list[str]]]:
    """Return languages by code, and codes by folded name."""
    languages: dict[str, Language] = {}
    codes: dict[str, list[str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        language = Language(*line.split("\t"))
        languages[language.code] = language
        for key in language.keys.split(";"):
            codes.setdefault(key, []).append(language.code)
    return languages, codes


@cache
def _foreign_names() -> dict[str, list[str]]:
    """Return codes by the folded names that speakers of other languages use."""
    codes_of: dict[str, list[str]] = {}
    for line in FOREIGN.read_text(encoding="utf-8").splitlines()[1:]:
        codes, names = line.split("\t")
        for name in names.split(";"):
            codes_of.setdefault(name, []).extend(codes.split())
    return codes_of


def by_code(code: str) -> Language:
    """Return the language with this code; one without names where the table lacks it."""
    return _tables()[0].get(code) or Language(code)


def named(text: str) -> list[Language]:
    """Return all languages that have this code or tag, or this name in any language."""
    key = fold(text[:MAX_NAME_LENGTH])
    codes = _tables()[1].get(key) or _foreign_names().get(key, ())
    return [by_code(code) for code in codes]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text means where only some languages are offered.

    `language` is the one offered language that it names, `several` are the offered ones if it names
    more than one, `missing` those that it names if none of them is offered. A text that names no
    language may be misspelt: it is `similar` to some names.
    """

    language: Language | None = None
    several: tuple[Language, ...] = ()
    missing: tuple[Language, ...] = ()
    similar: tuple[Language, ...] = ()


def meaning(text: str, offered: Collection[str]) -> Meaning:
    """Return what a name, code or tag means where the languages with these codes are offered."""
    meant = [by_code(text)] if text in offered else named(text)
    here = [language for language in meant if language.code in offered]
    if len(here) == 1:
        return Meaning(here[0])
    if here:
        return Meaning(several=tuple(here))
    return Meaning(missing=tuple(meant)) if meant else Meaning(similar=similar(text, offered))


def similar(text: str, offered: Collection[str]) -> tuple[Language, ...]:
    """Return a few languages with a similar name, those with an offered code first."""
    key, codes = fold(text[:MAX_NAME_LENGTH]), _tables()[1]
    offered_names = [name for name, of in codes.items() if not set(of).isdisjoint(offered)]
    names = get_close_matches(key, offered_names, MAX_SIMILAR, 0.6)
    names += get_close_matches(key, codes, MAX_SIMILAR, 0.75)
    candidates = dict.fromkeys(code for name in names for code in codes[name])
    ordered = sorted(candidates, key=lambda code: code not in offered)
    return tuple(by_code(code) for code in ordered[:MAX_SIMILAR])


@lru_cache(maxsize=4096)
def completions(text: str) -> tuple[Language, ...]:
    """Return a few languages whose name starts like this, else some with a similar name."""
    key, codes = fold(text[:MAX_NAME_LENGTH]), _tables()[1]
    if len(key) < MIN_PREFIX_LENGTH:
        return ()
    names = sorted((name for name in codes if name.startswith(key)), key=lambda n: (len(n), n))
    if not names:
        names = get_close_matches(key, codes, MAX_COMPLETIONS, 0.75)
    candidates = dict.fromkeys(
        code for name in names[: 4 * MAX_COMPLETIONS] for code in codes[name]
    )
    return tuple(by_code(code) for code in list(candidates)[:MAX_COMPLETIONS])
