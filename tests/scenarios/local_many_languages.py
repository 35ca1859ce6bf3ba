"""Many languages requested in one day on the local Hub.

Calls over HTTP and processes are real; recipes are fake, and the clock is simulated. People request
languages at random times and answer the bot's questions; one first attempt in seven fails.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.domain import steps
from bot.domain.request import Request, Status, Step, StepState
from bot.hub.observe import read_prices
from bot.localhub.testing import LocalHub
from bot.settings import Limits
from tests.scenarios.local_scenario import BOT, ORG, SPACE, LocalScenario, labels_of

DAY = 86_400.0
LIMITS = Limits(jobs_per_flavor=3, day_usd=1_000.0, person_usd=100.0)


def behavior(labels: Mapping[str, str]) -> str:
    """Let one first attempt in seven fail."""
    key = f"{labels['request']} {labels['step']}"
    fails_first = sum(ord(c) * (n + 7) for n, c in enumerate(key)) % 7 == 0
    return "fail" if fails_first and labels["attempt"] == "1" else "good"


def run_day(folder: Path, languages: Sequence[str], people: int, timeout_seconds: float) -> str:
    """Run the day, check every request and the ledger's costs, and return a summary."""
    started_at = time.monotonic()
    speakers = [f"speaker{n}" for n in range(people)]
    with LocalHub(folder, users=(BOT, *speakers), orgs={ORG: (BOT,)}) as hub:
        scenario = LocalScenario(hub, behavior, LIMITS)
        ticks = _tick_until_done(scenario, languages, speakers, started_at + timeout_seconds)
        jobs = _check_ledger(scenario, languages)
        hours = scenario.elapsed_seconds / 3600
    return (
        f"{len(languages)} languages, {people} people: {jobs} jobs in {ticks} ticks, "
        f"{hours:.1f} h simulated in {time.monotonic() - started_at:.0f} s"
    )


def _tick_until_done(
    scenario: LocalScenario, languages: Sequence[str], speakers: list[str], deadline: float
) -> int:
    """Open discussions, answer questions and tick until all are reported; count the ticks."""
    rng = random.Random(54)
    opening = sorted(rng.uniform(0, 0.6 * DAY) for _ in languages)
    bot, answered, ticks = scenario.bot(), set[str](), 0
    while time.monotonic() < deadline:
        opened = len(languages) - len(opening)
        while opening and opening[0] <= scenario.elapsed_seconds:
            scenario.open_discussion(speakers[opened % len(speakers)], languages[opened])
            opened, opening = opened + 1, opening[1:]
        more = bot.tick().more
        ticks += 1
        requests = bot.ledger.load().requests
        for request in requests:
            if request.status is Status.ASKED and request.id not in answered:
                scenario.add_comment(request.author, request.discussion, "1")
                answered.add(request.id)
        all_reported = all(r.reported for r in requests)
        if all_reported and not opening and scenario.teacher_status() == "paused":
            return ticks
        if not more:
            is_idle = all_reported and len(requests) == opened and opening
            pause = max(60.0, opening[0] - scenario.elapsed_seconds) if is_idle else 60.0
            scenario.advance_unless_jobs_run(pause)
    raise AssertionError([f"{r.id} {r.status} {r.verdict}" for r in requests if not r.reported])


def _check_ledger(scenario: LocalScenario, languages: Sequence[str]) -> int:
    """Compare jobs, comments and costs in the ledger with the Hub's; return the number of jobs."""
    bot = scenario.bot()
    requests, jobs = bot.ledger.load().requests, list(scenario.api.list_jobs(namespace=ORG))
    assert {r.status for r in requests} == {Status.DONE}
    assert len({r.agreed_spec.language.code for r in requests}) == len(languages)
    launches = Counter(scenario.launches())
    assert set(launches.values()) == {1}
    assert sum(r.step(step).attempt for r in requests for step in Step) == len(jobs)
    assert len(jobs) > len(steps.NEW_MODEL) * len(languages), "some first attempts failed"
    for request in requests:
        assert all(request.step(info.step).state is StepState.MADE for info in steps.NEW_MODEL)
        kinds = scenario.comment_kinds(request.discussion)
        assert kinds in (["plan", "result", "status"], ["plan", "question", "result", "status"])
    assert not list(
        scenario.api.get_repo_discussions(SPACE, repo_type="space", discussion_status="open")
    )
    _check_costs(scenario, requests)
    return len(jobs)


def _check_costs(scenario: LocalScenario, requests: Sequence[Request]) -> None:
    """Check that each request pays what its jobs ran, and those that use the teacher share it."""
    rates = read_prices(scenario.bot().hub)
    billed: defaultdict[tuple[str, Step], float] = defaultdict(float)
    for job in scenario.api.list_jobs(namespace=ORG):
        labels = labels_of(job)
        step = Step(labels["step"])
        assert job.started_at and job.finished_at
        hours = (job.finished_at - job.started_at).total_seconds() / 3600
        flavor = scenario.policy.recipe.steps[step].flavor
        billed[labels["request"], step] += hours * rates[flavor]
    for request in requests:
        for info in steps.NEW_MODEL:
            usd, jobs_usd = request.step(info.step).cost_usd, billed[request.id, info.step]
            if info.needs_teacher:
                assert usd >= jobs_usd - 1e-9, request.id
            else:
                # Seconds since 1970 are exact to a quarter of a microsecond.
                assert usd == pytest.approx(jobs_usd, rel=1e-5), request.id
        assert request.spent_usd <= request.agreed_spec.cap_usd
