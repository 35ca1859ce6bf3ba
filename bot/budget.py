"""What a request will cost, and whether it may start. Pure arithmetic on terms and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.programme import Programme
from bot.request import Step
from bot.steps import TABLE


@dataclass(frozen=True)
class Estimate:
    """Expected cost in US dollars by step, the teacher's share in `teacher_usd`, and minutes."""

    by_step: Mapping[Step, float]
    teacher_usd: float
    minutes: float

    @property
    def total_usd(self) -> float:
        return self.teacher_usd + sum(self.by_step.values())


def estimate(programme: Programme, prices: Mapping[str, float]) -> Estimate:
    """Price the whole request from each step's expected minutes and its flavor's hourly price.

    Raises KeyError when the Hub offers no hardware of a flavor that the recipe asks for.
    """
    by_step = {
        step: terms.expected_minutes / 60 * prices[terms.flavor]
        for step, terms in programme.steps.items()
    }
    taught = sum(programme.steps[r.step].expected_minutes for r in TABLE if r.needs_teacher)
    minutes = sum(terms.expected_minutes for terms in programme.steps.values())
    return Estimate(by_step, taught / 60 * programme.teacher.usd_per_hour, minutes)


def may_start(cost: Estimate, limit_usd: float) -> bool:
    """Whether a request of this price starts without anybody's word."""
    return cost.total_usd <= limit_usd
