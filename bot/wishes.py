"""Options in the first post, a line each: `key: value`, or plain words.

    base: granite-4.0-micro  |  model: …  |  size: …  |  teacher: …  |  reasoning: …
    "no reasoning"  |  "without reasoning"  |  "small", "large" …

Only values from the programme's own lists leave this file, and keys from the list below.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

LONGEST_LINE = 120
MOST_LINES = 30

KEYS = {
    "base": "base",
    "base model": "base",
    "model": "base",
    "size": "size",
    "teacher": "teacher",
    "reasoning": "reasoning",
    "thinking": "reasoning",
}
_PAIR = re.compile(r"[-*+]?\s*\**([A-Za-z][A-Za-z ]{1,19}?)\**\s*[:=]\s*\**\s*(\S.*)")
_PLAIN = (
    ("reasoning", re.compile(r"(?:with ?out|no) (?:any )?(?:reasoning|thinking)")),
    (
        "size",
        re.compile(r"(?:a )?(?:small|tiny|large|big|medium)(?:er)?(?: (?:one|model|version))?"),
    ),
)


@dataclass(frozen=True)
class Wishes:
    """`base` is one of those on offer or empty; `refused` are keys that were understood but are
    not to be had, `unread` the numbers of lines that look like options and are none."""

    base: str = ""
    refused: tuple[str, ...] = ()
    unread: tuple[int, ...] = ()


def read_wishes(body: str, bases: Collection[str]) -> Wishes:
    """The options in the text of a first post."""
    base, refused, unread = "", dict[str, None](), []
    for number, line in enumerate(body.splitlines()[:MOST_LINES], 1):
        line = line.strip()
        pair = _PAIR.fullmatch(line) if len(line) <= LONGEST_LINE else None
        if pair is None:
            plain = line.casefold().strip(" .!-*,")
            refused.update((key, None) for key, said in _PLAIN if said.fullmatch(plain))
            continue
        key = KEYS.get(" ".join(pair[1].casefold().split()), "")
        found = _offered(pair[2], bases) if key == "base" else ""
        if found:
            base = found
        elif key:
            refused[key] = None
        elif not _about_language(pair[1]):
            unread.append(number)
    return Wishes(base, tuple(refused), tuple(unread))


def _offered(value: str, bases: Collection[str]) -> str:
    """The base that is meant, by its whole id or the part after the owner."""
    wanted = value.strip(" `*.").casefold()
    meant = [b for b in bases if wanted in (b.casefold(), b.rsplit("/", 1)[-1].casefold())]
    return meant[0] if len(meant) == 1 else ""


def _about_language(key: str) -> bool:
    """`Language: Welsh` is the request itself."""
    return re.search(r"\b(?:language|request|add)\b", key, re.IGNORECASE) is not None
