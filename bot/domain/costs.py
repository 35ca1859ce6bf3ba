"""Estimates, caps and reserved money, in US dollars. Pure.

A request that starts reserves its cap in the budget of that day; when it ends, its real cost counts
instead. So the requests of a day never cost more than its budget, whatever happens to the jobs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain import steps
from bot.domain.recipe import EndpointSpec, Recipe, TeacherJob, TeacherUrl
from bot.domain.request import Request, Status, Step

DAY = 86_400.0  # seconds


@dataclass(frozen=True)
class Estimate:
    """The expected cost and duration of a request.

    `by_step` is the cost of the jobs, `teacher_usd` that of the teacher's endpoint. `ceiling_usd`
    is the cost of one attempt of every step if each runs until its time limit.
    """

    by_step: Mapping[Step, float]
    teacher_usd: float
    minutes: float
    ceiling_usd: float

    @property
    def total_usd(self) -> float:
        return self.teacher_usd + sum(self.by_step.values())


def estimate(
    recipe: Recipe, prices: Mapping[str, float], infos: Sequence[steps.StepInfo] = steps.NEW_MODEL
) -> Estimate:
    """Estimate a request from the expected minutes of each step and the hourly price of its flavor.

    Raises KeyError if the Hub does not offer a flavor that the recipe asks for.
    """
    settings = {info.step: recipe.steps[info.step] for info in infos}
    return Estimate(
        by_step={
            step: each.expected_minutes / 60 * prices[each.flavor]
            for step, each in settings.items()
        },
        teacher_usd=sum(
            each.expected_minutes / 60 * teacher_usd_per_hour(recipe, step)
            for step, each in settings.items()
        ),
        minutes=sum(each.expected_minutes for each in settings.values()),
        ceiling_usd=sum(
            each.timeout_minutes / 60 * usd_per_hour(recipe, step, prices)
            for step, each in settings.items()
        ),
    )


def usd_per_hour(recipe: Recipe, step: Step, prices: Mapping[str, float]) -> float:
    """Return the hourly price of a job of this step, including the teacher if it needs one."""
    return prices.get(recipe.steps[step].flavor, 0.0) + teacher_usd_per_hour(recipe, step)


def teacher_usd_per_hour(recipe: Recipe, step: Step) -> float:
    """Return the hourly price of the teacher for a step, 0 if it needs none.

    An endpoint may have all its replicas. A teacher that is paid by the token costs what the step's
    expected tokens cost in its expected time; its job counts the real ones, and stops at the cap.
    """
    teacher, settings = recipe.teacher, recipe.steps[step]
    if not steps.info(step).needs_teacher:
        return 0.0
    match teacher:
        case EndpointSpec():
            return teacher.usd_per_hour * teacher.max_replica
        case TeacherJob():
            return teacher.usd_per_hour
        case TeacherUrl():
            return teacher.usd(settings) / (settings.expected_minutes / 60)


def is_within_limit(cost: Estimate, limit_usd: float) -> bool:
    """Whether a request with this estimate starts without an approval."""
    return cost.total_usd <= limit_usd


def cap_usd(cost: Estimate, limit_usd: float) -> float:
    """Return the most that a request may cost without an approval."""
    return round(min(cost.ceiling_usd, limit_usd), 6)


def remaining_seconds(request: Request, hourly_usd: float, timeout_seconds: int) -> int:
    """Return how long a job may run: until its time limit, or until it reaches the cap."""
    remaining_usd = request.agreed_spec.cap_usd - request.spent_usd
    if hourly_usd <= 0:
        return timeout_seconds
    return max(0, min(timeout_seconds, int(remaining_usd / hourly_usd * 3600)))


def teacher_cap_usd(
    recipe: Recipe, request: Request, step: Step, prices: Mapping[str, float]
) -> float:
    """Return what a job of this step may spend on the teacher.

    That is the request's cap less what was spent, less the expected cost of the later steps and of
    the job's own hardware.
    """
    order = [info.step for info in steps.of(request.spec)]
    later_usd = sum(
        recipe.steps[later].expected_minutes / 60 * usd_per_hour(recipe, later, prices)
        for later in order[order.index(step) + 1 :]
    )
    remaining_usd = max(0.0, request.agreed_spec.cap_usd - request.spent_usd - later_usd)
    hourly_usd = usd_per_hour(recipe, step, prices)
    teacher_usd = teacher_usd_per_hour(recipe, step)
    return remaining_usd * teacher_usd / hourly_usd if hourly_usd else remaining_usd


def reserved_usd(request: Request) -> float:
    """Return what a request takes from the budget of the day on which it was reserved."""
    if not request.reserved_at or request.spec is None:
        return 0.0
    if request.status is Status.OPEN:
        return max(request.spec.cap_usd, request.spent_usd)
    return request.spent_usd


def is_same_day(first: float, second: float) -> bool:
    """Whether two moments (epoch seconds) are on the same day in UTC."""
    return first // DAY == second // DAY
