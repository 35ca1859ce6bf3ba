"""Which models there are to talk with, and what their languages are called.

Pure. What the Hub says is parsed here or left out; nothing here reads the Hub or loads a model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_TEXT = 200
LONGEST_EXAMPLE = 140
MOST_EXAMPLES = 4
RIGHT_TO_LEFT = {"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}
_ADAPTER = re.compile(r"[^/]+/kakugo-(?P<base>.+)-(?P<code>[a-z]{3}_[A-Z][a-z]{3})")


@dataclass(frozen=True)
class Name:
    """What a language is called, and how a browser is told about it."""

    name: str = ""
    autonym: str = ""
    bcp47: str = ""


@dataclass(frozen=True)
class Adapter:
    """A model that was taught a language, at a commit, with the base it belongs to."""

    repo: str
    revision: str
    base: str
    code: str
    language: Name
    practice: bool

    @property
    def label(self) -> str:
        """What stands in the list of languages: all names, so that any of them finds it."""
        name, autonym = self.language.name or self.code, self.language.autonym
        return f"{name} · {autonym}" if autonym not in ("", name) else name

    @property
    def rtl(self) -> bool:
        """Whether the language is written from right to left."""
        return self.code.partition("_")[2] in RIGHT_TO_LEFT


def names(sheets: Iterable[str]) -> dict[str, Name]:
    """Read the names of languages, by code, from the ledger's ``sheets/*.jsonl``."""
    found: dict[str, Name] = {}
    for line in (line for sheet in sheets for line in sheet.split("\n")):
        language = _language(line)
        code, name = _text(language.get("code")), _text(language.get("name"))
        if code and name:
            autonym, tag = _text(language.get("autonym")), _text(language.get("bcp47"))
            found[code] = Name(name, autonym, tag)
    return found


def _language(text: str) -> Mapping[str, Any]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    spec = raw.get("spec") if isinstance(raw, dict) else None
    language = spec.get("language") if isinstance(spec, dict) else None
    return language if isinstance(language, dict) else {}


def adapter(
    repo: str, revision: str, card: Mapping[str, Any], known: Mapping[str, Name]
) -> Adapter | None:
    """Read one model of the organisation; None for one that is no adapter of ours."""
    match = _ADAPTER.fullmatch(repo)
    base = card.get("base_model")
    if isinstance(base, list) and len(base) == 1:
        base = base[0]
    if not match or not isinstance(base, str) or not re.fullmatch(r"[\w.-]+/[\w.-]+", base):
        return None
    tags = card.get("tags")
    practice = "practice" in (tags if isinstance(tags, list) else ()) or "practice" in base
    language = known.get(match["code"], Name())
    return Adapter(repo, revision, base, match["code"], language, practice)


def examples(conversations: Iterable[object]) -> list[str]:
    """Pick short first questions from ``messages`` columns, no two alike."""
    found: list[str] = []
    for messages in conversations:
        question = _question(messages)
        if question and question not in found:
            found.append(question)
        if len(found) == MOST_EXAMPLES:
            break
    return found


def _question(messages: object) -> str:
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            text = content.strip() if isinstance(content, str) else ""
            return text if len(text) <= LONGEST_EXAMPLE and "\n" not in text else ""
    return ""


def _text(value: object) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""
