"""The texts of the interface: `locales/` has one file for each language, contributed by speakers.

Pure. English is complete; a text that another file lacks is shown in English.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("locales")
ENGLISH = "en"


class Translations:
    """The texts of the interface in one language, whose BCP-47 tag is `tag`."""

    def __init__(self, tag: str, texts: dict[str, str], direction: str) -> None:
        self.tag = tag
        self.direction = direction
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its values filled in. Raises KeyError if English lacks the key."""
        return self._texts[key].format(**values)


def translations(tag: str) -> Translations:
    """Return the texts in this language, or in English if nobody has contributed them."""
    return _translations(tag if tag in available_tags() else ENGLISH)


@cache
def _translations(tag: str) -> Translations:
    english = _read(ENGLISH)
    own = _read(tag)
    return Translations(tag, english | own, own.get("direction", "ltr"))


@cache
def available_tags() -> tuple[str, ...]:
    """Return the BCP-47 tags of all interface languages."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def preferred_tag(accept_language: str, available: tuple[str, ...]) -> str:
    """Return the first available language of an `Accept-Language` header, else English."""
    for part in accept_language.split(","):
        tag = part.partition(";")[0].strip()
        for candidate in (tag, tag.partition("-")[0]):
            if candidate in available:
                return candidate
    return ENGLISH


def _read(tag: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((FOLDER / f"{tag}.json").read_text(encoding="utf-8"))
    return texts
