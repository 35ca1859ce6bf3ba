"""One tick: observe, plan, commit, act. It may be killed at any moment; the next one continues."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.controller.ledger import Ledger, LedgerSnapshot
from bot.domain import steps
from bot.domain.actions import (
    GRACE_SECONDS,
    Action,
    EnsureClosed,
    EnsureJob,
    EnsureReply,
    Permit,
    Plan,
)
from bot.domain.observation import Discussion, Observation
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Step, TeacherRecord
from bot.hub.client import Connection, Refused, TryLater
from bot.hub.execute import execute
from bot.hub.observe import Observer, Scope
from bot.planner.capacity import Capacity, fair_order, used_capacity
from bot.planner.endpoint import plan_teacher
from bot.planner.plan import admit, is_at_rest, plan
from bot.planner.situation import Situation

log = logging.getLogger(__name__)

# A tick plans no more actions than it can carry out while its permit is valid; the rest is left to
# the next tick, which follows at once.
MAX_ACTIONS = 40

# Calls of the rate limit that are left to people and jobs with the same token.
RESERVED_CALLS = 50


@dataclass(frozen=True)
class Decision:
    """What one tick has decided; `more`: more is due than one tick may do."""

    plans: tuple[Plan, ...]
    teacher: TeacherRecord
    teacher_actions: tuple[Action, ...]
    more: bool = False

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions: first the teacher, which takes long to start, then jobs, then replies."""
        actions = [action for plan in self.plans for action in plan.actions]
        jobs_first = sorted(actions, key=lambda action: not isinstance(action, EnsureJob))
        return (*self.teacher_actions, *jobs_first)


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

    def tick(self, hints: Iterable[int] = ()) -> Report:
        """Run one tick; `hints` are discussions in which something may have happened.

        Raises TryLater if the Hub cannot be observed, Refused if it refuses, and UnreadableRecord.
        """
        for num in hints:
            self._observer.invalidate(num)
        snapshot, decision, observed_at = self.decide()
        allowance, more = self._observer.allowance, self._observer.has_more_due
        wait = allowance.reset_seconds if allowance.calls < RESERVED_CALLS else 0.0
        counts = Counter(request.status.value for request in snapshot.requests)
        if not decision.plans and decision.teacher == snapshot.teacher:
            return Report(more=more, wait=wait, counts=counts)
        permit = self.ledger.commit(snapshot, decision.plans, decision.teacher, observed_at)
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

    def decide(self) -> tuple[LedgerSnapshot, Decision, float]:
        """Return the ledger, what a tick would do, and when that was observed; change nothing."""
        snapshot, now = self.ledger.load(), self.hub.clock()
        active = [request for request in snapshot.requests if not is_at_rest(request, now)]
        capacity = used_capacity(snapshot.requests, now, self.policy)
        scope = Scope(
            active=active,
            known={request.discussion for request in snapshot.requests},
            manifests=needed_manifests(active, capacity),
            endpoint=self.policy.recipe.teacher.name,
        )
        observation = self._observer.observe(scope)
        return snapshot, decide(snapshot, observation, self.policy), observation.now

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
        return tuple(postponed)


def needed_manifests(active: Iterable[Request], capacity: Capacity) -> list[tuple[Request, Step]]:
    """Return the steps that run or may start now, and the last steps of requests to report.

    A request that has not started looks for the results of all its steps, which may exist already.
    """
    needed: list[tuple[Request, Step]] = []
    for request in active:
        if request.status is Status.DONE:
            needed.append((request, steps.last(request.spec)))
        step = steps.current(request) if request.spec is not None else None
        if step is None or request.status is Status.DONE:
            continue
        if request.step(step).is_active:
            needed.append((request, step))
        elif request.status is Status.OPEN and capacity.allows(request, step):
            infos = steps.of(request.spec)
            needed += [
                (request, info.step) for info in infos if not request.steps or info.step is step
            ]
    return needed


def decide(snapshot: LedgerSnapshot, observation: Observation, policy: Policy) -> Decision:
    """Plan for every request, every new discussion and the teacher; return the changes."""
    situation = Situation.of(observation, policy, snapshot.requests, snapshot.teacher)
    known = {request.discussion for request in snapshot.requests}
    active = [request for request in snapshot.requests if not is_at_rest(request, observation.now)]
    discussions = observation.discussions
    new = [discussions[num] for num in sorted(discussions.keys() - known)]
    subjects: list[Request | Discussion] = [*fair_order(active), *new]
    plans: list[Plan] = []
    action_count = 0
    for subject in subjects:
        if action_count >= MAX_ACTIONS:
            break
        if isinstance(subject, Request):
            next_plan = plan(subject, situation)
        else:
            next_plan = admit(subject, situation)
        if next_plan.request != subject:
            plans.append(next_plan)
            situation = situation.after(next_plan)
            action_count += len(next_plan.actions)
    teacher, teacher_actions = plan_teacher(situation)
    return Decision(tuple(plans), teacher, teacher_actions, action_count >= MAX_ACTIONS)
