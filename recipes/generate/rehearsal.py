"""A run without a teacher: what the journal answers already, so that the rest can be foretold.

It goes through the very sources of the run; what the journal does not know is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from recipes.generate import teacher
from recipes.generate.chat import Answer, NoAnswer, Request
from recipes.generate.crew import Work, drain
from recipes.generate.harvest import Harvest
from recipes.generate.journal import Journal
from recipes.generate.purse import Price, Purse
from recipes.generate.row import Row
from recipes.language import Language


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


class Nobody:
    """An endpoint that has no answer to anything."""

    base = "nobody"

    async def look(self) -> int:
        """Nothing is served."""
        return 404

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Never."""
        raise NoAnswer("not asked yet")


async def rehearse(
    settings: teacher.Settings,
    journal: Journal,
    language: Language,
    seed: int,
    rules: str,
    roots: Callable[[Harvest], Iterator[Work]],
) -> Known:
    """Go through all that grows from the roots; costs nothing but the time to read the journal."""
    patient = replace(settings, failures_in_a_row=2**31)
    asked = teacher.Teacher(Nobody(), patient, journal, Purse(Price(), None))
    rows = Count()
    await drain(roots(Harvest(asked, language, seed, (), rows, rules)), 1)
    bill = asked.account.bill(0.0, 0.0, "")
    return Known(rows.kept, bill.tokens_in, bill.tokens_out, asked.usage.failed)
