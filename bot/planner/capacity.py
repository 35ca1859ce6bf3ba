"""Which job may start now: budgets, concurrent jobs, one job per repo, and a fair order.

Everything is counted from the ledger, never from a listing, which may lag: the commit that reserves
money or a place is the commit that uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.domain import costs, steps
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Step

# Jobs of these steps write to a dataset that all requests share, each to its own path.
SHARED_REPO_STEPS = (Step.CHECK, Step.EVALUATE, Step.IMPROVE)


@dataclass(frozen=True)
class Capacity:
    """What is in use: jobs by flavor, repos with the id of the request that writes them, and the
    money reserved today by person."""

    policy: Policy
    jobs: Mapping[str, int] = field(default_factory=dict)
    writers: Mapping[str, str] = field(default_factory=dict)
    reserved_usd: Mapping[str, float] = field(default_factory=dict)

    def allows(self, request: Request, step: Step) -> bool:
        """Whether a job of this step may start for this request.

        A request may always use the place of its own previous attempt.
        """
        repo, _, _ = steps.output(self.policy.org, request, step)
        if request.reserved_at and self.writers.get(repo) == request.id:
            return True
        flavor = self.policy.recipe.steps[step].flavor
        return (
            self.jobs.get(flavor, 0) < self.policy.limits.jobs_per_flavor
            and (repo not in self.writers or step in SHARED_REPO_STEPS)
            and (bool(request.reserved_at) or self._is_affordable(request))
        )

    def _is_affordable(self, request: Request) -> bool:
        cap_usd, limits = request.agreed_spec.cap_usd, self.policy.limits
        return (
            sum(self.reserved_usd.values()) + cap_usd <= limits.day_usd
            and self.reserved_usd.get(request.author, 0.0) + cap_usd <= limits.person_usd
        )

    def with_job(self, request: Request, step: Step, reserves: bool) -> Capacity:
        """Return what is in use after this job started; `reserves`: the request's cap as well."""
        flavor = self.policy.recipe.steps[step].flavor
        repo, _, _ = steps.output(self.policy.org, request, step)
        reserved_usd = self.reserved_usd.get(request.author, 0.0)
        reserved_usd += request.agreed_spec.cap_usd if reserves else 0.0
        return replace(
            self,
            jobs={**self.jobs, flavor: self.jobs.get(flavor, 0) + 1},
            writers={**self.writers, repo: request.id},
            reserved_usd={**self.reserved_usd, request.author: reserved_usd},
        )


def used_capacity(
    requests: Iterable[Request], now: float, policy: Policy, unreadable: int = 0
) -> Capacity:
    """Count what the requests of the ledger use at the time `now`.

    Each of the `unreadable` records may have reserved all that needs no approval.
    """
    jobs: Counter[str] = Counter()
    writers: dict[str, str] = {}
    reserved_usd = {"": unreadable * policy.limit_usd}
    for request in requests:
        if request.reserved_at and costs.is_same_day(request.reserved_at, now):
            reserved_usd.setdefault(request.author, 0.0)
            reserved_usd[request.author] += costs.reserved_usd(request)
        for step, record in request.steps.items():
            if record.is_active and request.status is Status.OPEN:
                jobs[policy.recipe.steps[step].flavor] += 1
                writers[steps.output(policy.org, request, step)[0]] = request.id
    return Capacity(policy, jobs, writers, reserved_usd)


def fair_order(requests: Collection[Request]) -> list[Request]:
    """Sort requests: those that have started, then by how many the author has before, then by age.

    So one person with many requests never keeps the others waiting.
    """
    started: Counter[str] = Counter()
    for request in requests:
        if request.status is Status.OPEN and request.reserved_at:
            started[request.author] += 1
    waiting: Counter[str] = Counter()
    rank: dict[str, tuple[bool, int, int]] = {}
    for request in sorted(requests, key=lambda r: r.discussion):
        waits = request.status is Status.OPEN and not request.reserved_at
        before = started[request.author] + waiting[request.author] if waits else 0
        rank[request.id] = (waits, before, request.discussion)
        waiting[request.author] += waits
    return sorted(requests, key=lambda r: rank[r.id])
