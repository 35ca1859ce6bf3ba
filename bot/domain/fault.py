"""Faults: what keeps the bot from handling one discussion, and when it tries again.

A fault concerns one discussion only: the others go on. Pure; times are in epoch seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.actions import GRACE_SECONDS

FIRST_DELAY_SECONDS = 30.0
MAX_DELAY_SECONDS = 86_400.0
# Before this many faults in a row, after eight minutes, nobody is told: most end by themselves.
REPORTED_COUNT = 5


class FaultKind(StrEnum):
    """What failed: its record, reading it from the Hub, deciding, a job, or a reply."""

    RECORD = "record"
    READ = "read"
    PLAN = "plan"
    JOB = "job"
    REPLY = "reply"


@dataclass(frozen=True)
class Fault:
    """The `count`-th fault in a row of a discussion, at the time `at`."""

    kind: FaultKind
    count: int
    at: float

    @property
    def delay(self) -> float:
        """Seconds until the next try: doubled each time, up to a day."""
        return min(FIRST_DELAY_SECONDS * 2.0 ** (min(self.count, 20) - 1), MAX_DELAY_SECONDS)

    @property
    def is_reported(self) -> bool:
        """Whether the discussion is told."""
        return self.count >= REPORTED_COUNT

    def is_left_alone(self, now: float) -> bool:
        """Whether the discussion is not tried again yet."""
        return now < self.at + self.delay

    def is_over(self, now: float) -> bool:
        """Whether the next try must have succeeded, as no fault followed."""
        return now > self.at + 2 * self.delay + 4 * GRACE_SECONDS


@dataclass(frozen=True)
class Faults:
    """The faults of the ledger, by the discussion's number in decimal digits."""

    faults: Mapping[str, Fault] = field(default_factory=dict)

    def of(self, discussion: int) -> Fault | None:
        return self.faults.get(str(discussion))

    def left_alone(self, now: float, hints: Collection[int] = ()) -> frozenset[int]:
        """Return the discussions that are not tried again yet.

        Those in `hints`, where something may have happened, are tried at once.
        """
        waiting = {int(num) for num, fault in self.faults.items() if fault.is_left_alone(now)}
        return frozenset(waiting.difference(hints))

    def with_one_more(self, discussion: int, kind: FaultKind, now: float) -> Faults:
        """Return the faults with one more of this discussion."""
        previous = self.of(discussion)
        is_repeated = previous and previous.kind is kind and not previous.is_over(now)
        count = previous.count + 1 if previous and is_repeated else 1
        return Faults({**self.faults, str(discussion): Fault(kind, count, now)})

    def without_healed(self, planned: Collection[int], now: float) -> Faults:
        """Return the faults without those that this plan for their discussions ends.

        Whether an order has an effect shows only later.
        """
        return Faults(
            {
                num: fault
                for num, fault in self.faults.items()
                if int(num) not in planned
                or (fault.kind in (FaultKind.JOB, FaultKind.REPLY) and not fault.is_over(now))
            }
        )
