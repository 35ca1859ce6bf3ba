"""Parse what the Hub says about models: adapters, GGUF files, example questions.

Pure. Nothing here reads the Hub or loads a model; what cannot be parsed is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from common.languages import Language, by_code

MAX_EXAMPLE_LENGTH = 140
MAX_EXAMPLES = 4
MAX_SYSTEM_PROMPT_LENGTH = 500
CODE = r"[a-z]{3}_[A-Z][a-z]{3}(?:_[a-z0-9]+)?"
_VERSION = re.compile(r"v([1-9][0-9]{0,5})")
_ADAPTER = re.compile(rf"[^/]+/kakugo-(?P<base>.+)-(?P<code>{CODE})")


@dataclass(frozen=True)
class GgufFile:
    """A file that runs without this Space, in llama.cpp and everything built on it."""

    repo: str
    path: str
    size: int = 0  # bytes

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def size_text(self) -> str:
        """The size as people read it."""
        in_megabytes = self.size >= 1e6
        return f"{self.size / 1e6:.0f} MB" if in_megabytes else f"{self.size / 1e3:.0f} kB"


@dataclass(frozen=True)
class Adapter:
    """A model that was taught a language: the adapter at one commit and its base model.

    `system_prompt` is the one that its card asks for: it keeps the model from thinking aloud.
    """

    repo: str
    revision: str
    base: str
    language: Language
    practice: bool
    system_prompt: str = ""
    gguf: GgufFile | None = None

    @property
    def code(self) -> str:
        """The language's FLORES+ code."""
        return self.language.code


@dataclass(frozen=True)
class Version:
    """A version of an adapter: its tag, such as `v2`, and the adapter at that commit."""

    tag: str
    adapter: Adapter


def newest_versions(adapter: Adapter, tags: Mapping[str, str]) -> tuple[Version, ...]:
    """Return the two newest versions, given the commit of each tag; empty if there are fewer."""
    numbers = {int(match[1]): match[0] for tag in tags if (match := _VERSION.fullmatch(tag))}
    newest = [numbers[number] for number in sorted(numbers)[-2:]]
    versions = tuple(Version(tag, replace(adapter, revision=tags[tag])) for tag in newest)
    return versions if len(versions) == 2 else ()


def parse_adapter(repo: str, revision: str, card: Mapping[str, Any]) -> Adapter | None:
    """Read a model repository of the organization; return None if it is not one of our adapters.

    A fully fine-tuned model is not: the engine holds one base model with adapters on it.
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
    return Adapter(repo, revision, base, by_code(match["code"]), practice, _system_prompt(card))


def _system_prompt(card: Mapping[str, Any]) -> str:
    prompt = card.get("system_prompt")
    return prompt if isinstance(prompt, str) and len(prompt) <= MAX_SYSTEM_PROMPT_LENGTH else ""


def find_gguf(repo: str, paths: Mapping[str, Iterable[str]]) -> GgufFile | None:
    """Return the GGUF file of an adapter: where `kakugo-recipe export` puts it, or in its own repo.

    `paths` are the files of each repository. Of several, a Q4_K_M one is preferred: it is the usual
    compromise between size and quality.
    """
    for place in (f"{repo}-merged", repo):
        files = sorted(path for path in paths.get(place, ()) if path.endswith(".gguf"))
        files.sort(key=lambda path: "q4_k_m" not in path.casefold())
        if files:
            return GgufFile(place, files[0])
    return None


def example_questions(conversations: Iterable[object]) -> list[str]:
    """Pick a few short first questions from `messages` columns, without repeats."""
    questions: list[str] = []
    for messages in conversations:
        question = _first_question(messages)
        if question and question not in questions:
            questions.append(question)
        if len(questions) == MAX_EXAMPLES:
            break
    return questions


def _first_question(messages: object) -> str:
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            text = content.strip() if isinstance(content, str) else ""
            return text if len(text) <= MAX_EXAMPLE_LENGTH and "\n" not in text else ""
    return ""
