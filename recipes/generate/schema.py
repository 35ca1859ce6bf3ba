"""The data of the generate recipe: a prompt, a row, and a draft for the gates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypedDict

ENGLISH = "eng_Latn"
PLACEHOLDER = "{text}"


class Message(TypedDict):
    """One turn, in the format of TRL and of chat templates."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Prompt:
    """A prompt that a speaker might write.

    source, path: where it comes from
    wording: the prompt; `{text}` in it stands for `context`
    answer_language: the code of the language of a right answer
    about: its topic, scenario or task
    revised: whether it was made longer and harder
    """

    source: str
    path: str
    wording: str
    answer_language: str
    about: str
    context: str = ""
    revised: bool = False

    @property
    def text(self) -> str:
        """The prompt with its context."""
        if not self.context:
            return self.wording
        if PLACEHOLDER in self.wording:
            return self.wording.replace(PLACEHOLDER, self.context)
        return f"{self.context}\n\n{self.wording}"


@dataclass(frozen=True)
class Row:
    """One row of the dataset; `about` and `revised` are those of its prompt."""

    source: str
    prompt_id: str
    teacher: str
    messages: tuple[Message, ...]
    about: str = ""
    revised: bool = False

    @cached_property
    def id(self) -> str:
        """16 hex digits that depend on the messages alone."""
        text = "\x1f".join(f"{turn['role']}\x1e{turn['content']}" for turn in self.messages)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def turns(self) -> tuple[Message, ...]:
        """The messages without the system prompt."""
        return tuple(turn for turn in self.messages if turn["role"] != "system")


@dataclass(frozen=True)
class Draft:
    """A row with what the gates need to know.

    languages: the code of each turn's language, None where any will do
    pairs: each translated part as original and translation; the original is English
    finish: the teacher's finish_reason
    from_corpus: whether the English is from a corpus, not by the teacher
    """

    row: Row
    languages: tuple[str | None, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    finish: str = "stop"
    from_corpus: bool = False
