"""What one tick decides, from the ledger and the observation. Pure.

What is wrong with one discussion is recorded as its fault, and the others are planned.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.controller.ledger import LedgerSnapshot
from bot.domain import names, steps
from bot.domain.actions import (
    GRACE_SECONDS,
    Action,
    EnsureCancelled,
    EnsureEndpoint,
    EnsureJob,
    Plan,
)
from bot.domain.fault import FaultKind, Faults
from bot.domain.observation import Discussion, Observation
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Step, TeacherRecord
from bot.planner.capacity import Capacity, fair_order
from bot.planner.due_replies import is_left_to_people
from bot.planner.endpoint import plan_teacher
from bot.planner.faults import cancel_above_cap, fault_reply, repeated_order
from bot.planner.plan import admit, is_at_rest, plan
from bot.planner.situation import Situation

log = logging.getLogger(__name__)

# A tick plans no more actions than it can carry out while its permit is valid; the rest is left to
# the next tick, which follows at once.
MAX_ACTIONS = 40


@dataclass(frozen=True)
class Decision:
    """What one tick has decided; `more`: more is due than one tick may do.

    `fault_actions` are for discussions that cannot be handled.
    """

    plans: tuple[Plan, ...]
    teacher: TeacherRecord
    teacher_actions: tuple[Action, ...]
    more: bool = False
    faults: Faults = field(default_factory=Faults)
    fault_actions: tuple[Action, ...] = ()

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions: cancellations, the teacher, which takes long to start, jobs, replies."""
        actions = [action for plan in self.plans for action in plan.actions]
        return tuple(
            sorted(
                (*self.teacher_actions, *actions, *self.fault_actions),
                key=lambda action: _URGENCY.get(type(action), len(_URGENCY)),
            )
        )


_URGENCY: dict[type[Action], int] = {EnsureCancelled: 0, EnsureEndpoint: 1, EnsureJob: 2}


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


def situation_of(snapshot: LedgerSnapshot, observation: Observation, policy: Policy) -> Situation:
    unreadable = len(snapshot.unreadable)
    return Situation.of(observation, policy, snapshot.requests, snapshot.teacher, unreadable)


def active_requests(
    snapshot: LedgerSnapshot, now: float, left_alone: Collection[int]
) -> tuple[list[Request], list[Request]]:
    """Return the requests that may change, and those of the discussions that are left alone."""
    active = [request for request in snapshot.requests if not is_at_rest(request, now)]
    return (
        [request for request in active if request.discussion not in left_alone],
        [request for request in active if request.discussion in left_alone],
    )


def resting_requests(
    snapshot: LedgerSnapshot, now: float, left_alone: Collection[int]
) -> list[Request]:
    """Return the requests that change only if somebody comments or reopens the discussion."""
    return [
        request
        for request in snapshot.requests
        if is_at_rest(request, now)
        and request.discussion not in left_alone
        and not is_left_to_people(request)
    ]


def decide(
    snapshot: LedgerSnapshot,
    observation: Observation,
    policy: Policy,
    left_alone: Collection[int] = (),
) -> Decision:
    """Plan for every request, every new discussion and the teacher; return the changes.

    What goes wrong with one of them is recorded as its fault, and the others are planned. Of the
    discussions that are `left_alone` because of a fault, only running jobs were observed.
    """
    situation = situation_of(snapshot, observation, policy)
    active, unplanned = active_requests(snapshot, observation.now, left_alone)
    resting = resting_requests(snapshot, observation.now, left_alone)
    active += [request for request in resting if request.discussion in observation.discussions]
    kinds = {names.discussion_of(id_): FaultKind.RECORD for id_ in snapshot.unreadable}
    plans: list[Plan] = []
    planned: set[int] = set()
    action_count = 0
    for num, subject in _subjects(snapshot, observation, active).items():
        if action_count >= MAX_ACTIONS:
            break
        next_plan = _plan(num, subject, situation)
        if isinstance(next_plan, FaultKind):
            kinds[num] = next_plan
            unplanned += [subject] if isinstance(subject, Request) else []
            continue
        planned.add(num)
        if next_plan.request != subject:
            plans.append(next_plan)
            situation = situation.after(next_plan)
            action_count += len(next_plan.actions)
        if isinstance(subject, Request) and (kind := repeated_order(subject, next_plan)):
            kinds[num] = kind
    idle = {request.id for request in unplanned if not _may_run(request, observation)}
    teacher = plan_teacher(situation, idle)
    healed = snapshot.faults.without_healed(planned, observation.now)
    all_faults, replies = _count_faults(healed, kinds, observation.now)
    cancellations = [each for request in unplanned for each in cancel_above_cap(request, situation)]
    return Decision(
        plans=_with_charges(plans, teacher.charged),
        teacher=teacher.record,
        teacher_actions=teacher.actions,
        more=action_count >= MAX_ACTIONS,
        faults=all_faults,
        fault_actions=(*cancellations, *replies),
    )


def _with_charges(plans: Collection[Plan], charged: Collection[Request]) -> tuple[Plan, ...]:
    """Add what requests were charged for the teacher to their plans."""
    by_id = {plan.request.id: plan for plan in plans}
    for request in charged:
        if (planned := by_id.get(request.id)) is not None:
            by_id[request.id] = replace(planned, request=request)
        else:
            request = replace(request, revision=request.revision + 1)
            by_id[request.id] = Plan(request, summary=f"{request.id}: charged for the teacher")
    return tuple(by_id.values())


def _may_run(request: Request, observation: Observation) -> bool:
    """Whether a request that cannot be planned may have a running job, which needs the teacher.

    A job that was ordered a short while ago may not be visible yet.
    """
    is_hidden = request.discussion in observation.unreadable and bool(request.unsettled)
    orders = (observation.now - held.ordered_at for held in request.unsettled)
    jobs = (job for job in observation.jobs if job.request == request.id)
    return (
        is_hidden
        or any(seconds <= GRACE_SECONDS for seconds in orders)
        or any(not job.stage.is_final for job in jobs)
    )


def _subjects(
    snapshot: LedgerSnapshot, observation: Observation, active: Collection[Request]
) -> dict[int, Request | Discussion | None]:
    """Return what to plan for, by discussion: requests in a fair order, then new discussions."""
    discussions = observation.discussions
    new = sorted((discussions.keys() | observation.unreadable) - snapshot.discussions)
    return {
        **{request.discussion: request for request in fair_order(active)},
        **{num: discussions.get(num) for num in new},
    }


def _plan(num: int, subject: Request | Discussion | None, situation: Situation) -> Plan | FaultKind:
    """Return the plan for one discussion, or why there is none."""
    if subject is None or num in situation.observation.unreadable:
        return FaultKind.READ  # the Hub did not show all that the plan depends on
    try:
        if isinstance(subject, Request):
            return plan(subject, situation)
        return admit(subject, situation)
    except Exception:  # whatever is wrong with one must not stop the others
        log.exception("discussion %s cannot be planned", num)
        return FaultKind.PLAN


def _count_faults(
    before: Faults, kinds: Mapping[int, FaultKind], now: float
) -> tuple[Faults, list[Action]]:
    """Return the faults with these, and the replies about those that have lasted for a while."""
    after = before
    replies: list[Action] = []
    left_alone = before.left_alone(now)
    for num, kind in kinds.items():
        if num not in left_alone:
            after = after.with_one_more(num, kind, now)
            replies += fault_reply(num, after.faults[str(num)])
    return after, replies
