"""A run without a teacher: what the journal answers already, so that the rest can be foretold.

It goes through the very sources of the run; what the journal does not know is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from recipes.core.language import Language
from recipes.generate.context import GenerationContext
from recipes.generate.journal.local import Journal
from recipes.generate.schema import Row
from recipes.generate.teacher import client
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.openai import Answer, NoAnswer, Request
from recipes.generate.teacher.workers import Work, run_workers


@dataclass(frozen=True)
class Known:
    """Rows that need no call, the tokens that they once cost, and how many calls are in the way
    of others."""

    rows: int
    tokens_in: int
    tokens_out: int
    missing: int


@dataclass
class Count:
    """Takes rows and keeps their number."""

    kept: int = 0
    dropped: int = 0

    def add(self, row: Row, reason: str | None = None) -> None:
        """One more."""
        self.kept += 1


class OfflineEndpoint:
    """An endpoint that has no answer to anything."""

    base = "nobody"

    async def look(self) -> int:
        """Nothing is served."""
        return 404

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Never."""
        raise NoAnswer("not asked yet")


async def rehearse(
    settings: client.TeacherSettings,
    journal: Journal,
    language: Language,
    seed: int,
    rules: str,
    roots: Callable[[GenerationContext], Iterator[Work]],
) -> Known:
    """Go through all that grows from the roots; costs nothing but the time to read the journal."""
    patient = replace(settings, failures_in_a_row=2**31)
    asked = client.Teacher(OfflineEndpoint(), patient, journal, Budget(Price(), None))
    rows = Count()
    await run_workers(roots(GenerationContext(asked, language, seed, (), rows, rules)), 1)
    bill = asked.account.bill(0.0, 0.0, "")
    return Known(rows.kept, bill.tokens_in, bill.tokens_out, asked.usage.failed)
