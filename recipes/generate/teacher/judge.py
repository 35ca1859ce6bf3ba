"""The teacher as a judge of finished rows: harm and writing.

If the recipe says so, every row is judged for harm. The writing is marked in a sample that depends
on the rows themselves, not on chance. Rows are judged after duplicates are dropped, so that nothing
is judged twice, and the answers are in the journal like all others. A row without an answer from
the judge is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import Field

from recipes.core.language import Language
from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import Message, Row
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.failures import NoAnswer
from recipes.generate.teacher.retry import complete_parsed
from recipes.generate.teacher.workers import Work, run_workers
from recipes.validation.ranges import Share

T = TypeVar("T")
GRADES = range(1, 6)
HARM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"harmful": {"type": "boolean"}},
    "required": ["harmful"],
    "additionalProperties": False,
}
GRADE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"mark": {"type": "integer", "minimum": GRADES[0], "maximum": GRADES[-1]}},
    "required": ["mark"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class JudgeSettings:
    """What the teacher judges in finished rows."""

    unsafe: bool
    """Whether every row is judged for harm."""
    share: Share
    """The share (0 to 1) of rows whose writing is graded from 1 to 5."""
    floor: Annotated[int, Field(ge=0, le=GRADES[-1])]
    """Rows with a lower grade are dropped; 0 drops none."""


@dataclass
class Judgements:
    """Reasons to drop rows by id, how often each grade was given, and rows without an answer."""

    reasons: dict[str, str] = field(default_factory=dict)
    grades: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0


async def judge_rows(
    teacher: Teacher, settings: JudgeSettings, rows: Iterable[Row], language: Language, seed: int
) -> Judgements:
    """Have the teacher judge the rows."""
    judge = _Judge(teacher, settings, language, seed, Judgements())
    await run_workers(judge.work(rows), teacher.settings.concurrency)
    return judge.judgements


def in_sample(row: Row, share: float) -> bool:
    """Whether the row is in the sample that is marked, which depends on its id alone."""
    return int(row.id[:8], 16) / 2**32 < share


@dataclass(frozen=True)
class _Judge:
    teacher: Teacher
    settings: JudgeSettings
    language: Language
    seed: int
    judgements: Judgements

    def work(self, rows: Iterable[Row]) -> Iterator[Work]:
        for row in rows:
            if self.settings.unsafe:
                yield partial(self._judge_harm, row)
            if row.teacher and in_sample(row, self.settings.share):  # only the teacher's own rows
                yield partial(self._mark_writing, row)

    async def _judge_harm(self, row: Row) -> Sequence[Work]:
        messages = templates.judge_harm(row.turns)
        is_harmful = await self._complete(
            messages, HARM_SCHEMA, lambda text: parsing.flag(text, "harmful")
        )
        if is_harmful:
            self.judgements.reasons[row.id] = "unsafe"
        return ()

    async def _mark_writing(self, row: Row) -> Sequence[Work]:
        messages = templates.judge_writing(row.turns, self.language.name)
        grade = await self._complete(
            messages, GRADE_SCHEMA, lambda text: parsing.number(text, "mark", GRADES)
        )
        if grade is not None:
            self.judgements.grades[grade] += 1
            if grade < self.settings.floor:
                self.judgements.reasons.setdefault(row.id, "not_fluent")
        return ()

    async def _complete(
        self, messages: Sequence[Message], schema: dict[str, Any], parse: Callable[[str], T]
    ) -> T | None:
        try:
            return await complete_parsed(
                self.teacher, messages, self.seed, lambda answer: parse(answer.text), schema=schema
            )
        except NoAnswer:
            self.judgements.unanswered += 1
            return None
