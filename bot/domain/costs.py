"""Money: what a request will cost, what it did cost, what is set aside. Nothing but arithmetic.

A request that starts has its cap set aside on that day; once it is over, what it really cost
counts instead. So a day never passes its budget, whatever becomes of the jobs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain import steps
from bot.domain.recipe import Recipe
from bot.domain.request import Request, Status, Step

DAY = 86_400.0


@dataclass(frozen=True)
class Estimate:
    """Expected cost in US dollars by step, the teacher's share in `teacher_usd`, and minutes.

    `ceiling_usd`: one attempt of every step, each up to its time limit.
    """

    by_step: Mapping[Step, float]
    teacher_usd: float
    minutes: float
    ceiling_usd: float

    @property
    def total_usd(self) -> float:
        return self.teacher_usd + sum(self.by_step.values())


def estimate(
    recipe: Recipe, prices: Mapping[str, float], rows: Sequence[steps.Row] = steps.TABLE
) -> Estimate:
    """Price the whole request from each step's expected minutes and its flavor's hourly price.

    Raises KeyError when the Hub offers no hardware of a flavor that the recipe asks for.
    """
    wanted = {row.step: recipe.steps[row.step] for row in rows}
    by_step = {
        step: settings.expected_minutes / 60 * prices[settings.flavor]
        for step, settings in wanted.items()
    }
    taught = sum(wanted[r.step].expected_minutes for r in rows if r.needs_teacher)
    minutes = sum(settings.expected_minutes for settings in wanted.values())
    ceiling = sum(
        settings.timeout_minutes / 60 * hourly(recipe, step, prices)
        for step, settings in wanted.items()
    )
    return Estimate(by_step, taught / 60 * recipe.teacher.usd_per_hour, minutes, ceiling)


def hourly(recipe: Recipe, step: Step, prices: Mapping[str, float]) -> float:
    """US dollars an hour while a job of this step runs, the teacher with it."""
    taught = recipe.teacher.usd_per_hour if steps.row(step).needs_teacher else 0.0
    return prices.get(recipe.steps[step].flavor, 0.0) + taught


def may_start(cost: Estimate, limit_usd: float) -> bool:
    """Whether a request of this price starts without anybody's word."""
    return cost.total_usd <= limit_usd


def cap(cost: Estimate, limit_usd: float) -> float:
    """What a request may cost at most without anybody's word."""
    return round(min(cost.ceiling_usd, limit_usd), 6)


def seconds_left(request: Request, step: Step, usd_per_hour: float, most: int) -> int:
    """How long the next job may run: its own limit, or until the request's cap is reached."""
    left = request.agreed_spec.cap_usd - request.spent_usd
    return most if usd_per_hour <= 0 else max(0, min(most, int(left / usd_per_hour * 3600)))


def teacher_cap(recipe: Recipe, request: Request, step: Step, prices: Mapping[str, float]) -> float:
    """What a job of this step may spend on the teacher, in US dollars.

    The request's cap, less what was spent, what the later steps are expected to take, and the job's
    own hardware.
    """
    order = [row.step for row in steps.rows(request.spec)]
    later = sum(
        recipe.steps[other].expected_minutes / 60 * hourly(recipe, other, prices)
        for other in order[order.index(step) + 1 :]
    )
    left = max(0.0, request.agreed_spec.cap_usd - request.spent_usd - later)
    both = hourly(recipe, step, prices)
    return left * recipe.teacher.usd_per_hour / both if both else left


def set_aside(request: Request) -> float:
    """What a request takes of the budget of the day on which it was reserved."""
    if not request.reserved_at or request.spec is None:
        return 0.0
    if request.status is Status.OPEN:
        return max(request.spec.cap_usd, request.spent_usd)
    return request.spent_usd


def same_day(one: float, other: float) -> bool:
    """Whether two moments are of the same day (UTC)."""
    return one // DAY == other // DAY
