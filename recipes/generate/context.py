"""What one run has at hand: the teacher, the language, the seed, and where rows and losses go.

Sources use it and know nothing of each other; only here are an answer's shape and its failure met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Protocol, TypeVar

from recipes.core.language import Language
from recipes.generate.gates import Gate, first_reason
from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import Draft, Message, Row
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.openai import Answer, NoAnswer
from recipes.generate.teacher.retry import shaped

T = TypeVar("T")


class Sink(Protocol):
    """Where judged rows go: a `RowStore`, or what only counts them."""

    kept: int
    dropped: int

    def add(self, row: Row, reason: str | None = None) -> None: ...


@dataclass
class GenerationContext:
    """The `language` is named as prompts call it, and `rules` is what every one that asks for text
    in it says of words. Rows go to the `spool`; `lost` counts what never became a row, by reason;
    `missing` the prompts that were hoped for and that the teacher did not write."""

    teacher: Teacher
    language: Language
    seed: int
    gates: tuple[Gate, ...]
    spool: Sink
    rules: str = ""
    lost: Counter[str] = field(default_factory=Counter)
    missing: int = 0

    @property
    def done(self) -> int:
        """Everything that has come to an end, well or not."""
        return self.spool.kept + self.spool.dropped + self.lost.total()

    def take(self, draft: Draft) -> None:
        """Judge a draft and keep or drop it."""
        self.spool.add(draft.row, first_reason(draft, self.gates))

    def random(self, path: str) -> Random:
        """Chance that depends on the seed and the place alone, never on the order of answers."""
        return Random(f"{self.seed}:{path}")

    async def ask(
        self,
        messages: Sequence[Message],
        read: Callable[[Answer], T],
        common: bool = False,
        schema: Mapping[str, Any] | None = None,
    ) -> T | None:
        """What `read` makes of the answer; None, counted as lost, when there is nothing to read."""
        if self.rules and not common:
            messages = templates.under(self.rules, messages)
        try:
            return await shaped(self.teacher, messages, self.seed, read, common, schema)
        except NoAnswer as failure:
            self.lost[str(failure)] += 1
            return None

    async def list_of(
        self, messages: Sequence[Message], at_most: int, common: bool = False
    ) -> list[str]:
        """The texts that were asked for; none when they could not be had."""
        schema = parsing.list_of(at_most)
        read = partial(_texts, at_most)
        return await self.ask(messages, read, common, schema) or []

    async def text(self, messages: Sequence[Message]) -> str | None:
        """The one text that was asked for."""
        return await self.ask(messages, _whole)


def _texts(at_most: int, answer: Answer) -> list[str]:
    return parsing.texts(answer.text, at_most)


def _whole(answer: Answer) -> str:
    if answer.finish != "stop":
        raise parsing.InvalidFormat("truncated")
    return parsing.text(answer.text)
