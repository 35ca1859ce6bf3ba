"""The tick: observe, plan, commit, act. Level-triggered; any of it may be killed at any moment."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.controller.ledger import Ledger, Page
from bot.domain import steps
from bot.domain.actions import GRACE, EnsureClosed, EnsureJob, EnsureReply, Order, Permit, Plan
from bot.domain.observation import World
from bot.domain.policy import Terms
from bot.domain.request import Request, Status, Step, TeacherRecord
from bot.hub.client import Connection, Refused, TryLater
from bot.hub.discussions import Talk
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
    teacher_orders: tuple[Order, ...]
    more: bool = False

    @property
    def orders(self) -> tuple[Order, ...]:
        """The teacher first: it takes longest to come up; then the jobs, then words."""
        orders = [order for p in self.plans for order in p.orders]
        return (*self.teacher_orders, *sorted(orders, key=lambda o: not isinstance(o, EnsureJob)))


@dataclass(frozen=True)
class Report:
    """What a tick did: the log line of it, whether to look again at once, how long to wait.

    `counts`: how many requests there were of each status.
    """

    why: tuple[str, ...] = ()
    done: int = 0
    lost_race: bool = False
    left: tuple[str, ...] = ()
    more: bool = False
    wait: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Facts:
    """What changes slowly enough to be read once an hour."""

    read: float
    prices: Mapping[str, float]
    maintainers: frozenset[str]


@dataclass
class Controller:
    """Everything a tick needs, made once; remembers nothing that the Hub does not have."""

    hub: Connection
    ledger: Ledger
    terms: Terms
    talk: Talk = field(default_factory=Talk)
    communities: Communities = field(default_factory=Communities)
    _facts: _Facts | None = None

    def tick(self, hints: Iterable[int] = ()) -> Report:
        """One round, looking first at the discussions of the `hints`.

        Raises TryLater when the Hub cannot be seen, Refused when it says no.
        """
        for num in hints:
            self.talk.stir(num)
        page, decision, seen = self.decide()
        wait = self.talk.allowance.reset if self.talk.allowance.calls < RESERVE else 0.0
        counts = Counter(request.status.value for request in page.requests)
        if not decision.plans and decision.teacher == page.teacher:
            return Report(more=self.talk.behind, wait=wait, counts=counts)
        permit = self.ledger.commit(page, decision.plans, decision.teacher, seen)
        if permit is None:
            return Report(lost_race=True, wait=wait, counts=counts)
        left = self._act(decision.orders, permit)
        why = tuple(plan.why for plan in decision.plans)
        more = decision.more or self.talk.behind
        done = len(decision.orders) - len(left)
        return Report(why, done, False, left, more, wait, counts)

    def decide(self) -> tuple[Page, Decision, float]:
        """Look, and say what a tick would do, and when it was seen; nothing is changed."""
        page = self.ledger.load()
        facts, now = self._slow_facts(), self.hub.clock()
        active = [request for request in page.requests if not is_at_rest(request, now)]
        world = observe(
            self.hub,
            self.talk,
            active,
            {request.discussion for request in page.requests},
            wanted(active, rooms.taken(page.requests, now, self.terms)),
            self.terms.programme.teacher.name,
            facts.prices,
            facts.maintainers,
            self.communities,
        )
        return page, decide(page, world, self.terms), world.now

    def _slow_facts(self) -> _Facts:
        now = self.hub.clock()
        if self._facts is None or now - self._facts.read > FACTS_LAST:
            self._facts = _Facts(now, prices(self.hub), members(self.hub))
        return self._facts

    def _act(self, orders: tuple[Order, ...], permit: Permit) -> tuple[str, ...]:
        """Carry out what can be; returns why the rest was left to the next tick."""
        left = []
        for order in orders:
            if isinstance(order, EnsureReply | EnsureClosed):
                self.talk.stir(order.discussion)
            try:
                carry_out(self.hub, order, permit, self.terms.programme.teacher, GRACE / 2)
            except (TryLater, Refused) as error:
                log.warning("%s", error)
                left.append(str(error))
        return tuple(left)


def wanted(active: list[Request], room: rooms.Room) -> list[tuple[Request, Step]]:
    """The manifests that matter now: of steps under way or about to start, and scores to tell."""
    found: list[tuple[Request, Step]] = []
    for request in active:
        step = steps.current(request) if request.spec is not None else None
        if request.status is Status.DONE:
            found.append((request, steps.last(request.spec)))
        elif step is not None and request.step(step).at_work:
            found.append((request, step))
        elif step is not None and request.status is Status.OPEN and room.admits(request, step):
            mine = [row.step for row in steps.rows(request.spec)]
            found += [(request, each) for each in (mine if not request.steps else [step])]
    return found


def decide(page: Page, world: World, terms: Terms) -> Decision:
    """Plan for every request and every new discussion; only changed ones are returned."""
    plans: list[Plan] = []
    after = {request.id: request for request in page.requests}
    active = [request for request in page.requests if not is_at_rest(request, world.now)]
    room = rooms.taken(page.requests, world.now, terms)
    orders = 0
    for request in rooms.fair_order(active):
        if orders >= MOST_ORDERS:
            break
        planned = plan(request, after.values(), world, terms, page.teacher, room)
        room = _room_after(room, request, planned)
        if planned.next != request:
            plans.append(planned)
            after[request.id] = planned.next
            orders += len(planned.orders)
    known = {request.discussion for request in page.requests}
    for num in sorted(set(world.discussions) - known):
        if orders >= MOST_ORDERS:
            break
        admitted = admit(world.discussions[num], after.values(), world, terms)
        plans.append(admitted)
        after[admitted.next.id] = admitted.next
        orders += len(admitted.orders)
    teacher, woken = plan_teacher(page.teacher, after.values(), room, world, terms)
    return Decision(tuple(plans), teacher, woken, orders >= MOST_ORDERS)


def _room_after(room: rooms.Room, before: Request, planned: Plan) -> rooms.Room:
    for order in planned.orders:
        if isinstance(order, EnsureJob):
            room = room.with_job(planned.next, order.step, newly=not before.reserved)
    return room
