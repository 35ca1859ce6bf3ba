"""What all sources of a run share: the teacher, the language, the seed, and where rows go.

Sources know nothing of each other. The context handles answers in the wrong format and requests
without an answer for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Protocol, TypeVar

from recipes.core.language import Language
from recipes.generate.gates import Check, first_reason
from recipes.generate.gates.run_language import RunLanguage, written_text
from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import Draft, Message, Row
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.failures import NoAnswer
from recipes.generate.teacher.openai import Effort
from recipes.generate.teacher.retry import complete_parsed, list_in, text_in

T = TypeVar("T")


class RowSink(Protocol):
    """Where rows go: a `RowStore`, or a counter in a dry run."""

    kept: int
    dropped: int

    def add(self, row: Row, reason: str | None = None, label: str | None = None) -> None: ...


@dataclass
class GenerationContext:
    """What all sources of a run share.

    language: with the name that prompts call it
    run_language: judges the language of all rows together; None in a dry run
    rules: the community's rules, which go in front of every request for text in the language
    lost: answers that never became a row, by reason
    lost_examples: for each of these reasons, what the server said, or an answer's start
    missing: rows that were planned, but for which the teacher wrote no prompt
    """

    teacher: Teacher
    language: Language
    seed: int
    gates: tuple[Check, ...]
    rows: RowSink
    rules: str = ""
    run_language: RunLanguage | None = None
    lost: Counter[str] = field(default_factory=Counter)
    lost_examples: dict[str, str] = field(default_factory=dict)
    missing: int = 0

    @property
    def finished(self) -> int:
        """Rows that were kept or dropped, and answers that were lost."""
        return self.rows.kept + self.rows.dropped + self.lost.total()

    def add(self, draft: Draft) -> None:
        """Add the row of a draft, with the first reason of the gates to drop it.

        The language of what is kept counts for the verdict on the whole run.
        """
        reason, label = first_reason(draft, self.gates), None
        if reason is None and self.run_language:
            label = self.run_language.add(written_text(draft, self.language.code))
        self.rows.add(draft.row, reason, label)

    def random(self, path: str) -> Random:
        """Return a generator that depends on the seed and a path, not on the order of answers."""
        return Random(f"{self.seed}:{path}")

    async def complete(
        self,
        messages: Sequence[Message],
        parse: Callable[[Answer], T],
        common: bool = False,
        schema: Mapping[str, Any] | None = None,
        is_row: bool = True,
        effort: Effort | None = None,
    ) -> T | None:
        """Return what `parse` makes of the answer; None without a usable one.

        That counts as a lost row, unless the row goes on without this answer.
        """
        if self.rules and not common:
            messages = templates.with_rules(self.rules, messages)
        try:
            return await complete_parsed(
                self.teacher, messages, self.seed, parse, common, schema, effort
            )
        except NoAnswer as error:
            if is_row:
                self.lost[str(error)] += 1
                self.lost_examples.setdefault(str(error), error.words)
            return None

    async def complete_list(
        self, messages: Sequence[Message], at_most: int, common: bool = False
    ) -> list[str]:
        """Return up to `at_most` texts, none without a usable answer."""
        schema = parsing.list_schema(at_most)
        return await self.complete(messages, partial(list_in, at_most), common, schema) or []

    async def complete_text(self, messages: Sequence[Message], is_row: bool = True) -> str | None:
        """Return one text, None without a usable answer."""
        return await self.complete(messages, text_in, is_row=is_row)
