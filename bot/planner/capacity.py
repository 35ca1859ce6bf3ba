"""Which job may start now: budgets, concurrent jobs, one job per repo, and a fair order.

Whatever may still cost money counts, also of requests that were closed. Everything is counted from
the ledger, never from a listing, which may lag: the commit that reserves money or a place is the
commit that uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.domain import costs, steps
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Step

# Jobs of these steps write to a dataset that all requests share, each to its own path.
SHARED_REPO_STEPS = (Step.CHECK, Step.EVALUATE, Step.IMPROVE)


@dataclass(frozen=True)
class Capacity:
    """What is in use: jobs by flavor, repos with the id of the request that writes them, and by
    person the money of the `day` that is paid or may have to be, and starts of the teacher."""

    policy: Policy
    day: str = ""
    jobs: Mapping[str, int] = field(default_factory=dict)
    writers: Mapping[str, str] = field(default_factory=dict)
    committed_usd: Mapping[str, float] = field(default_factory=dict)
    starts: Mapping[str, int] = field(default_factory=dict)

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
            and (bool(request.reserved_at) or self.is_affordable(request))
        )

    def is_affordable(self, request: Request) -> bool:
        """Whether the budgets of the day and of the person have room for what is left of the cap.

        They count what the request has paid today already.
        """
        limits, left_usd = self.policy.limits, request.agreed_spec.cap_usd - request.spent_usd
        return (
            sum(self.committed_usd.values()) + left_usd <= limits.day_usd
            and self.committed_usd.get(request.author, 0.0) + left_usd <= limits.person_usd
        )

    def may_start_teacher(self, request: Request) -> bool:
        """Whether the teacher may be started once more today for this person."""
        return self.starts.get(request.author, 0) < self.policy.limits.person_starts

    def after(self, before: Request | None, request: Request, accrued_usd: float) -> Capacity:
        """Return what is in use after a request has changed; it owes as much for the teacher."""
        jobs, writers = Counter(self.jobs), dict(self.writers)
        known = () if before is None else before.unsettled
        for held in request.unsettled:
            if held not in known:
                jobs[self.policy.recipe.steps[held.step].flavor] += 1
                writers[steps.output(self.policy.org, request, held.step)[0]] = request.id
        usd = self.committed_usd.get(request.author, 0.0)
        usd += costs.committed_usd(request, self.day, accrued_usd)
        usd -= 0.0 if before is None else costs.committed_usd(before, self.day, accrued_usd)
        committed_usd = {**self.committed_usd, request.author: usd}
        return replace(self, jobs=jobs, writers=writers, committed_usd=committed_usd)


def used_capacity(
    requests: Iterable[Request],
    now: float,
    policy: Policy,
    unreadable: int = 0,
    accrued_usd: Mapping[str, float] = MappingProxyType({}),
) -> Capacity:
    """Count what the requests of the ledger use at the time `now`.

    Each of the `unreadable` records may have reserved all that needs no approval. `accrued_usd` is
    what requests owe for the teacher, by id.
    """
    day = costs.day_of(now)
    jobs: Counter[str] = Counter()
    writers: dict[str, str] = {}
    committed_usd = {"": unreadable * policy.limit_usd}
    starts: Counter[str] = Counter()
    for request in requests:
        usd = costs.committed_usd(request, day, accrued_usd.get(request.id, 0.0))
        committed_usd[request.author] = committed_usd.get(request.author, 0.0) + usd
        starts[request.author] += request.used_on(day).starts
        for held in request.unsettled:
            jobs[policy.recipe.steps[held.step].flavor] += 1
            writers[steps.output(policy.org, request, held.step)[0]] = request.id
    return Capacity(policy, day, jobs, writers, committed_usd, starts)


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
