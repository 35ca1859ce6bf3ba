"""The tick: observe, plan, commit, act. Level-triggered; any of it may be killed at any moment."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.controller.ledger import Ledger, LedgerSnapshot
from bot.domain import steps
from bot.domain.actions import GRACE, Action, EnsureClosed, EnsureJob, EnsureReply, Permit, Plan
from bot.domain.observation import Observation
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Step, TeacherRecord
from bot.hub.client import Connection, Refused, TryLater
from bot.hub.discussions import DiscussionReader
from bot.hub.execute import carry_out
from bot.hub.observe import members, observe, prices
from bot.hub.profiles import Communities
from bot.planner import scheduling as rooms
from bot.planner.endpoint import plan_teacher
from bot.planner.plan import admit, is_at_rest, plan

log = logging.getLogger(__name__)

FACTS_LAST = 3600.0

# A tick takes on no more than it can carry out while its permit is fresh; the next one comes at
# once.
MOST_ORDERS = 40

# Calls that are kept back for people and jobs with the same token.
RESERVE = 50


@dataclass(frozen=True)
class Decision:
    """All that one tick has decided; `more`: there was more than one tick takes on."""

    plans: tuple[Plan, ...]
    teacher: TeacherRecord
    teacher_actions: tuple[Action, ...]
    more: bool = False

    @property
    def actions(self) -> tuple[Action, ...]:
        """The teacher first: it takes longest to come up; then the jobs, then words."""
        actions = [action for p in self.plans for action in p.actions]
        return (*self.teacher_actions, *sorted(actions, key=lambda o: not isinstance(o, EnsureJob)))


@dataclass(frozen=True)
class Report:
    """What a tick did: the log line of it, whether to look again at once, how long to wait.

    `counts`: how many requests there were of each status.
    """

    summaries: tuple[str, ...] = ()
    done: int = 0
    lost_race: bool = False
    postponed: tuple[str, ...] = ()
    more: bool = False
    wait: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Facts:
    """What changes slowly enough to be read once an hour."""

    read_at: float
    prices: Mapping[str, float]
    maintainers: frozenset[str]


@dataclass
class Controller:
    """Everything a tick needs, made once; remembers nothing that the Hub does not have."""

    hub: Connection
    ledger: Ledger
    policy: Policy
    discussions: DiscussionReader = field(default_factory=DiscussionReader)
    profiles: Communities = field(default_factory=Communities)
    _facts: _Facts | None = None

    def tick(self, hints: Iterable[int] = ()) -> Report:
        """One round, looking first at the discussions of the `hints`.

        Raises TryLater when the Hub cannot be seen, Refused when it says no.
        """
        for num in hints:
            self.discussions.invalidate(num)
        snapshot, decision, seen = self.decide()
        wait = (
            self.discussions.allowance.reset_seconds
            if self.discussions.allowance.calls < RESERVE
            else 0.0
        )
        counts = Counter(request.status.value for request in snapshot.requests)
        if not decision.plans and decision.teacher == snapshot.teacher:
            return Report(more=self.discussions.behind, wait=wait, counts=counts)
        permit = self.ledger.commit(snapshot, decision.plans, decision.teacher, seen)
        if permit is None:
            return Report(lost_race=True, wait=wait, counts=counts)
        left = self._act(decision.actions, permit)
        why = tuple(plan.summary for plan in decision.plans)
        more = decision.more or self.discussions.behind
        done = len(decision.actions) - len(left)
        return Report(why, done, False, left, more, wait, counts)

    def decide(self) -> tuple[LedgerSnapshot, Decision, float]:
        """Look, and say what a tick would do, and when it was seen; nothing is changed."""
        snapshot = self.ledger.load()
        facts, now = self._slow_facts(), self.hub.clock()
        active = [request for request in snapshot.requests if not is_at_rest(request, now)]
        observation = observe(
            self.hub,
            self.discussions,
            active,
            {request.discussion for request in snapshot.requests},
            wanted(active, rooms.taken(snapshot.requests, now, self.policy)),
            self.policy.recipe.teacher.name,
            facts.prices,
            facts.maintainers,
            self.profiles,
        )
        return snapshot, decide(snapshot, observation, self.policy), observation.now

    def _slow_facts(self) -> _Facts:
        now = self.hub.clock()
        if self._facts is None or now - self._facts.read_at > FACTS_LAST:
            self._facts = _Facts(now, prices(self.hub), members(self.hub))
        return self._facts

    def _act(self, actions: tuple[Action, ...], permit: Permit) -> tuple[str, ...]:
        """Carry out what can be; returns why the rest was left to the next tick."""
        left = []
        for action in actions:
            if isinstance(action, EnsureReply | EnsureClosed):
                self.discussions.invalidate(action.discussion)
            try:
                carry_out(self.hub, action, permit, self.policy.recipe.teacher, GRACE / 2)
            except (TryLater, Refused) as error:
                log.warning("%s", error)
                left.append(str(error))
        return tuple(left)


def wanted(active: list[Request], capacity: rooms.Capacity) -> list[tuple[Request, Step]]:
    """The manifests that matter now: of steps under way or about to start, and scores to tell."""
    found: list[tuple[Request, Step]] = []
    for request in active:
        step = steps.current(request) if request.spec is not None else None
        if request.status is Status.DONE:
            found.append((request, steps.last(request.spec)))
        elif step is not None and request.step(step).is_active:
            found.append((request, step))
        elif step is not None and request.status is Status.OPEN and capacity.allows(request, step):
            mine = [row.step for row in steps.rows(request.spec)]
            found += [(request, each) for each in (mine if not request.steps else [step])]
    return found


def decide(snapshot: LedgerSnapshot, observation: Observation, policy: Policy) -> Decision:
    """Plan for every request and every new discussion; only changed ones are returned."""
    plans: list[Plan] = []
    after = {request.id: request for request in snapshot.requests}
    active = [request for request in snapshot.requests if not is_at_rest(request, observation.now)]
    capacity = rooms.taken(snapshot.requests, observation.now, policy)
    orders = 0
    for request in rooms.fair_order(active):
        if orders >= MOST_ORDERS:
            break
        planned = plan(request, after.values(), observation, policy, snapshot.teacher, capacity)
        capacity = _room_after(capacity, request, planned)
        if planned.request != request:
            plans.append(planned)
            after[request.id] = planned.request
            orders += len(planned.actions)
    known = {request.discussion for request in snapshot.requests}
    for num in sorted(set(observation.discussions) - known):
        if orders >= MOST_ORDERS:
            break
        admitted = admit(observation.discussions[num], after.values(), observation, policy)
        plans.append(admitted)
        after[admitted.request.id] = admitted.request
        orders += len(admitted.actions)
    teacher, woken = plan_teacher(snapshot.teacher, after.values(), capacity, observation, policy)
    return Decision(tuple(plans), teacher, woken, orders >= MOST_ORDERS)


def _room_after(capacity: rooms.Capacity, before: Request, planned: Plan) -> rooms.Capacity:
    for action in planned.actions:
        if isinstance(action, EnsureJob):
            capacity = capacity.with_job(planned.request, action.step, newly=not before.reserved_at)
    return capacity
