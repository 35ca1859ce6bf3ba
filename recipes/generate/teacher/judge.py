"""The teacher as a judge of finished rows: is it harmful, and is it well written?

Harm is asked of every row when the recipe wants it; writing of a sample that the rows themselves
decide, never chance. Rows come here after duplicates are gone, so that nothing is judged twice, and
the answers stand in the journal like all others. A row that the judge does not answer for is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from recipes.core.language import Language
from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import Message, Row
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.openai import NoAnswer
from recipes.generate.teacher.retry import shaped
from recipes.generate.teacher.workers import Work, run_workers

T = TypeVar("T")
MARKS = range(1, 6)
HARM: dict[str, Any] = {
    "type": "object",
    "properties": {"harmful": {"type": "boolean"}},
    "required": ["harmful"],
    "additionalProperties": False,
}
MARK: dict[str, Any] = {
    "type": "object",
    "properties": {"mark": {"type": "integer", "minimum": MARKS[0], "maximum": MARKS[-1]}},
    "required": ["mark"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class JudgeSettings:
    """`unsafe`: whether every row is judged for harm; `share` of rows that are marked for their
    writing, from 1 to 5; rows under the mark `floor` are dropped, 0 drops none."""

    unsafe: bool
    share: float
    floor: int


@dataclass
class Verdicts:
    """Reasons to drop rows, by their id; how often each mark was given; rows without an answer."""

    drop: dict[str, str] = field(default_factory=dict)
    marks: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0


async def review(
    teacher: Teacher, settings: JudgeSettings, rows: Iterable[Row], language: Language, seed: int
) -> Verdicts:
    """Have the teacher judge the rows."""
    verdicts = Verdicts()
    bench = _Bench(teacher, settings, language, seed, verdicts)
    await run_workers(bench.work(rows), teacher.settings.concurrency)
    return verdicts


def in_sample(row: Row, share: float) -> bool:
    """Whether the row is among those that are marked: decided by its id alone."""
    return int(row.id[:8], 16) / 2**32 < share


@dataclass(frozen=True)
class _Bench:
    teacher: Teacher
    settings: JudgeSettings
    language: Language
    seed: int
    verdicts: Verdicts

    def work(self, rows: Iterable[Row]) -> Iterator[Work]:
        for row in rows:
            if self.settings.unsafe:
                yield partial(self._harm, row)
            if row.teacher and in_sample(row, self.settings.share):  # it wrote the row
                yield partial(self._mark, row)

    async def _harm(self, row: Row) -> Sequence[Work]:
        asked = templates.judge_harm(row.turns)
        harmful = await self._ask(asked, HARM, lambda text: parsing.flag(text, "harmful"))
        if harmful:
            self.verdicts.drop[row.id] = "unsafe"
        return ()

    async def _mark(self, row: Row) -> Sequence[Work]:
        asked = templates.judge_writing(row.turns, self.language.name)
        mark = await self._ask(asked, MARK, lambda text: parsing.number(text, "mark", MARKS))
        if mark is not None:
            self.verdicts.marks[mark] += 1
            if mark < self.settings.floor:
                self.verdicts.drop.setdefault(row.id, "not_fluent")
        return ()

    async def _ask(
        self, messages: Sequence[Message], schema: dict[str, Any], read: Callable[[str], T]
    ) -> T | None:
        try:
            return await shaped(
                self.teacher, messages, self.seed, lambda said: read(said.text), schema=schema
            )
        except NoAnswer:
            self.verdicts.unanswered += 1
            return None
