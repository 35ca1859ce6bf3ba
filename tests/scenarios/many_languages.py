"""Many languages in one day on the local Hub: real calls, real processes, fake recipes.

People ask when they like and answer what they are asked; one job in nine fails at first.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.domain import costs, steps
from bot.domain.request import Request, Status, Step, StepState
from bot.hub.observe import read_prices
from bot.localhub.testing import LocalHub
from bot.settings import Limits
from tests.scenarios.fake_recipe import SECONDS
from tests.scenarios.local_bots import BOT, ORG, SPACE, Theatre

DAY = 86_400.0
LIMITS = Limits(jobs_per_flavor=3, day_usd=1_000.0, person_usd=100.0)


def luck(labels: Mapping[str, str]) -> str:
    """One job in nine fails at first, whatever it is."""
    key = f"{labels['request']} {labels['step']}"
    lucky = sum(ord(c) * (n + 7) for n, c in enumerate(key)) % 9 != 0
    return "good" if lucky or labels["attempt"] != "1" else "fail"


def rehearse(folder: Path, languages: Sequence[str], people: int, patience: float) -> str:
    """Play the day; every request must end right and the ledger balance. Returns what it took."""
    begun = time.monotonic()
    speakers = [f"speaker{n}" for n in range(people)]
    with LocalHub(folder, users=(BOT, *speakers), orgs={ORG: (BOT,)}) as hub:
        theatre = Theatre(hub, luck, LIMITS)
        rounds = _day(theatre, languages, speakers, begun + patience)
        jobs = _balances(theatre, languages)
        hours = theatre.shift / 3600
    return (
        f"{len(languages)} languages, {people} people: {jobs} jobs in {rounds} ticks, "
        f"{hours:.1f} h played in {time.monotonic() - begun:.0f} s"
    )


def _day(theatre: Theatre, languages: Sequence[str], speakers: list[str], deadline: float) -> int:
    dice = random.Random(54)
    coming = sorted(dice.uniform(0, 0.6 * DAY) for _ in languages)
    bot, answered, rounds = theatre.bot(), set[str](), 0
    while time.monotonic() < deadline:
        asked = len(languages) - len(coming)
        while coming and coming[0] <= theatre.shift:
            theatre.asks(speakers[asked % len(speakers)], languages[asked])
            asked, coming = asked + 1, coming[1:]
        more = bot.tick().more
        rounds += 1
        requests = bot.ledger.load().requests
        for request in requests:
            if request.status is Status.ASKED and request.id not in answered:
                theatre.says(request.author, request.discussion, "1")
                answered.add(request.id)
        told = all(r.reported for r in requests)
        if told and not coming and _endpoint(theatre) == "paused":
            return rounds
        if not more:
            idle = told and len(requests) == asked and coming
            theatre.pass_time(max(60.0, coming[0] - theatre.shift) if idle else 60.0)
    raise AssertionError([f"{r.id} {r.status} {r.verdict}" for r in requests if not r.reported])


def _endpoint(theatre: Theatre) -> str:
    name = theatre.policy.recipe.teacher.name
    return str(theatre.api.get_inference_endpoint(name, namespace=ORG).status)


def _balances(theatre: Theatre, languages: Sequence[str]) -> int:
    """The ledger against the Hub: each job, each comment, each cent. Returns how many jobs."""
    bot = theatre.bot()
    requests, jobs = bot.ledger.load().requests, list(theatre.api.list_jobs(namespace=ORG))
    assert {r.status for r in requests} == {Status.DONE}
    assert len({r.agreed_spec.language.code for r in requests}) == len(languages)
    launches = Counter(theatre.launches())
    assert set(launches.values()) == {1}
    assert sum(r.step(step).attempt for r in requests for step in Step) == len(jobs)
    assert len(jobs) > 3 * len(languages), "some have failed at first"
    for request in requests:
        assert all(request.step(row.step).state is StepState.MADE for row in steps.TABLE)
        kinds = theatre.kinds(request.discussion)
        assert kinds in (["plan", "result", "status"], ["plan", "question", "result", "status"])
    assert not list(
        theatre.api.get_repo_discussions(SPACE, repo_type="space", discussion_status="open")
    )
    _money(theatre, requests)
    return len(jobs)


def _money(theatre: Theatre, requests: Sequence[Request]) -> None:
    """A good job costs what its manifest says, a failed one what the Hub says it ran."""
    rates = read_prices(theatre.bot().hub)
    billed: Counter[str] = Counter()
    for job in theatre.api.list_jobs(namespace=ORG):
        step = Step(job.labels["step"])
        assert job.started_at and job.finished_at
        ran = (job.finished_at - job.started_at).total_seconds()
        seconds = SECONDS if job.status.stage == "COMPLETED" else ran
        billed[job.labels["request"]] += (  # type: ignore[assignment]
            seconds / 3600 * costs.usd_per_hour(theatre.policy.recipe, step, rates)
        )
    for request in requests:
        assert request.spent_usd == pytest.approx(billed[request.id], abs=1e-5), request.id
        assert request.spent_usd <= request.agreed_spec.cap_usd
