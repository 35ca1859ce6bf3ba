"""Which models there are to talk with, and what they can be asked.

Pure. What the Hub says is parsed here or left out; nothing here reads the Hub or loads a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from languages import Language, by_code

LONGEST_EXAMPLE = 140
MOST_EXAMPLES = 4
LONGEST_SYSTEM = 500
CODE = r"[a-z]{3}_[A-Z][a-z]{3}(?:_[a-z0-9]+)?"
_ADAPTER = re.compile(rf"[^/]+/kakugo-(?P<base>.+)-(?P<code>{CODE})")


@dataclass(frozen=True)
class Export:
    """A file that runs without this Space: GGUF, for llama.cpp and everything built on it."""

    repo: str
    path: str
    size: int = 0


@dataclass(frozen=True)
class Adapter:
    """A model that was taught a language, at a commit, with the base it belongs to; `system` is the
    system prompt that its card wants, under which it does not think aloud."""

    repo: str
    revision: str
    base: str
    language: Language
    practice: bool
    system: str = ""
    export: Export | None = None

    @property
    def code(self) -> str:
        """The language's FLORES+ code."""
        return self.language.code


def adapter(repo: str, revision: str, card: Mapping[str, Any]) -> Adapter | None:
    """Read one model of the organisation; None for one that is no adapter of ours.

    A whole model that was tuned is none: the engine holds one base, and adapters on it.
    """
    match = _ADAPTER.fullmatch(repo)
    base = card.get("base_model")
    if isinstance(base, list) and len(base) == 1:
        base = base[0]
    if card.get("base_model_relation") == "finetune":
        return None
    if not match or not isinstance(base, str) or not re.fullmatch(r"[\w.-]+/[\w.-]+", base):
        return None
    tags = card.get("tags")
    practice = "practice" in (tags if isinstance(tags, list) else ()) or "practice" in base
    return Adapter(repo, revision, base, by_code(match["code"]), practice, _system(card))


def _system(card: Mapping[str, Any]) -> str:
    wanted = card.get("system_prompt")
    return wanted if isinstance(wanted, str) and len(wanted) <= LONGEST_SYSTEM else ""


def export(repo: str, files: Mapping[str, Iterable[str]]) -> Export | None:
    """The GGUF file of an adapter: where `kakugo-recipe export` puts it, or in its own repository.

    `files` has the paths in each repository. Of several the best known middle is taken (Q4_K_M),
    else the first.
    """
    for where in (f"{repo}-merged", repo):
        found = sorted(path for path in files.get(where, ()) if path.endswith(".gguf"))
        found.sort(key=lambda path: "q4_k_m" not in path.casefold())
        if found:
            return Export(where, found[0])
    return None


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
