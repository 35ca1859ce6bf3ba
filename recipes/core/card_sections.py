"""A part of a card between two marks, which can be written again and again.

And what makes people's words harmless there. What is written must not enter this file.
"""

from __future__ import annotations

import re

SIGNS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&@:/$^=\"'])")


def put(text: str, mark: str, body: str, before: str | None = None) -> str:
    """The card's text with `body` between the marks, at the end (or before a heading) at first."""
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    part = f"{start}\n{body}\n{end}"
    above, found, rest = text.partition(start)
    if found:
        return above + part + rest.partition(end)[2]
    above, found, below = text.partition(f"\n{before}\n") if before else (text, "", "")
    if found:
        return f"{above.rstrip()}\n\n{part}\n\n{before}\n{below}"
    return f"{text.rstrip()}\n\n{part}\n"


def harmless(words: str) -> str:
    """People's words on one line of Markdown, in which nothing is markup, a link or a mention."""
    return SIGNS.sub(lambda found: f"&#{ord(found[0])};", " ".join(words.split()))
