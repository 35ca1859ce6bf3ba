"""One tick: observe, plan, commit, act. It may be killed at any moment; the next one continues."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bot.controller.decision import (
    Decision,
    active_requests,
    decide,
    needed_manifests,
    resting_requests,
    situation_of,
)
from bot.controller.ledger import Ledger, LedgerSnapshot
from bot.domain.actions import (
    GRACE_SECONDS,
    Action,
    EnsureClosed,
    EnsureReply,
    Permit,
)
from bot.domain.policy import Policy
from bot.hub.client import Connection, Refused, TryLater, WrongClock
from bot.hub.execute import execute
from bot.hub.jobs import cancel_job
from bot.hub.observe import Observer, Scope
from bot.planner.capacity import used_capacity
from bot.planner.faults import cancel_above_cap

log = logging.getLogger(__name__)

# Calls of the rate limit that are left to people and jobs with the same token.
RESERVED_CALLS = 50


@dataclass(frozen=True)
class Report:
    """What a tick did.

    `summaries` say what changed, `done` is the number of actions carried out, and `postponed` are
    the reasons why others were not. `lost_race`: another bot committed first. `more`: the next tick
    should follow at once; `wait`: the seconds until the Hub allows it. `counts` are the numbers of
    requests by status.
    """

    summaries: tuple[str, ...] = ()
    done: int = 0
    lost_race: bool = False
    postponed: tuple[str, ...] = ()
    more: bool = False
    wait: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)


class Controller:
    """Runs ticks. It keeps nothing that could not be read from the Hub again."""

    def __init__(self, hub: Connection, ledger: Ledger, policy: Policy) -> None:
        self.hub = hub
        self.ledger = ledger
        self.policy = policy
        self._observer = Observer(hub)

    def tick(self, hints: Collection[int] = ()) -> Report:
        """Run one tick; `hints` are discussions in which something may have happened.

        Raises TryLater if the Hub cannot be observed, Refused if it refuses, and UnreadableRecord.
        """
        for num in hints:
            self._observer.invalidate(num)
        snapshot = self.ledger.load()
        try:
            return self._tick(snapshot, hints)
        except WrongClock:
            raise
        except (TryLater, Refused):
            self._cancel_above_cap(snapshot)
            raise

    def _tick(self, snapshot: LedgerSnapshot, hints: Collection[int]) -> Report:
        decision, observed_at = self._decide(snapshot, hints)
        allowance, more = self._observer.allowance, self._observer.has_more_due
        wait = allowance.reset_seconds if allowance.calls < RESERVED_CALLS else 0.0
        counts = Counter(request.status.value for request in snapshot.requests)
        records = (decision.teacher, decision.faults)
        if not decision.plans and records == (snapshot.teacher, snapshot.faults):
            return Report(more=more, wait=wait, counts=counts)
        permit = self.ledger.commit(
            snapshot, decision.plans, decision.teacher, observed_at, decision.faults
        )
        if permit is None:
            return Report(lost_race=True, wait=wait, counts=counts)
        postponed = self._act(decision.actions, permit)
        return Report(
            summaries=tuple(plan.summary for plan in decision.plans),
            done=len(decision.actions) - len(postponed),
            postponed=postponed,
            more=decision.more or more,
            wait=wait,
            counts=counts,
        )

    def decide(self) -> tuple[LedgerSnapshot, Decision]:
        """Return the ledger and what a tick would do; change nothing."""
        snapshot = self.ledger.load()
        return snapshot, self._decide(snapshot)[0]

    def _decide(
        self, snapshot: LedgerSnapshot, hints: Collection[int] = ()
    ) -> tuple[Decision, float]:
        """Return what to do, and the time of the observation on which that is based."""
        now = self.hub.clock()
        left_alone = snapshot.faults.left_alone(now, hints)
        active, waiting = active_requests(snapshot, now, left_alone)
        capacity = used_capacity(
            snapshot.requests, now, self.policy, unreadable=len(snapshot.unreadable)
        )
        scope = Scope(
            active=active,
            resting=resting_requests(snapshot, now, left_alone),
            left_alone=[request for request in waiting if request.unsettled],
            known=snapshot.discussions | left_alone,
            manifests=needed_manifests(active, capacity),
            teacher=self.policy.recipe.teacher,
        )
        observation = self._observer.observe(scope)
        return decide(snapshot, observation, self.policy, left_alone), observation.now

    def _cancel_above_cap(self, snapshot: LedgerSnapshot) -> None:
        """Cancel jobs at their cap although there is no tick; this needs no ledger and no permit.

        A job can be cancelled twice, and no later observation could make up for what it has spent.
        """
        spending = [request for request in snapshot.requests if request.unsettled]
        if not spending:
            return
        try:
            observation = self._observer.observe_spending(spending)
            situation = situation_of(snapshot, observation, self.policy)
            for request in spending:
                for action in cancel_above_cap(request, situation):
                    cancel_job(self.hub, action.job_id)
                    log.warning("%s: cancelled job %s at its cap", request.id, action.job_id)
        except (TryLater, Refused) as error:
            log.warning("jobs at their cap end at their own time limit: %s", error)

    def _act(self, actions: tuple[Action, ...], permit: Permit) -> tuple[str, ...]:
        """Carry out the actions; return why some of them were left to the next tick."""
        postponed = []
        for action in actions:
            if isinstance(action, EnsureReply | EnsureClosed):
                self._observer.invalidate(action.discussion)
            try:
                execute(
                    self.hub, action, permit, self.policy.recipe.teacher, max_age=GRACE_SECONDS / 2
                )
            except (TryLater, Refused) as error:
                log.warning("%s", error)
                postponed.append(str(error))
            except Exception:  # a mistake in one action: the others are carried out
                log.exception("%s failed", type(action).__name__)
                postponed.append(f"{type(action).__name__} failed: internal error, see the log")
        return tuple(postponed)
