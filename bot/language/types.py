"""The package's values: a language, the candidates for one, an unknown code."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["unknown", "ambiguous", "script"]


@dataclass(frozen=True, slots=True)
class Language:
    """A language in one script.

    `code` joins ISO 639-3 and ISO 15924 as FLORES+ does, like "gla_Latn". `autonym` is the name in
    the language itself, "" if no source has it. With `script_assumed`, no source says how the
    language is written, and Latin is assumed: ask before spending money on it.
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
        """The ISO 639-3 code: "gla" of "gla_Latn"."""
        return self.code[:3]

    @property
    def variant(self) -> str:
        """The variety that FLORES+ distinguishes ("vale1252" of "cat_Latn_vale1252"), or ""."""
        return self.code[9:]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The languages to ask about when a name does not mean exactly one.

    `reason` is "ambiguous" if the name means each of them, "script" if the language is known in
    these scripts but not in that of the name, and "unknown" if no language has this name: then they
    have similar names, and there may be none.
    """

    languages: tuple[Language, ...]
    reason: Reason


class UnknownCode(KeyError):
    """A code that no language has; `str()` is a sentence for people."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return f"{self.code[:40]!r} is not a known language code; codes look like gla_Latn"
