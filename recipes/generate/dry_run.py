"""Count the rows that need no call, because the journal has their answers.

A dry run goes through the sources of the real one, with an endpoint that has no answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from recipes.core.language import Language
from recipes.generate.context import GenerationContext
from recipes.generate.journal.local import Journal
from recipes.generate.schema import Row
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.client import Teacher, TeacherSettings
from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.failures import NoAnswer
from recipes.generate.teacher.openai import Request
from recipes.generate.teacher.workers import Work, run_workers


@dataclass(frozen=True)
class DryRun:
    """Rows that need no call, the tokens that they cost, and requests without an answer yet."""

    rows: int
    tokens_in: int
    tokens_out: int
    unanswered: int


@dataclass
class RowCounter:
    """Counts rows and drops none."""

    kept: int = 0
    dropped: int = 0

    def add(self, row: Row, reason: str | None = None, label: str | None = None) -> None:
        """Count a row."""
        self.kept += 1


class OfflineEndpoint:
    """An endpoint that has no answers."""

    base = "offline"

    async def models(self) -> tuple[str, ...]:
        """Return no names."""
        return ()

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Raise NoAnswer."""
        raise NoAnswer("offline")


async def dry_run(
    settings: TeacherSettings,
    journal: Journal,
    language: Language,
    seed: int,
    rules: str,
    roots: Callable[[GenerationContext], Iterator[Work]],
) -> DryRun:
    """Do all work that the roots lead to with the journal alone."""
    patient = replace(settings, failures_in_a_row=2**31)
    teacher = Teacher(OfflineEndpoint(), patient, journal, Budget(Price(), None))
    rows = RowCounter()
    await run_workers(roots(GenerationContext(teacher, language, seed, (), rows, rules)), 1)
    usage = teacher.usage.report(0.0, 0.0, "")
    return DryRun(rows.kept, usage.tokens_in, usage.tokens_out, teacher.stats.failed)
