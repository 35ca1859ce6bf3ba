"""The words of the generate recipe: a prompt, a row, and a draft that the gates will judge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, TypedDict

ENGLISH = "eng_Latn"
PLACEHOLDER = "{text}"


class Message(TypedDict):
    """One turn, as TRL and every chat template want it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Prompt:
    """What a speaker may ask: `{text}` in `wording` is where `context` goes.

    `path` says where it grew and `about` on what (a topic, a scenario, a task); `answer_in` is the
    code of the language of a right answer; `revised`: whether it was made longer and harder.
    """

    source: str
    path: str
    wording: str
    answer_in: str
    about: str
    context: str = ""
    revised: bool = False

    @property
    def text(self) -> str:
        """The prompt as the assistant gets it."""
        if not self.context:
            return self.wording
        if PLACEHOLDER in self.wording:
            return self.wording.replace(PLACEHOLDER, self.context)
        return f"{self.context}\n\n{self.wording}"


@dataclass(frozen=True)
class Row:
    """One row of the dataset; `about` and `revised` are its prompt's."""

    source: str
    prompt_id: str
    teacher: str
    messages: tuple[Message, ...]
    about: str = ""
    revised: bool = False

    @cached_property
    def id(self) -> str:
        """A name that depends on the content alone."""
        text = "\x1f".join(f"{turn['role']}\x1e{turn['content']}" for turn in self.messages)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def turns(self) -> tuple[Message, ...]:
        """The messages without the system's."""
        return tuple(turn for turn in self.messages if turn["role"] != "system")


class Rows(Protocol):
    """Rows to be gone through as often as one likes, wherever they lie."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Row]: ...


@dataclass(frozen=True)
class Draft:
    """A row with what the gates have to know.

    `languages` holds the code of each turn, None where any will do; `pairs` an English text and its
    translation, for each translated part, `from_corpus` when no model wrote the English; `finish`
    is the teacher's finish_reason.
    """

    row: Row
    languages: tuple[str | None, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    finish: str = "stop"
    from_corpus: bool = False
