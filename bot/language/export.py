"""The one table of languages that a Space carries along, because it may not import the bot.

    python -m bot.language.export        writes spaces/common/languages.tsv

A row is a language: code, BCP-47, English name, autonym, and every folded name and tag that leads
to it, except tags with a country. A test compares the file with `rows()`.
"""

import re
from pathlib import Path

from bot.language.normalize import fold
from bot.language.tables import language, meant, tables

SPACES = Path(__file__).parents[2] / "spaces"
HEAD = "# Made by bot.language.export. code\tBCP-47\tEnglish name\tautonym\tfolded names and tags"

_COUNTRY = re.compile(r"[a-z]{2,3}-([a-z]{2}|\d{3})")


def rows() -> list[str]:
    """The lines of the table, languages by code, the names of each in order."""
    known = tables()
    keys: dict[str, set[str]] = {code: set() for code in known.rows}
    tags = [item for item in known.tags.items() if not _COUNTRY.fullmatch(item[0])]
    for name, targets in (*known.names.items(), *tags):
        for target in targets.split():
            for code in meant(target):
                keys[code].add(fold(name))
    lines = [HEAD]
    for code in sorted(keys):
        one = language(code)
        own = {fold(text) for text in (one.name, one.autonym, code, code[:3], one.bcp47)}
        names = ";".join(sorted((keys[code] | own) - {""}))
        lines.append("\t".join((code, one.bcp47, one.name, one.autonym, names)))
    return lines


def main() -> None:
    text = "\n".join(rows()) + "\n"
    (SPACES / "common" / "languages.tsv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
