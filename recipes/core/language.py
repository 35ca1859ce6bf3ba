"""What a recipe needs to know about a language: its English name, BCP-47 tag and name in CLD2.

tests/recipes/core/test_language.py makes `languages.tsv` from the bot's tables.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from recipes.core.errors import Unworkable

# Letters that Unicode does not decompose; apostrophes are removed, because people omit them.
FOLDED = str.maketrans("øłđħıŧ", "oldhit", "'’‘`´ʻʼʽʾʿˈꞌ′׳") | {ord("œ"): "oe", ord("æ"): "ae"}
SCRIPT_SUFFIX = re.compile(r" \((.+) script\)\Z")


@dataclass(frozen=True)
class Language:
    """`code` is as in FLORES+, `tag` as in BCP-47; `cld2` is None if CLD2 does not know it."""

    code: str
    name: str
    tag: str
    cld2: str | None

    @property
    def script(self) -> str:
        """The ISO 15924 part of the code."""
        return self.code.split("_")[1]

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata of a card: the Hub lists languages by the first subtag."""
        first, *more = self.tag.split("-")
        return {"language": [first], **({"language_bcp47": [self.tag]} if more else {})}

    @property
    def in_usual_script(self) -> bool:
        """Whether the tag omits the script."""
        return f"-{self.script}" not in self.tag


def direction_name(direction: str) -> str:
    """Return `English to Esperanto` for `eng_Latn-epo_Latn`; raise UserError for unknown codes."""
    return " to ".join(get(code).name for code in direction.split("-"))


def get(code: str) -> Language:
    """Return the language of a code, in its usual script or another; raise UserError."""
    languages = _by_iso_639_3().get(code[:3], [])
    if not languages:
        raise Unworkable(
            f"The language {code!r} is not in recipes/core/languages.tsv: add a line there."
        )
    for language in languages:
        if language.code == code:
            return language
    usual, script = languages[0], code.split("_")[1]
    name = f"{SCRIPT_SUFFIX.sub('', usual.name)} ({_script_name(script)} script)"
    return Language(code, name, f"{usual.tag.partition('-')[0]}-{script}", usual.cld2)


def name_of_cld2(code: str) -> str:
    """Return the English name of the language with this code of CLD2; the code if none has it."""
    languages = [language for language, *_ in _rows() if language.cld2 == code]
    exact = [language.name for language in languages if language.tag == code]
    return next(iter((*exact, *(language.name for language in languages))), code)


def is_known(code: str) -> bool:
    """Return whether `get` finds the code."""
    return code[:3] in _by_iso_639_3()


def find(text: str) -> Language:
    """Return the language with this English or own name, tag or code.

    Raises UserError with suggestions. Names with a script, or inside a sentence, are for the bot.
    """
    folded, (names, tags) = fold(text), _index()
    by_tag = tags.get(text.lower().replace("_", "-"), [])
    matches: list[Language] = list(dict.fromkeys([*names.get(folded, []), *by_tag]))
    if by_tag and text.islower():  # "ga" is Irish, "Ga" may also be the language Ga
        matches = by_tag
    if len(matches) == 1:
        return matches[0]
    candidates = matches or [
        language for name in get_close_matches(folded, names, 4, 0.75) for language in names[name]
    ]
    listed = ", ".join(dict.fromkeys(f"{each.code} ({each.name})" for each in candidates[:8]))
    hint = f"Did you mean {listed}?" if listed else "Give its code, like epo_Latn."
    raise Unworkable(f"Which language is {text!r}? {hint}")


def _script_name(script: str) -> str:
    """Return the English name of a script, from the names of languages in it; else its code."""
    names = (SCRIPT_SUFFIX.search(each.name) for each, *_ in _rows() if each.script == script)
    return next((match[1] for match in names if match), script)


@cache
def _rows() -> tuple[tuple[Language, str, str], ...]:
    """Return each language with its folded names and its lowercase tags and codes."""
    table = Path(__file__).with_name("languages.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines()[1:])
    return tuple(
        (Language(code, name, tag, None if cld2 == "-" else cld2), names, tags)
        for code, name, tag, cld2, names, tags in rows
    )


@cache
def _by_iso_639_3() -> dict[str, list[Language]]:
    languages: dict[str, list[Language]] = {}
    for language, *_ in _rows():
        languages.setdefault(language.code[:3], []).append(language)
    return languages


@cache
def _index() -> tuple[dict[str, list[Language]], dict[str, list[Language]]]:
    """Return the languages by name, and by tag or code."""
    return (
        _by_key((names, language) for language, names, _ in _rows()),
        _by_key((tags, language) for language, _, tags in _rows()),
    )


def _by_key(rows: Iterable[tuple[str, Language]]) -> dict[str, list[Language]]:
    languages: dict[str, list[Language]] = {}
    for keys, language in rows:
        for key in filter(None, keys.split(";")):
            languages.setdefault(key, []).append(language)
    return languages


def fold(text: str) -> str:
    """Return the letters and digits of the words, without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(FOLDED))
    kept = "".join(
        char if char.isalnum() else " " for char in decomposed if not unicodedata.combining(char)
    )
    return " ".join(kept.split())
