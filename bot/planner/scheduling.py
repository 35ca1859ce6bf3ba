"""Who may start what, now: budgets, concurrent jobs, and one job at a time for one repo.

Counted from the ledger alone, never from a listing that may be late: the swap that reserves is the
swap that spends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from bot.domain import costs, steps
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Step

# These write into a dataset that all requests share, each to a place of its own.
SHARED = (Step.CHECK, Step.EVALUATE, Step.IMPROVE)


@dataclass(frozen=True)
class Capacity:
    """What is taken: jobs by flavor, repos by the request that writes them, today's dollars by
    person."""

    policy: Policy
    now: float
    jobs: Mapping[str, int] = field(default_factory=dict)
    writers: Mapping[str, str] = field(default_factory=dict)
    reserved_usd: Mapping[str, float] = field(default_factory=dict)

    def allows(self, request: Request, step: Step) -> bool:
        """Whether a job of this step may be started for this request.

        The place of its own attempt before, which is seen to be over only now, is its own.
        """
        repo, _, _ = steps.output(self.policy.org, request, step)
        if request.reserved_at and self.writers.get(repo) == request.id:
            return True
        flavor = self.policy.recipe.steps[step].flavor
        return (
            self.jobs.get(flavor, 0) < self.policy.limits.jobs_per_flavor
            and (repo not in self.writers or step in SHARED)
            and (bool(request.reserved_at) or self._affords(request))
        )

    def _affords(self, request: Request) -> bool:
        cap, limits = request.agreed_spec.cap_usd, self.policy.limits
        return (
            sum(self.reserved_usd.values()) + cap <= limits.day_usd
            and self.reserved_usd.get(request.author, 0.0) + cap <= limits.person_usd
        )

    def with_job(self, request: Request, step: Step, newly: bool) -> Capacity:
        """The room that is left when this job starts; `newly`: the request's money with it."""
        flavor = self.policy.recipe.steps[step].flavor
        repo, _, _ = steps.output(self.policy.org, request, step)
        spent = self.reserved_usd.get(request.author, 0.0) + (
            request.agreed_spec.cap_usd if newly else 0.0
        )
        return Capacity(
            self.policy,
            self.now,
            {**self.jobs, flavor: self.jobs.get(flavor, 0) + 1},
            {**self.writers, repo: request.id},
            {**self.reserved_usd, request.author: spent},
        )


def taken(requests: Iterable[Request], now: float, policy: Policy) -> Capacity:
    """The room as the ledger leaves it."""
    jobs: Counter[str] = Counter()
    written: dict[str, str] = {}
    spent: Counter[str] = Counter()
    for request in requests:
        if request.reserved_at and costs.same_day(request.reserved_at, now):
            spent[request.author] += costs.set_aside(request)  # type: ignore[assignment]
        for step, record in request.steps.items():
            if record.is_active and request.status is Status.OPEN:
                jobs[policy.recipe.steps[step].flavor] += 1
                written[steps.output(policy.org, request, step)[0]] = request.id
    return Capacity(policy, now, jobs, written, spent)


def fair_order(requests: Collection[Request]) -> list[Request]:
    """Who is asked first: the work that is begun, then whoever has least at work, then the oldest.

    So one person with many requests never keeps the others waiting.
    """
    at_work: Counter[str] = Counter()
    for request in requests:
        if request.status is Status.OPEN and request.reserved_at:
            at_work[request.author] += 1
    ahead: Counter[str] = Counter()
    rank: dict[str, tuple[bool, int, int]] = {}
    for request in sorted(requests, key=lambda r: r.discussion):
        waits = request.status is Status.OPEN and not request.reserved_at
        before = at_work[request.author] + ahead[request.author] if waits else 0
        rank[request.id] = (waits, before, request.discussion)
        ahead[request.author] += waits
    return sorted(requests, key=lambda r: rank[r.id])
