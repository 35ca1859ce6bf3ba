"""What a recipe has to know of a language: its English name, BCP-47 tag and name in CLD2."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from recipes.refusal import Refusal


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


def get(code: str) -> Language:
    """Look a code up in languages.tsv, in its usual script or another; raises Refusal."""
    found = [row for row in _rows() if row.code[:4] == code[:3] + "_"]
    if not found:
        raise Refusal(f"The language {code!r} is not in recipes/languages.tsv: add a line there.")
    if exact := [row for row in found if row.code == code]:
        return exact[0]
    usual = found[0]
    tag = f"{usual.tag.partition('-')[0]}-{code.split('_')[1]}"
    return Language(code, usual.name, tag, usual.cld2)


def named(text: str) -> Language:
    """The language with this English name, tag or ISO 639-3 code; raises Refusal with what may be
    meant instead.

    Other names of languages, and names in other languages, are the bot's matter.
    """
    wanted, table = _fold(text), list(_rows())
    found = [row for row in table if wanted in (_fold(row.name), row.tag.lower(), row.code[:3])]
    if len(found) == 1:
        return found[0]
    near = found or [row for row in table if _fold(row.name.partition(" (")[0]) == wanted]
    if not near:
        names = {_fold(row.name): row for row in table}
        near = [names[name] for name in get_close_matches(wanted, names, 4, 0.75)]
    meant = ", ".join(f"{row.code} ({row.name})" for row in near[:8])
    choose = f"Perhaps it is one of {meant}." if meant else "Give its code, like epo_Latn."
    raise Refusal(f"Which language is {text!r}? {choose}")


def _rows() -> Iterator[Language]:
    table = Path(__file__).with_name("languages.tsv").read_text(encoding="utf-8")
    for line in table.splitlines()[1:]:
        code, name, tag, cld2 = line.split("\t")
        yield Language(code, name, tag, None if cld2 == "-" else cld2)


def _fold(text: str) -> str:
    """Letters and digits alone, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(
        char if char.isalnum() else " " for char in plain if not unicodedata.combining(char)
    )
    return " ".join(kept.split())
