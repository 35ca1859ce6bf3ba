"""What a recipe has to know of a language: its English name, BCP-47 tag and name in CLD2."""

from __future__ import annotations

from dataclasses import dataclass
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
    table = Path(__file__).with_name("languages.tsv").read_text(encoding="utf-8")
    found = [row for row in table.splitlines() if row.startswith(code[:3] + "_")]
    if not found:
        raise Refusal(f"The language {code!r} is not in recipes/languages.tsv: add a line there.")
    exact = [row for row in found if row.startswith(code + "\t")]
    _, name, tag, cld2 = (exact or found)[0].split("\t")
    tag = tag if exact else f"{tag.partition('-')[0]}-{code.split('_')[1]}"
    return Language(code, name, tag, None if cld2 == "-" else cld2)
