"""Insert or replace a section of a card between two markers, and escape text that people wrote."""

from __future__ import annotations

import re

SPECIAL_CHARACTERS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&@:/$^=\"'])")


def set_section(text: str, name: str, body: str, before: str | None = None) -> str:
    """Return the card with `body` between the markers of the section `name`.

    A new section is added before the heading `before`, or at the end.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    section = f"{start}\n{body}\n{end}"
    above, has_section, after = text.partition(start)
    if has_section:
        return above + section + after.partition(end)[2]
    above, has_heading, below = text.partition(f"\n{before}\n") if before else (text, "", "")
    if has_heading:
        return f"{above.rstrip()}\n\n{section}\n\n{before}\n{below}"
    return f"{text.rstrip()}\n\n{section}\n"


def escape(text: str) -> str:
    """Return people's text as one line of Markdown without markup, links or mentions."""
    return SPECIAL_CHARACTERS.sub(lambda match: f"&#{ord(match[0])};", " ".join(text.split()))
