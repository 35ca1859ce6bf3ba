"""The tick: observe, plan, commit, act. Level-triggered; any of it may be killed at any moment."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.hub.act import carry_out
from bot.hub.connect import Connection, Refused, TryLater
from bot.hub.observe import observe, prices
from bot.ledger import Ledger, Page
from bot.orders import Order, Permit
from bot.plan import GRACE, Plan, TeacherRecord, admit, plan, plan_teacher
from bot.terms import Terms
from bot.world import World

log = logging.getLogger(__name__)

PRICES_LAST = 3600.0


@dataclass(frozen=True)
class Decision:
    """All that one tick has decided."""

    plans: tuple[Plan, ...]
    teacher: TeacherRecord
    teacher_orders: tuple[Order, ...]

    @property
    def orders(self) -> tuple[Order, ...]:
        """The teacher first: it takes longest to come up."""
        return (*self.teacher_orders, *(order for p in self.plans for order in p.orders))


@dataclass(frozen=True)
class Report:
    """What a tick did: the log line of it, and whether there is more to do at once."""

    why: tuple[str, ...] = ()
    done: int = 0
    lost_race: bool = False
    left: tuple[str, ...] = ()


@dataclass
class Controller:
    """Everything a tick needs, made once; holds no state that the Hub does not have."""

    hub: Connection
    ledger: Ledger
    terms: Terms
    _prices: tuple[float, Mapping[str, float]] = field(default=(0.0, {}))

    def tick(self) -> Report:
        """One round. Raises TryLater when the Hub cannot be seen, Refused when it says no."""
        page = self.ledger.load()
        world = observe(
            self.hub, page.requests, self.terms.programme.teacher.name, self._price_list()
        )
        decision = decide(page, world, self.terms)
        if not decision.plans and decision.teacher == page.teacher:
            return Report()
        permit = self.ledger.commit(page, decision.plans, decision.teacher, world.now)
        if permit is None:
            return Report(lost_race=True)
        why = tuple(plan.why for plan in decision.plans)
        return self._act(decision.orders, permit, why)

    def _price_list(self) -> Mapping[str, float]:
        read, listed = self._prices
        now = self.hub.clock()
        if now - read > PRICES_LAST or not listed:
            listed = prices(self.hub)
            self._prices = (now, listed)
        return listed

    def _act(self, orders: tuple[Order, ...], permit: Permit, why: tuple[str, ...]) -> Report:
        left = []
        for order in orders:
            try:
                carry_out(self.hub, order, permit, self.terms.programme.teacher, GRACE / 2)
            except (TryLater, Refused) as error:
                log.warning("%s", error)
                left.append(str(error))
        return Report(why, len(orders) - len(left), False, tuple(left))


def decide(page: Page, world: World, terms: Terms) -> Decision:
    """Plan for every request and every new discussion; only changed ones are returned."""
    plans: list[Plan] = []
    after = list(page.requests)
    for index, request in enumerate(page.requests):
        planned = plan(request, world, terms, page.teacher)
        after[index] = planned.next
        if planned.next != request:
            plans.append(planned)
    known = {request.discussion for request in page.requests}
    for num in sorted(set(world.discussions) - known):
        admitted = admit(world.discussions[num], after, world, terms)
        after.append(admitted.next)
        plans.append(admitted)
    teacher, orders = plan_teacher(page.teacher, after, world, terms)
    return Decision(tuple(plans), teacher, orders)
