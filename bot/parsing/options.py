"""Options in the first post, a line each: `key: value`, or plain words.

    base: granite-4.0-micro  |  model: …  |  size: …  |  teacher: …  |  reasoning: …
    licence: …  |  variant: …  |  dialect: …  |  region: …  |  orthography: …
    improve: yes  |  "/improve"  |  "no reasoning"  |  "without reasoning"  |  "small", "large" …

Only values from the programme's and the community's own lists leave this file, and keys from the
list below.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

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
    "licence": "licence",
    "license": "licence",
    "variant": "variant",
    "variety": "variant",
    "dialect": "variant",
    "region": "variant",
    "orthography": "variant",
    "spelling": "variant",
    "improve": "improve",
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
class Offers:
    """What may be chosen: base models, licences, and variants (slug → name)."""

    bases: Collection[str]
    licences: Collection[str] = ()
    variants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wishes:
    """`base`, `licence` and `variant` (its slug) are of those on offer or empty; `improve` is "yes"
    when the next version of a model is asked for; `refused` are keys that were understood but are
    not to be had, `unread` the numbers of lines that look like options and are none."""

    base: str = ""
    licence: str = ""
    variant: str = ""
    improve: str = ""
    refused: tuple[str, ...] = ()
    unread: tuple[int, ...] = ()


def read_wishes(body: str, offers: Offers) -> Wishes:
    """The options in the text of a first post."""
    granted, refused, unread = dict[str, str](), dict[str, None](), []
    for number, line in enumerate(body.splitlines()[:MOST_LINES], 1):
        line = line.strip()
        pair = _PAIR.fullmatch(line) if len(line) <= LONGEST_LINE else None
        if pair is None:
            plain = line.casefold().strip(" .!-*,`")
            if plain == "/improve":
                granted["improve"] = "yes"
            refused.update((key, None) for key, said in _PLAIN if said.fullmatch(plain))
            continue
        key = KEYS.get(" ".join(pair[1].casefold().split()), "")
        found = _offered(key, pair[2].strip(" `*.").casefold(), offers)
        if found:
            granted[key] = found
        elif key:
            refused[key] = None
        elif not _about_language(pair[1]):
            unread.append(number)
    return Wishes(**granted, refused=tuple(refused), unread=tuple(unread))


def _offered(key: str, wanted: str, offers: Offers) -> str:
    """The one thing on offer that is meant: a base by its whole id or the part after the owner."""
    match key:
        case "base":
            known = {base: (base, base.rsplit("/", 1)[-1]) for base in offers.bases}
        case "licence":
            known = {licence: (licence, licence) for licence in offers.licences}
        case "variant":
            known = {slug: (slug, name) for slug, name in offers.variants.items()}
        case "improve":
            known = {"yes": ("yes", "please")}
        case _:
            return ""
    meant = [one for one, names in known.items() if wanted in map(str.casefold, names)]
    return meant[0] if len(meant) == 1 else ""


def _about_language(key: str) -> bool:
    """`Language: Welsh` is the request itself."""
    return re.search(r"\b(?:language|request|add)\b", key, re.IGNORECASE) is not None
