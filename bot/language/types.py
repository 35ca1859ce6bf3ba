"""What the package speaks in: a language, the choices when there is no one language, an error.

Plain values, no tables and no search: everything else in the package may import this module.
"""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["unknown", "ambiguous", "script"]


@dataclass(frozen=True, slots=True)
class Language:
    """One written language: ISO 639-3 and ISO 15924 as FLORES+ joins them, with its names.

    `autonym` is "" where no source gives one. `script_assumed` is true where no source says how
    the language is written and Latin was taken: ask before spending money on it.
    """

    code: str
    name: str
    autonym: str
    bcp47: str
    script: str
    direction: Literal["ltr", "rtl"]
    script_assumed: bool = False

    @property
    def iso639_3(self) -> str:
        """The three letters of ISO 639-3: "gla" of "gla_Latn"."""
        return self.code[:3]

    @property
    def variant(self) -> str:
        """The variety FLORES+ sets apart ("vale1252" of "cat_Latn_vale1252"), or ""."""
        return self.code[9:]


@dataclass(frozen=True, slots=True)
class Candidates:
    """No single language: what to ask back.

    reason "ambiguous": the name means each of `languages`; "script": the language is known, but
    not in that script, `languages` are the scripts it is known in; "unknown": nobody is called
    that, `languages` are the nearest names, perhaps none.
    """

    languages: tuple[Language, ...]
    reason: Reason


class UnknownCode(KeyError):
    """A code that is none of ours; `str()` is a sentence for people."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return f"{self.code[:40]!r} is not a language code like gla_Latn."
