"""What a recipe has to know of a language: its English name, BCP-47 tag and name in CLD2.

`languages.tsv` is made from the bot's tables by tests/recipes/core/test_language.py.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from recipes.core.errors import UserError

# What Unicode does not take apart, and apostrophes of every kind: typed or left out at will.
PLAIN = str.maketrans("øłđħıŧ", "oldhit", "'’‘`´ʻʼʽʾʿˈꞌ′׳") | {ord("œ"): "oe", ord("æ"): "ae"}
IN_SCRIPT = re.compile(r" \((.+) script\)\Z")


@dataclass(frozen=True)
class Language:
    """`code` as in FLORES+, `tag` as in BCP-47, `cld2` None where CLD2 does not know it."""

    code: str
    name: str
    tag: str
    cld2: str | None

    @property
    def script(self) -> str:
        """The ISO 15924 part of the code."""
        return self.code.split("_")[1]

    @property
    def metadata(self) -> dict[str, list[str]]:
        """How a card on the Hub says it: the Hub lists languages by their first subtag."""
        first, *more = self.tag.split("-")
        return {"language": [first], **({"language_bcp47": [self.tag]} if more else {})}

    @property
    def in_usual_script(self) -> bool:
        """Whether its tag need not name the script."""
        return f"-{self.script}" not in self.tag


def get(code: str) -> Language:
    """Look a code up in languages.tsv, in its usual script or another; raises UserError."""
    found = _rows_of().get(code[:3], [])
    if not found:
        raise UserError(
            f"The language {code!r} is not in recipes/core/languages.tsv: add a line there."
        )
    if exact := [language for language in found if language.code == code]:
        return exact[0]
    usual, script = found[0], code.split("_")[1]
    name = f"{IN_SCRIPT.sub('', usual.name)} ({_script_called(script)} script)"
    return Language(code, name, f"{usual.tag.partition('-')[0]}-{script}", usual.cld2)


def is_known(code: str) -> bool:
    """Whether `get` knows it."""
    return code[:3] in _rows_of()


def named(text: str) -> Language:
    """The language that is called so, in English, by itself or by a tag or code of it; raises
    UserError with what may be meant instead.

    A name and a script, or a sentence with a name in it, are the bot's matter.
    """
    wanted, (names, tags) = fold(text), _called()
    tagged = tags.get(text.lower().replace("_", "-"), [])
    found = list(dict.fromkeys((*names.get(wanted, ()), *tagged)))
    if tagged and text.islower():  # "ga" is Irish, "Ga" may be either
        found = tagged
    if len(found) == 1:
        return found[0]
    near = found or [
        language for name in get_close_matches(wanted, names, 4, 0.75) for language in names[name]
    ]
    meant = ", ".join(dict.fromkeys(f"{found.code} ({found.name})" for found in near[:8]))
    choose = f"Perhaps it is one of {meant}." if meant else "Give its code, like epo_Latn."
    raise UserError(f"Which language is {text!r}? {choose}")


def _script_called(script: str) -> str:
    """The script as the name of a language says it; its code where none does."""
    found = (IN_SCRIPT.search(known.name) for known, *_ in _rows() if known.script == script)
    return next((told[1] for told in found if told), script)


@cache
def _rows() -> tuple[tuple[Language, str, str], ...]:
    """Each language with its names, folded, and its tags and codes in small letters."""
    table = Path(__file__).with_name("languages.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines()[1:])
    return tuple(
        (Language(code, name, tag, None if cld2 == "-" else cld2), names, tags)
        for code, name, tag, cld2, names, tags in rows
    )


@cache
def _rows_of() -> dict[str, list[Language]]:
    """ISO 639-3 → that language in each of its scripts."""
    found: dict[str, list[Language]] = {}
    for language, *_ in _rows():
        found.setdefault(language.code[:3], []).append(language)
    return found


@cache
def _called() -> tuple[dict[str, list[Language]], dict[str, list[Language]]]:
    """Name → the languages that have it, and tag → those that it means."""
    names: dict[str, list[Language]] = {}
    tags: dict[str, list[Language]] = {}
    for language, its_names, its_tags in _rows():
        for known, called in ((names, its_names), (tags, its_tags)):
            for one in filter(None, called.split(";")):
                known.setdefault(one, []).append(language)
    return names, tags


def fold(text: str) -> str:
    """Letters and digits alone, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(PLAIN))
    kept = "".join(
        char if char.isalnum() else " " for char in plain if not unicodedata.combining(char)
    )
    return " ".join(kept.split())
