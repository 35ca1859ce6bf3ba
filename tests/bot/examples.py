"""Values for tests: a recipe, a policy, a request, an observation."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from bot.domain import costs
from bot.domain.actions import Action, EnsureReply, Plan
from bot.domain.names import marker
from bot.domain.observation import (
    Comment,
    Discussion,
    Job,
    JobStage,
    Manifest,
    Observation,
    OwnReply,
    Score,
    Teacher,
)
from bot.domain.policy import Policy
from bot.domain.recipe import EndpointSpec, Recipe, parse
from bot.domain.request import (
    DayUse,
    Request,
    Spec,
    Step,
    StepRecord,
    StepState,
    TeacherRecord,
    UnsettledJob,
)
from bot.language import by_code
from bot.planner.plan import admit as admit_one
from bot.planner.plan import plan as plan_one
from bot.planner.situation import Situation
from bot.settings import Limits

NOW = 1_800_000_000.0
PRICES = {"cpu-basic": 0.01, "cpu-upgrade": 0.03}

YAML = """
plan:
  practice: true
  languages: [epo_Latn]
  base: "{org}/kakugo-practice-base"
  image: some-image
  teacher:
    name: kakugo-teacher
    model: "{org}/kakugo-practice-base"
    image: some-image
    command: [kakugo-recipe, practice-teacher]
    vendor: aws
    region: us-east-1
    accelerator: cpu
    instance_type: intel-icl
    instance_size: x1
    usd_per_hour: 0.06
  setup: [[kakugo-recipe, practice-publish]]
  steps:
    check: {flavor: cpu-basic, timeout_minutes: 5, attempts: 2, expected_minutes: 0.5}
    generate: {flavor: cpu-basic, timeout_minutes: 10, attempts: 3, expected_minutes: 1}
    train: {flavor: cpu-upgrade, timeout_minutes: 10, attempts: 2, expected_minutes: 2}
    evaluate: {flavor: cpu-basic, timeout_minutes: 10, attempts: 2, expected_minutes: 1}
    improve: {flavor: cpu-upgrade, timeout_minutes: 10, attempts: 2, expected_minutes: 2}
"""


LIMITS = Limits()

RUNNING = Teacher("running", "http://127.0.0.1:2")
CURRENT = TeacherRecord(running=True, ordered_at=NOW - 500)


@cache
def recipe() -> Recipe:
    return parse("practice", "practice", YAML)


def endpoint() -> EndpointSpec:
    spec = recipe().endpoint
    assert spec is not None
    return spec


def policy_with_fertility() -> Policy:
    """Return the policy with a recipe half of whose generation grows with the fertility."""
    steps = {**recipe().steps}
    steps[Step.GENERATE] = replace(steps[Step.GENERATE], fertility=2.0, language_share=0.5)
    return replace(policy(), recipe=replace(recipe(), steps=steps, tokens_per_second=100.0))


def recipe_with(teacher: str, tokens: str = "tokens_in: 1000000, tokens_out: 2000000") -> Recipe:
    """Return the recipe with another teacher, given as YAML, and with expected tokens."""
    start, end = YAML.index("    name: kakugo"), YAML.index("  setup:")
    text = f"{YAML[:start]}    {{{teacher}}}\n{YAML[end:]}"
    for minutes in ("0.5", "1"):
        text = text.replace(f"expected_minutes: {minutes}}}", f"expected_minutes: 1, {tokens}}}", 1)
    return parse("practice", "practice", text)


URL = "url: 'https://router.huggingface.co/v1', usd_per_million_in: 0.1, usd_per_million_out: 0.5"
JOB = (
    "name: t, image: i, command: [serve], flavor: cpu-basic, port: 8000, timeout_minutes: 60, "
    "usd_per_hour: 5"
)


def policy(limit_usd: float = 50.0, limits: Limits = LIMITS) -> Policy:
    return Policy(
        endpoint="http://127.0.0.1:1",
        recipe=recipe(),
        limit_usd=limit_usd,
        wheel="kakugo_bot-0.1.0-py3-none-any.whl",
        limits=limits,
        maintainers=frozenset({"ada"}),
    )


@cache
def spec() -> Spec:
    return Spec(
        language=by_code("epo_Latn"),
        recipe_name="practice",
        base="practice/kakugo-practice-base",
        digest=recipe().digest("epo_Latn"),
        wheel_revision="c0ffee",
        estimate_usd=0.002917,
        cap_usd=0.024167,
    )


CHECKED = StepRecord(StepState.MADE, 1, 1, NOW - 950, "j0", "good", 1.0)


def request(**changes: object) -> Request:
    values: dict[str, object] = {
        "id": "r1",
        "discussion": 1,
        "author": "ludoviko",
        "opened_at": NOW - 1000,
        "spec": spec(),
    }
    if steps := changes.get("steps"):
        records = {Step.CHECK: CHECKED, **steps}  # type: ignore[dict-item]
        spent = sum(record.cost_usd for record in records.values())
        values["reserved_at"] = NOW - 900
        values["unsettled"] = tuple(
            unsettled(step, record) for step, record in records.items() if record.is_active
        )
        values["days"] = {costs.day_of(NOW): DayUse(spent)} if spent else {}
        changes["steps"] = records
    return Request(**{**values, **changes})  # type: ignore[arg-type]


def unsettled(step: Step, record: StepRecord) -> UnsettledJob:
    """Return the job of an active record, whose greatest cost is that of its time limit."""
    settings = recipe().steps[step]
    usd_per_hour = PRICES[settings.flavor]
    return UnsettledJob(
        step=step,
        attempt=record.attempt,
        ordered_at=record.ordered_at,
        usd_per_hour=usd_per_hour,
        hold_usd=settings.timeout_minutes / 60 * usd_per_hour,
        appeared=bool(record.job_id),
        started=record.state is StepState.RUNNING,
    )


def discussion(title: str = "Esperanto", body: str = "", **changes: object) -> Discussion:
    values: dict[str, object] = {
        "num": 1,
        "title": title,
        "body": body,
        "author": "ludoviko",
        "open": True,
        "created_at": NOW - 10,
    }
    return Discussion(**{**values, **changes})  # type: ignore[arg-type]


def manifest(**changes: object) -> Manifest:
    values: dict[str, object] = {
        "digest": spec().digest,
        "attempt": 1,
        "kept": 5812,
        "dropped": 188,
        "seconds": 36.0,
        "cost_usd": 0.0,
    }
    return Manifest(**{**values, **changes})  # type: ignore[arg-type]


SCORES = (
    Score("flores", "eng_Latn-epo_Latn", "chrF++", 8.1, 55.25, 44.0, 49.9, True),
    Score("belebele", "", "accuracy", 0.25, 0.262, -0.05, 0.07, False),
)


def posted(actions: tuple[Action, ...]) -> tuple[OwnReply, ...]:
    """Return the bot's replies in a discussion after these actions."""
    replies = [action for action in actions if isinstance(action, EnsureReply)]
    return tuple(OwnReply(str(n), reply.marker) for n, reply in enumerate(replies))


def own_reply(kind: str, text: str) -> OwnReply:
    return OwnReply(kind, marker(kind, text))


def comment(text: str, author: str = "ludoviko", at: float = NOW - 1) -> Comment:
    return Comment(f"{zlib.crc32(f'{author} {text} {at}'.encode()):08x}", author, text, at)


def job(stage: JobStage, step: Step = Step.GENERATE, attempt: int = 1, ended: float = NOW) -> Job:
    created_at, started_at = NOW - 500, NOW - 490
    return Job(
        "j1", "http://hub/jobs/j1", "r1", step, attempt, stage, created_at, started_at, ended
    )


def situation(
    observation: Observation,
    policy: Policy,
    requests: Iterable[Request] = (),
    teacher: TeacherRecord = CURRENT,
) -> Situation:
    return Situation.of(observation, policy, requests, teacher)


def plan(
    request: Request,
    observation: Observation,
    policy: Policy,
    teacher: TeacherRecord = CURRENT,
    *others: Request,
) -> Plan:
    """Plan for one request among others."""
    return plan_one(request, situation(observation, policy, (request, *others), teacher))


def admit(
    discussion: Discussion, requests: Iterable[Request], observation: Observation, policy: Policy
) -> Plan:
    """Plan for a new discussion, with these requests in the ledger."""
    return admit_one(discussion, situation(observation, policy, requests))


def observed(**changes: object) -> Observation:
    values: dict[str, object] = {
        "now": NOW,
        "discussions": {1: discussion()},
        "prices": PRICES,
        "teacher": RUNNING,
        "wheel_revision": "c0ffee",
        "communities": {},
    }
    return Observation(**{**values, **changes})  # type: ignore[arg-type]
