"""The package's tables, read once when the first question comes (about 25 ms, 12 MB).

`languages.tsv`, `names.tsv` and `codes.tsv` are made by `build.py`; the others are written by hand
and win over them. No search here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from bot.language.normalize import fold
from bot.language.types import Language, UnknownCode

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Script:
    """A script: ISO 15924 code, direction of writing, English name."""

    code: str
    direction: Literal["ltr", "rtl"]
    name: str


@dataclass(frozen=True, slots=True)
class Tables:
    """Where a word leads. A target is a code (gla_Latn), or ISO 639-3 (gla) for "as usual"."""

    rows: dict[str, list[str]]
    """code → its row of languages.tsv"""
    scripts_of: dict[str, list[str]]
    """ISO 639-3 → its codes, the usual script first"""
    choices: dict[str, list[str]]
    """ISO 639-3 → what is meant by it, where that is not the first of `scripts_of`"""
    names: dict[str, str]
    """folded name → targets with spaces between"""
    tags: dict[str, str]
    """lower-case tag → targets with spaces between"""
    scripts: dict[str, Script]
    """ISO 15924 → script"""
    script_names: dict[str, str]
    """folded name of a script, its code included → ISO 15924"""
    countries: dict[str, str]
    """folded name of a country → ISO 3166-1 in small letters"""
    flores: frozenset[str]
    """codes that FLORES+ (or FLORES-200) has"""


@cache
def tables() -> Tables:
    """Read all tables; the same object every time."""
    rows = {row[0]: row for row in read("languages")}
    scripts_of: dict[str, list[str]] = {}
    for code in rows:
        scripts_of.setdefault(code[:3], []).append(code)
    flores = {row[0]: row[1] for row in read("flores")}
    names = {row[0]: row[1] for row in read("names")}
    choices = {row[0]: row[1].split() for row in read("choices")}
    names |= {fold(name): code for code, name in flores.items()}
    names |= {fold(row[0]): row[1] for row in read("aliases")}
    tags = {row[0]: row[1] for row in (*read("codes"), *read("tags"))}
    scripts, script_names = _scripts()
    countries = {fold(name): row[0] for row in read("countries") for name in row[1].split(";")}
    return Tables(
        rows, scripts_of, choices, names, tags, scripts, script_names, countries, frozenset(flores)
    )


def read(table: str) -> Iterator[list[str]]:
    """The rows of one table without its comment lines."""
    for line in (HERE / f"{table}.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def language(code: str) -> Language:
    """The language with this very code; any known script goes where the usual one is unknown."""
    row = tables().rows.get(code) or _in_other_script(code)
    if row is None:
        raise UnknownCode(code)
    _, bcp47, name, autonym, assumed = row
    script = code[4:8]
    direction = tables().scripts[script].direction
    return Language(code, name, autonym, bcp47, script, direction, assumed == "?")


def meant(target: str) -> list[str]:
    """The codes a target stands for: one, or the choices to ask about."""
    known = tables()
    if target in known.rows:
        return [target]
    if target in known.choices:
        return known.choices[target]
    if target in known.scripts_of:
        return known.scripts_of[target][:1]
    return [code for member in known.tags[target].split() for code in meant(member)]


def _in_other_script(code: str) -> list[str] | None:
    known = tables()
    iso, _, script = code.partition("_")
    usual = known.rows.get(known.scripts_of.get(iso, [""])[0])
    if usual is None or usual[4] != "?" or script not in known.scripts:
        return None
    name = f"{usual[2]} ({known.scripts[script].name} script)"
    return [code, f"{usual[1]}-{script}", name, "", ""]


def _scripts() -> tuple[dict[str, Script], dict[str, str]]:
    scripts, names = {}, {}
    for code, direction, name, others in read("scripts"):
        scripts[code] = Script(code, cast(Literal["ltr", "rtl"], direction), name)
        for other in (code, name, *filter(None, others.split(";"))):
            names[fold(other)] = code
    return scripts, names
