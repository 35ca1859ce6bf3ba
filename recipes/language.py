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
        return self.code.partition("_")[2]


def get(code: str) -> Language:
    """Look a code up in languages.tsv; raises Refusal when it is not there."""
    table = Path(__file__).with_name("languages.tsv").read_text(encoding="utf-8")
    for row in table.splitlines()[1:]:
        fields = row.split("\t")
        if fields[0] == code:
            return Language(code, fields[1], fields[2], None if fields[3] == "-" else fields[3])
    raise Refusal(f"The language {code!r} is not in recipes/languages.tsv: add a line there.")
