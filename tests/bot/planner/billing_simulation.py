"""Random simulations of a bill: what people do, what the Hub forgets, and where the bot is killed.

The bot's decisions are real. The Hub is simulated: it bills by the second, each job on its own and
the teacher from the call that starts it to the call that stops it. A simulation ends when everybody
has gone and nothing costs money any more; then the ledger is compared with the bill and all limits.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import cache

from bot.controller.decision import decide
from bot.controller.ledger import LedgerSnapshot
from bot.domain.actions import (
    GRACE_SECONDS,
    Action,
    EnsureCancelled,
    EnsureClosed,
    EnsureEndpoint,
    EnsureJob,
    EnsureReply,
)
from bot.domain.codec import request_from_json, request_to_json
from bot.domain.fault import FaultKind
from bot.domain.observation import (
    STOPPED_STATES,
    Comment,
    Manifest,
    Observation,
    Teacher,
)
from bot.domain.policy import Policy
from bot.domain.recipe import parse
from bot.domain.request import Request, Step
from bot.hub.client import Allowance, WrongClock
from bot.hub.observe import check_clock
from bot.settings import Limits
from tests.bot import examples
from tests.bot.planner.billed_hub import DAY, SimulatedJob, Thread, within

PEOPLE = ("ludoviko", "zamenhof")
LANGUAGES = ("Welsh", "Breton", "Esperanto", "Scottish Gaelic")
# A minute costs dollars, so that simulations of an hour reach the limits.
PRICES = {"cpu-basic": 6.0, "cpu-upgrade": 60.0}
TEACHER_USD = 90.0
JOB_WITH_TEACHER_USD = TEACHER_USD + PRICES["cpu-basic"]
START_SECONDS = 45.0


@cache
def _policy(limit_usd: float, person_usd: float, day_usd: float, starts: int) -> Policy:
    text = examples.YAML.replace("[epo_Latn]", "null").replace("0.06", str(TEACHER_USD))
    limits = Limits(day_usd=day_usd, person_usd=person_usd, person_starts=starts)
    recipe = parse("practice", "practice", text)
    return replace(examples.policy(limit_usd, limits), recipe=recipe)


def _chosen_policy(rng: random.Random) -> Policy:
    return _policy(
        rng.choice((15.0, 40.0, 80.0)),
        rng.choice((30.0, 90.0)),
        rng.choice((45.0, 120.0)),
        rng.choice((2, 10)),
    )


@dataclass
class Simulation:
    """One simulation; `counts` is how often each thing happened in it.

    With `changes_limits`, the operator now and then starts the bot with other limits.
    """

    seed: int
    changes_limits: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        choose = self.random.choice
        self.operator = random.Random(-self.seed)
        self.policy = _chosen_policy(self.random)
        self.largest = self.policy.limits  # of all that were in force
        # Half of the simulations pass midnight (UTC).
        self.now = 20_000 * DAY - choose((0.0, 1800.0)) + self.random.uniform(0, 1000)
        self.snapshot = LedgerSnapshot("0")
        self.threads: dict[int, Thread] = {}
        self.jobs: list[SimulatedJob] = []
        self.made: dict[tuple[str, Step], tuple[float, Manifest]] = {}
        self.endpoint = Teacher()
        self.awake: list[list[float]] = []  # the spans that the Hub bills
        self.fails_to_start = False
        self.decided_at = self.now
        self.longest_gap = 0.0
        # By how much each request was above its cap, whenever that was raised and at the end.
        self.above_usd: defaultdict[str, list[float]] = defaultdict(list)
        # The teacher's cost from an order to stop it, before which the bot was killed, to its stop.
        self.stop_lost_at, self.lost_stop_usd = float("inf"), 0.0
        self.skew_seconds = 0.0
        self.is_exact = True  # whether the Hub has shown all facts

    # -- the Hub -----------------------------------------------------------------------------------

    def _advance(self, seconds: float) -> None:
        self.now += seconds
        if self.endpoint.state == "initializing" and self.now - self.awake[-1][0] > START_SECONDS:
            if self.fails_to_start:
                self._stop_endpoint("failed")
            else:
                self.endpoint = Teacher("running", "http://127.0.0.1:2")
        self._scale_to_zero()
        for job in self.jobs:
            key = (job.order.request, job.order.step)
            if job.succeeds and job.ends_at <= min(self.now, job.cancelled_at):
                self.made.setdefault(key, (job.ends_at, job.manifest()))

    def _scale_to_zero(self) -> None:
        """Stop the endpoint 15 minutes after its last call."""
        if self.endpoint.state != "running":
            return
        callers = (job for job in self.jobs if job.order.step in (Step.CHECK, Step.GENERATE))
        calls = (job for job in callers if "job" not in job.lost)
        called_at = max((min(job.ended_at(), self.now) for job in calls), default=0.0)
        stops_at = max(called_at, self.awake[-1][0] + START_SECONDS) + 900
        if stops_at < self.now:
            self.is_exact = False
            self._stop_endpoint("scaledToZero", stops_at)

    def _stop_endpoint(self, state: str, at: float = 0.0) -> None:
        if self.endpoint.state not in STOPPED_STATES:
            self.awake[-1][1] = at or self.now
            seconds = max(0.0, self.awake[-1][1] - self.stop_lost_at)
            self.lost_stop_usd += seconds / 3600 * TEACHER_USD
        self.stop_lost_at = float("inf")
        self.endpoint = Teacher(state)

    def _execute(self, action: Action) -> None:
        match action:
            case EnsureEndpoint(running=True):
                if self.endpoint.state in STOPPED_STATES:
                    self.awake.append([self.now, float("inf")])
                    self.endpoint = Teacher("initializing")
                    self.counts["teacher started"] += 1
            case EnsureEndpoint():
                if self.endpoint.state != "absent":
                    self._stop_endpoint("paused")
            case EnsureJob():
                self._start_job(action)
            case EnsureCancelled(job_id):
                (job,) = (job for job in self.jobs if job.id == job_id)
                job.cancelled_at = min(job.cancelled_at, self.now)
            case EnsureReply(num, kind, _, marker):
                self.threads[num].replies[kind] = marker
            case EnsureClosed(num):
                self.threads[num].open = False

    def _start_job(self, order: EnsureJob) -> None:
        assert order.timeout_seconds > 0
        mine = [job for job in self.jobs if job.order.request == order.request]
        seen = [job for job in mine if "job" not in job.lost]
        assert all(job.stage(self.now).is_final for job in seen), "two jobs of one request"
        self.counts["jobs"] += 1
        starts_at = self.now + self.random.choice((1.0, 5.0, 40.0, 40.0, 400.0, 2000.0))
        minutes = self.random.choice((0.5, 1.0, 2.0, 60.0))
        ends_at = starts_at + min(order.timeout_seconds, minutes * 60)
        succeeds = minutes * 60 <= order.timeout_seconds and self.random.random() < 0.8
        job = SimulatedJob(f"j{len(self.jobs)}", order, self.now, starts_at, ends_at, succeeds)
        self.jobs.append(job)

    # -- the bot -----------------------------------------------------------------------------------

    def _observe(self, shows_prices: bool = True, shows_all: bool = True) -> Observation:
        shown = filter(None, (job.shown(self.now) for job in self.jobs))
        threads = self.threads.values() if shows_all else ()
        return Observation(
            now=self.now + self.skew_seconds,
            discussions={thread.num: thread.shown(self.now) for thread in threads},
            maintainers=frozenset({"ada"}),
            jobs=tuple(shown),
            manifests={key: manifest for key, (at, manifest) in self.made.items()},
            teacher=self.endpoint,
            prices=PRICES if shows_prices else {},
            wheel_revision="c0ffee",
            communities={},
        )

    def _tick(self, observation: Observation, actions: int = 1_000) -> None:
        """Decide, commit and carry out that many actions; the bot is killed before the others."""
        try:
            check_clock(observation.now, Allowance(answered_at=self.now))
        except WrongClock:
            self.counts["wrong clock"] += 1
            return
        decision = decide(self.snapshot, observation, self.policy)
        kinds = {fault.kind for fault in decision.faults.faults.values()}
        assert FaultKind.PLAN not in kinds or not observation.prices, "an error in the planner"
        if observation.prices == {}:
            assert not any(isinstance(action, EnsureJob) for action in decision.actions)
        requests = {each.id: each for each in self.snapshot.requests}
        requests |= {plan.request.id: plan.request for plan in decision.plans}
        for before in self.snapshot.requests:
            if before.spec is not None and requests[before.id].agreed_spec.cap_usd > _cap(before):
                self.above_usd[before.id].append(requests[before.id].spent_usd - _cap(before))
        self.snapshot = replace(
            self.snapshot, requests=tuple(requests.values()), teacher=decision.teacher
        )
        self._check_reserved(decision.actions)
        for action in decision.actions[:actions]:
            self._execute(action)
        if any(isinstance(each, EnsureEndpoint) and not each.running
               for each in decision.actions[actions:]):  # fmt: skip
            self.stop_lost_at = min(self.stop_lost_at, self.now)
        self.longest_gap = max(self.longest_gap, self.now - self.decided_at)
        if actions >= len(decision.actions):
            self.decided_at = self.now

    def _check_reserved(self, actions: Sequence[Action]) -> None:
        """Nothing starts without a reservation, nor the teacher without somebody who pays."""
        requests = {request.id: request for request in self.snapshot.requests}
        for action in actions:
            if isinstance(action, EnsureJob):
                assert requests[action.request].reserved_at
                assert requests[action.request].unsettled
            if isinstance(action, EnsureEndpoint) and action.running:
                payers = self.snapshot.teacher.payers
                assert payers and all(requests[payer].reserved_at for payer in payers)

    # -- the events --------------------------------------------------------------------------------

    def run(self, length: int) -> None:
        """Let things happen, then let everybody go, and check the ledger."""
        for _ in range(length):
            self._advance(self.random.choice((15.0, 20.0, 45.0, 61.0, 90.0, 300.0)))
            self._something_happens()
        for thread in self.threads.values():
            thread.open = False
        self.skew_seconds = 0.0
        for _ in range(80):
            self._advance(GRACE_SECONDS + 1)
            self._tick(self._observe())
            if not self._costs_money():
                break
        self._check_ledger()

    def _costs_money(self) -> bool:
        return (
            any(request.unsettled for request in self.snapshot.requests)
            or bool(self.snapshot.teacher.charged_until)
            or self.endpoint.state not in STOPPED_STATES
        )

    def _change_limits(self) -> None:
        self.policy = _chosen_policy(self.operator)
        pairs = zip(astuple(self.largest), astuple(self.policy.limits), strict=True)
        self.largest = Limits(*(max(pair) for pair in pairs))
        self.counts["other limits"] += 1

    def _something_happens(self) -> None:
        if self.changes_limits and self.operator.random() < 0.1:
            self._change_limits()
        event = self.random.choices(_EVENTS, _WEIGHTS)[0]
        self.counts[event] += 1
        observation = None
        actions = 1_000
        threads = list(self.threads.values())
        thread = self.random.choice(threads) if threads else None
        if event == "open" or thread is None:
            self._open()
        elif event == "close":
            thread.open = False
        elif event == "reopen":
            thread.open = True
        elif event == "comment":
            author, text = self.random.choice(_COMMENTS)
            comment = Comment(f"{self.now}", author or thread.author, text, self.now)
            thread.comments.append(comment)
        elif event == "lose a fact" and self.jobs:
            self._lose_a_fact(self.random.choice(self.jobs))
        elif event == "no prices":
            observation = self._observe(shows_prices=False, shows_all=False)
        elif event == "crash":
            actions = self.random.randrange(4)
        elif event == "lost race":
            return
        elif event == "clock":
            self.skew_seconds = self.random.choice((0.0, 0.0, DAY, -DAY, 4000.0))
        elif event == "downtime":
            self._advance(self.random.choice((900.0, 3600.0)))
        elif event == "teacher stops":
            record = self.snapshot.teacher
            # A pause that looks like the effect of a lost order is not told apart from it.
            was_seen = record.running and record.charged_until != record.ordered_at
            if self.endpoint.state not in STOPPED_STATES and was_seen:
                self.is_exact = False
                self._stop_endpoint(self.random.choice(("paused", "scaledToZero", "failed")))
        elif event == "teacher cannot start":
            self.fails_to_start = not self.fails_to_start
            self.is_exact = False
        self._tick(observation or self._observe(), actions)

    def _lose_a_fact(self, job: SimulatedJob) -> None:
        """Forget a fact about a running job that the bot has seen."""
        requests = {request.id: request for request in self.snapshot.requests}
        held = requests[job.order.request].unsettled
        if any(each.started and job.is_of(each) for each in held):
            job.lost |= {self.random.choice(("start", "end", "job"))}
            self.is_exact = False

    def _open(self) -> None:
        num = len(self.threads) + 1
        if num > 5:
            return
        title, author = self.random.choice(LANGUAGES), self.random.choice(PEOPLE)
        self.threads[num] = Thread(num, title, author, self.now)

    # -- what must hold ----------------------------------------------------------------------------

    def bill_usd(self, day: str = "") -> float:
        """Return what the Hub bills, on one day or altogether."""
        spans = [(*job.billed(), PRICES[job.order.flavor]) for job in self.jobs]
        spans += [(start, end, TEACHER_USD) for start, end in self.awake]
        hours = 0.0
        for start, end, usd_per_hour in spans:
            if day:
                start, end = (within(day, moment) for moment in (start, end))
            hours += (end - start) / 3600 * usd_per_hour
        return hours

    def _check_ledger(self) -> None:
        requests = self.snapshot.requests
        assert not self._costs_money(), "something still costs money"
        ledger_usd, bill_usd = sum(each.spent_usd for each in requests), self.bill_usd()
        assert ledger_usd >= bill_usd - 0.01, f"{bill_usd - ledger_usd:.2f} was never charged"
        if self.is_exact:
            assert ledger_usd <= bill_usd + 0.01, f"{ledger_usd - bill_usd:.2f} was not billed"
        self.counts["exact"] += self.is_exact
        # If the bot is killed before it acts, the orders are repeated after the grace.
        checks = 2 if self.counts["crash"] else 1
        grace_seconds = checks * self.longest_gap + (checks - 1) * GRACE_SECONDS
        grace_usd = grace_seconds / 3600 * JOB_WITH_TEACHER_USD + 0.01
        for request in requests:
            assert request_from_json(request_to_json(request)) == request
            paid = sum(use.usd for use in request.days.values())
            assert abs(paid - request.spent_usd) < 1e-6
            if request.spec is not None:
                self.above_usd[request.id].append(request.spent_usd - request.spec.cap_usd)
            assert all(usd <= grace_usd for usd in self.above_usd[request.id]), (
                f"{request.id} is above its cap"
            )
        above = {id_: sum(max(0.0, each) for each in usd) for id_, usd in self.above_usd.items()}
        self.counts["requests"] += len(requests)
        self.counts["above a cap"] += any(usd > 0.01 for usd in above.values())
        for day in {day for request in requests for day in request.days}:
            self._check_day(day, above)

    def _check_day(self, day: str, above: Mapping[str, float]) -> None:
        limits, requests = self.largest, self.snapshot.requests
        paid = {request.id: request.used_on(day).usd for request in requests}
        day_usd = max(sum(paid.values()), self.bill_usd(day) if self.is_exact else 0.0)
        allowed = limits.day_usd + sum(above.values()) + self.lost_stop_usd + 0.01
        assert day_usd <= allowed, f"{day} costs {day_usd:.2f}"
        self.counts["day at its limit"] += day_usd > 0.7 * limits.day_usd
        for person in PEOPLE:
            mine = [request for request in requests if request.author == person]
            usd = sum(paid[request.id] for request in mine)
            allowed = limits.person_usd + sum(above[request.id] for request in mine)
            assert usd <= allowed + self.lost_stop_usd + 0.01, f"{person} costs {usd:.2f} on {day}"
            starts = sum(request.used_on(day).starts for request in mine)
            assert starts <= limits.person_starts, f"{person}: {starts} starts"
            self.counts["person at the limit"] += usd > 0.7 * limits.person_usd


_EVENTS = (
    *("nothing", "open", "close", "reopen", "comment", "lose a fact", "no prices", "crash"),
    *("lost race", "clock", "downtime", "teacher stops", "teacher cannot start"),
)
_WEIGHTS = (30, 12, 4, 2, 12, 3, 2, 6, 2, 2, 1, 1, 1)
_COMMENTS = (
    *(("", "/retry"), ("", "/retry"), ("ada", "/approve"), ("ada", "/approve")),
    *(("", "/cancel"), ("", "/approve"), ("", "1"), ("mallory", "/approve"), ("", "/status")),
)


def _cap(request: Request) -> float:
    return request.agreed_spec.cap_usd


def simulate(seed: int, length: int = 40, changes_limits: bool = False) -> Counter[str]:
    """Run one simulation. Raises AssertionError with the seed if a rule is broken."""
    simulation = Simulation(seed, changes_limits)
    try:
        simulation.run(length)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    return simulation.counts
