"""The options in the text of a discussion, one in a line:

    base: granite-4.0-micro  |  model: …  |  size: …  |  teacher: …  |  reasoning: …
    licence: …  |  variant: …  |  dialect: …  |  region: …  |  orthography: …
    improve: yes  |  /improve  |  no reasoning  |  without reasoning  |  small  |  large …

Only values that the recipe or the language's community offers are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

MAX_LINE_LENGTH = 120
MAX_LINES = 30

# What people write → the option.
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
# Options that people write without a colon; none of them is available.
_PHRASES = (
    ("reasoning", re.compile(r"(?:with ?out|no) (?:any )?(?:reasoning|thinking)")),
    (
        "size",
        re.compile(r"(?:a )?(?:small|tiny|large|big|medium)(?:er)?(?: (?:one|model|version))?"),
    ),
)


@dataclass(frozen=True)
class AvailableOptions:
    """What can be chosen: base models, licences, and variants (slug → name)."""

    bases: Collection[str]
    licences: Collection[str] = ()
    variants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """The options of a request.

    `base`, `licence` and `variant` (a slug) are available values, or "". `refused` has the options
    whose value is not available, `unread_lines` the numbers of lines with unknown options.
    """

    base: str = ""
    licence: str = ""
    variant: str = ""
    improves: bool = False
    refused: tuple[str, ...] = ()
    unread_lines: tuple[int, ...] = ()


def read_options(body: str, available: AvailableOptions) -> Options:
    """Read the options in the text of a discussion."""
    accepted, refused, unread = dict[str, str](), dict[str, None](), list[int]()
    for number, line in enumerate(body.splitlines()[:MAX_LINES], 1):
        line = line.strip()
        pair = _PAIR.fullmatch(line) if len(line) <= MAX_LINE_LENGTH else None
        if pair is None:
            phrase = line.casefold().strip(" .!-*,`")
            if phrase == "/improve":
                accepted["improve"] = "yes"
            refused.update((key, None) for key, regex in _PHRASES if regex.fullmatch(phrase))
            continue
        key = KEYS.get(" ".join(pair[1].casefold().split()), "")
        if value := _available_value(key, pair[2].strip(" `*.").casefold(), available):
            accepted[key] = value
        elif key:
            refused[key] = None
        elif not _names_the_language(pair[1]):
            unread.append(number)
    return Options(
        base=accepted.get("base", ""),
        licence=accepted.get("licence", ""),
        variant=accepted.get("variant", ""),
        improves="improve" in accepted,
        refused=tuple(refused),
        unread_lines=tuple(unread),
    )


def _available_value(key: str, text: str, available: AvailableOptions) -> str:
    """Return the available value that a text means, or "".

    A base model is named by its whole id or by the part after its owner.
    """
    match key:
        case "base":
            names_of = {base: (base, base.rsplit("/", 1)[-1]) for base in available.bases}
        case "licence":
            names_of = {licence: (licence, licence) for licence in available.licences}
        case "variant":
            names_of = {slug: (slug, name) for slug, name in available.variants.items()}
        case "improve":
            names_of = {"yes": ("yes", "please")}
        case _:
            return ""
    matches = [value for value, names in names_of.items() if text in map(str.casefold, names)]
    return matches[0] if len(matches) == 1 else ""


def _names_the_language(key: str) -> bool:
    """Whether the line is the request itself, like `Language: Welsh`."""
    return re.search(r"\b(?:language|request|add)\b", key, re.IGNORECASE) is not None
