"""Estimates, caps and reserved money, in US dollars. Pure.

A request reserves its cap before the teacher or a job starts for it. The budget of a day must have
room for what was paid on that day, for all reservations, and for every job that may still run. So
the requests of a day never cost more than its budget, whatever happens to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.domain import steps
from bot.domain.recipe import EndpointSpec, Recipe, TeacherJob, TeacherSpec, TeacherUrl
from bot.domain.request import DayUse, Request, Spec, Status, Step


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
    recipe: Recipe,
    prices: Mapping[str, float],
    infos: Sequence[steps.StepInfo] = steps.NEW_MODEL,
    fertility: float = 0.0,
) -> Estimate:
    """Estimate a request from the expected minutes of each step and the hourly price of its flavor.

    `fertility` is what a check of the language has measured, 0.0 if there was none.

    Raises KeyError if the Hub does not offer a flavor that the recipe asks for.
    """
    settings = {info.step: recipe.steps[info.step].with_fertility(fertility) for info in infos}
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
    """Return the hourly price of a job of this step, including the teacher if it needs one.

    Raises KeyError if the Hub names no price.
    """
    return prices[recipe.steps[step].flavor] + teacher_usd_per_hour(recipe, step)


def has_prices(recipe: Recipe, spec: Spec, prices: Mapping[str, float]) -> bool:
    """Whether the Hub names the price of every step; without it, nothing may start."""
    return all(recipe.steps[info.step].flavor in prices for info in steps.of(spec))


def teacher_usd_per_hour(recipe: Recipe, step: Step) -> float:
    """Return the hourly price of the teacher for a step, 0 if it needs none.

    A teacher that is paid by the token costs what the step's expected tokens cost in its expected
    time; its job counts the real ones, and stops at the cap.
    """
    teacher, settings = recipe.teacher, recipe.steps[step]
    if not steps.info(step).needs_teacher:
        return 0.0
    if isinstance(teacher, TeacherUrl):
        return teacher.usd(settings) / (settings.expected_minutes / 60)
    return awake_usd_per_hour(teacher)


def awake_usd_per_hour(teacher: TeacherSpec) -> float:
    """Return what the teacher costs in an hour in which it runs, used or not.

    An endpoint may have all its replicas. A teacher at a URL costs only what is asked.
    """
    match teacher:
        case EndpointSpec():
            return teacher.usd_per_hour * teacher.max_replica
        case TeacherJob():
            return teacher.usd_per_hour
        case TeacherUrl():
            return 0.0


def is_within_limit(cost: Estimate, limit_usd: float) -> bool:
    """Whether a request with this estimate starts without an approval."""
    return cost.total_usd <= limit_usd


def cap_usd(cost: Estimate, *limits_usd: float) -> float:
    """Return the most that a request may cost: what it can cost, within all of these limits."""
    return round(min(cost.ceiling_usd, *limits_usd), 6)


def affordable_seconds(remaining_usd: float, hourly_usd: float, timeout_seconds: int) -> int:
    """Return how long a job may run: until its time limit, or until the money is spent."""
    if hourly_usd <= 0:
        return timeout_seconds
    return max(0, min(timeout_seconds, int(remaining_usd / hourly_usd * 3600)))


def teacher_cap_usd(
    recipe: Recipe,
    request: Request,
    step: Step,
    prices: Mapping[str, float],
    remaining_usd: float,
) -> float:
    """Return what a job of this step may spend on the teacher.

    That is what remains of the request's cap, less the expected cost of the later steps and of the
    job's own hardware.
    """
    order = [info.step for info in steps.of(request.spec)]
    later_usd = sum(
        recipe.steps[later].expected_minutes / 60 * usd_per_hour(recipe, later, prices)
        for later in order[order.index(step) + 1 :]
    )
    teacher_usd = max(0.0, remaining_usd - later_usd)
    hourly_usd = usd_per_hour(recipe, step, prices)
    share = teacher_usd_per_hour(recipe, step) / hourly_usd if hourly_usd else 1.0
    return teacher_usd * share


def day_of(moment: float) -> str:
    """Return the day (UTC) of a moment in epoch seconds, like 2026-01-31."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def charge(request: Request, step: Step, usd: float, now: float) -> Request:
    """Return the request after it has paid this for a step."""
    record, day = request.step(step), day_of(now)
    use = request.used_on(day)
    paid = request.with_step(step, replace(record, cost_usd=record.cost_usd + usd))
    return replace(paid, days={**request.days, day: replace(use, usd=use.usd + usd)})


def count_start(request: Request, now: float) -> Request:
    """Return the request after the teacher was started for it."""
    day = day_of(now)
    use = request.used_on(day)
    return replace(request, days={**request.days, day: DayUse(use.usd, use.starts + 1)})


def committed_usd(request: Request, day: str, accrued_usd: float = 0.0) -> float:
    """Return what a request takes from the budget of a day, whatever its status.

    That is what it has paid on that day and what it may still have to pay: all that remains of a
    reservation, or at least its running jobs and its `accrued_usd` for the teacher.
    """
    running_usd = request.held_usd + accrued_usd
    if request.status is Status.OPEN and request.reserved_at:
        running_usd = max(running_usd, request.agreed_spec.cap_usd - request.spent_usd)
    return request.used_on(day).usd + running_usd
