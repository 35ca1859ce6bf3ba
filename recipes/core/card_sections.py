"""Insert or replace a section of a card between two markers, and escape text that people wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The Hub accepts no card with NUL; the others would change the direction of what follows.
CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
SPECIAL_CHARACTERS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&@:/$^=\"'])")


def set_section(
    text: str, name: str, body: str, before: str | None = None, heading: str | None = None
) -> str:
    """Return the card with `body` between the markers of the section `name`.

    A new section is added before the heading `before`, or at the end, where it may get a `heading`.
    """
    if f"<!-- {name} -->" in text:
        return replace_section(text, name, body)
    section = _section(name, body)
    above, has_heading, below = text.partition(f"\n{before}\n") if before else (text, "", "")
    if has_heading:
        return f"{above.rstrip()}\n\n{section}\n\n{before}\n{below}"
    headed = f"{heading}\n\n{section}" if heading else section
    return f"{text.rstrip()}\n\n{headed}\n"


def replace_section(text: str, name: str, body: str) -> str:
    """Return the card with `body` in the section `name`; the card as it is if it has none.

    Where somebody has removed the marker of its end, all that follows the first marker stays.
    """
    above, has_start, after = text.partition(f"<!-- {name} -->")
    _, has_end, below = after.partition(f"<!-- /{name} -->")
    return f"{above}{_section(name, body)}{below if has_end else after}" if has_start else text


def _section(name: str, body: str) -> str:
    return f"<!-- {name} -->\n{body}\n<!-- /{name} -->"


def escape(text: str) -> str:
    """Return people's text as one line of Markdown without markup, links or mentions."""
    line = " ".join(CONTROLS.sub("", text).split())
    return SPECIAL_CHARACTERS.sub(lambda match: f"&#{ord(match[0])};", line)


def quote_turns(turns: Iterable[tuple[str, str]], longest: int = 300) -> str:
    """Return (name, text) pairs as one quotation, a line for each; `longest` is in characters."""
    lines = ((name, " ".join(text.split())) for name, text in turns)
    cut = ((name, f"{line[:longest]} …" if len(line) > longest else line) for name, line in lines)
    return "\\\n".join(f"> **{name}:** {escape(line) or '*(nothing)*'}" for name, line in cut)
