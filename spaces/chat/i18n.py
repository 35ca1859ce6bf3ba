"""The words of the interface: one file for each language in `words/`, contributed by speakers.

Pure. English is whole; what another file lacks is said in English.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("locales")
ENGLISH = "en"


class Words:
    """The sentences of one interface language."""

    def __init__(self, tag: str, sentences: dict[str, str], direction: str) -> None:
        self.tag = tag
        self.direction = direction
        self._sentences = sentences

    def __call__(self, key: str, **values: object) -> str:
        """The sentence with its values put in; a key that English lacks is a KeyError."""
        return self._sentences[key].format(**values)


@cache
def words(tag: str) -> Words:
    """The interface in this language, or in English where nobody has contributed it."""
    english = _read(FOLDER / f"{ENGLISH}.json")
    if tag not in contributed():
        tag = ENGLISH
    own = _read(FOLDER / f"{tag}.json")
    return Words(tag, english | own, own.get("direction", "ltr"))


@cache
def contributed() -> tuple[str, ...]:
    """The BCP-47 tags of the interface languages there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def preferred(accepted: str, offered: tuple[str, ...]) -> str:
    """The first language of an ``Accept-Language`` header that is offered, else English."""
    for part in accepted.split(","):
        tag = part.partition(";")[0].strip()
        for one in (tag, tag.partition("-")[0]):
            if one in offered:
                return one
    return ENGLISH


def _read(path: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found
