"""What a decision about a request depends on, besides the request itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bot.domain import costs, steps
from bot.domain.actions import Plan
from bot.domain.community import Community, Consent
from bot.domain.observation import Discussion, Job, Manifest, Observation
from bot.domain.policy import Policy
from bot.domain.recipe import Recipe
from bot.domain.request import Request, Spec, Step, TeacherRecord
from bot.planner import billing
from bot.planner.billing import Meter
from bot.planner.capacity import Capacity, used_capacity


@dataclass(frozen=True)
class Situation:
    """The observation, the policy, and the ledger with what was already decided in this tick.

    `requests` are all requests by id, `capacity` is what they use, and `meter` is what the teacher
    has cost since it was last charged.
    """

    observation: Observation
    policy: Policy
    requests: Mapping[str, Request]
    teacher: TeacherRecord
    capacity: Capacity
    meter: Meter

    @classmethod
    def of(
        cls,
        observation: Observation,
        policy: Policy,
        requests: Iterable[Request] = (),
        teacher: TeacherRecord | None = None,
        unreadable: int = 0,
    ) -> Situation:
        """Build the situation in which nothing was decided yet.

        `unreadable` is the number of records of the ledger that cannot be read.
        """
        by_id = {request.id: request for request in requests}
        teacher = teacher or TeacherRecord()
        meter = billing.read_meter(teacher, observation, by_id.values())
        situation = cls(observation, policy, by_id, teacher, Capacity(policy), meter)
        accrued_usd = {id_: situation.accrued_usd(id_) for id_ in teacher.payers}
        capacity = used_capacity(by_id.values(), observation.now, policy, unreadable, accrued_usd)
        return replace(situation, capacity=capacity)

    def after(self, plan: Plan) -> Situation:
        """Return the situation in which this plan was decided."""
        request = plan.request
        before = self.requests.get(request.id)
        capacity = self.capacity.after(before, request, self.accrued_usd(request.id))
        return replace(self, requests={**self.requests, request.id: request}, capacity=capacity)

    @property
    def now(self) -> float:
        return self.observation.now

    @property
    def recipe(self) -> Recipe:
        return self.policy.recipe

    def discussion(self, request: Request) -> Discussion | None:
        """Return the request's discussion; None if it was not read."""
        return self.observation.discussions.get(request.discussion)

    def manifest(self, request: Request, step: Step) -> Manifest | None:
        return self.observation.manifests.get((request.id, step))

    def job(self, request: Request, step: Step) -> Job | None:
        """Return the job of the current attempt of a step."""
        return self.observation.job(request.id, step, request.step(step).attempt)

    def community(self, spec: Spec) -> Community:
        return self.observation.community(spec.language.code)

    def is_withdrawn(self, request: Request) -> bool:
        """Whether the speakers of the request's language have decided against models of it."""
        return request.spec is not None and self.community(request.spec).consent is Consent.NO

    def is_maintainer(self, person: str) -> bool:
        """Whether this is the organization, one of its members, or somebody the policy names."""
        policy = self.policy
        is_member = person in self.observation.maintainers
        return is_member or person in policy.maintainers or person == policy.org

    def is_steward(self, person: str, spec: Spec) -> bool:
        """Whether the community of the spec's language lets this person decide."""
        return person in self.community(spec).stewards

    def needs_consent(self, request: Request) -> bool:
        """Whether somebody has to approve the request for the language's community.

        A next version needs the approval of a steward or a maintainer, whoever asks for it.
        """
        spec, author = request.agreed_spec, request.author
        is_asked = self.community(spec).consent is Consent.ASK
        is_their_own = self.is_maintainer(author) or self.is_steward(author, spec)
        return not request.consented and (is_asked or (spec.improves and not is_their_own))

    @property
    def job_prices(self) -> dict[Step, float]:
        """The hourly price of a job of each step, without the teacher, as far as it is known."""
        prices, settings = self.observation.prices, self.recipe.steps
        return {
            step: prices[each.flavor] for step, each in settings.items() if each.flavor in prices
        }

    def usd_per_hour(self, step: Step) -> float:
        """Return the hourly price of a job of this step, including the teacher if it needs one.

        Raises KeyError if the Hub names no price.
        """
        return costs.usd_per_hour(self.recipe, step, self.observation.prices)

    def accrued_usd(self, request: str) -> float:
        """Return what the request of this id owes for the teacher since it was last charged."""
        payers, hours = self.teacher.payers, self.meter.seconds / 3600
        usd_per_hour = costs.awake_usd_per_hour(self.recipe.teacher)
        return hours * usd_per_hour / len(payers) if request in payers else 0.0

    def remaining_usd(self, request: Request) -> float:
        """Return what is left of a request's cap now: less than nothing above the cap."""
        usd = request.spent_usd + self.accrued_usd(request.id)
        usd += billing.unsettled_usd(request, self.observation)
        return request.agreed_spec.cap_usd - usd

    def estimate(self, spec: Spec | None) -> costs.Estimate:
        fertility = spec.fertility if spec else 0.0
        return costs.estimate(self.recipe, self.observation.prices, steps.of(spec), fertility)
