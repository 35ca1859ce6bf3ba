"""All 54 languages of the paper, requested by 20 people in one day: all end correctly.

The Hub is the one in memory, the recipes are its stand-ins; a few of their jobs fail.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import replace

import pytest

from bot.domain import costs, steps
from bot.domain.request import Status, Step, StepState
from bot.settings import Limits
from tests.scenarios.crash_story import LAG, POLICY
from tests.scenarios.memory_hub import EPOCH, SECONDS, HubModel
from tests.scenarios.simulation import Faults, Simulation, told

pytestmark = pytest.mark.slow

# The codes as the paper's tracker lists them.
LANGUAGES = """
    am arz ars as ast az ba bn bo ceb cv cy fo ga gd gl gn ha ht ig jv kmr sdh ky lb lo lus mg mi mn
    mt ny oc pap ps rn rw sd si sm sn st su sw te tg ti tk tt ug xh yi yo zu
""".split()
PEOPLE = [f"speaker{n}" for n in range(20)]
DAY = 86_400.0


def unlucky(labels: object) -> bool:
    """One job in nine fails, whatever it is; never twice in a row for one step."""
    key = dict(labels)  # type: ignore[call-overload]
    return key["attempt"] != "1" or hash_of(f"{key['request']} {key['step']}") % 9 != 0


def hash_of(text: str) -> int:
    return sum(ord(c) * (n + 7) for n, c in enumerate(text))


def test_fifty_four_languages_in_a_day() -> None:
    play_a_day(bots=2, faults=0.05)


def play_a_day(bots: int, faults: float) -> None:
    """Play until all requests are answered to the end; check ledger and Hub against each other."""
    begun = time.monotonic()
    luck = random.Random(54)
    hub = HubModel(lag=LAG, seed=54, succeeds=unlucky)
    moments = sorted(luck.uniform(0, 0.6 * DAY) for _ in LANGUAGES)
    script = [
        (at, lambda h, n=n, c=code: h.asks(PEOPLE[n % 20], c) and None)
        for n, (at, code) in enumerate(zip(moments, LANGUAGES, strict=True))
    ]
    script += [(60.0, lambda h: _answers(h))]
    policy = replace(POLICY, limits=Limits(jobs_per_flavor=3, day_usd=54 * 0.0242))
    simulation = Simulation(
        hub, policy, bots, None, 54, script, Faults(faults, 54), longest=2 * DAY, pause=60.0
    )
    simulation.play(told(simulation, len(LANGUAGES)))
    _balances(simulation)
    print(
        f"{len(LANGUAGES)} languages, {bots} bots, {faults:.0%} faults: {len(hub.jobs)} jobs, "
        f"{simulation.calls} calls, {(hub.now - EPOCH) / 3600:.1f} h played in "
        f"{time.monotonic() - begun:.0f} s"
    )


def _answers(hub: HubModel) -> float | None:
    """People answer what they are asked, once, with the first of the choices."""
    for num, thread in hub.threads.items():
        asked = [text for text in hub.heard(num) if "Answer with" in text or "Answer `yes`" in text]
        if asked and len([c for c in thread.comments if c.author == thread.author]) == 1:
            hub.says(num, thread.author, "1")
    return 90.0 if hub.now < EPOCH + 1.2 * DAY else None


def _balances(simulation: Simulation) -> None:
    """The ledger against the Hub: each job, each comment, each cent."""
    hub, requests = simulation.hub, simulation.requests()
    assert {r.status for r in requests} == {Status.DONE}
    assert len({r.agreed_spec.language.code for r in requests}) == len(LANGUAGES)
    launches = Counter(hub.launches())
    assert set(launches.values()) == {1}
    for request in requests:
        assert all(request.step(row.step).state is StepState.MADE for row in steps.TABLE)
        kinds = [text.rsplit("kakugo ", 1)[1].split()[0] for text in hub.heard(request.discussion)]
        assert sorted(set(kinds)) == sorted(kinds) and {"plan", "status", "result"} <= set(kinds)
        assert request.spent_usd <= request.agreed_spec.cap_usd
    attempts = sum(request.step(step).attempt for request in requests for step in Step)
    assert attempts == len(hub.jobs) > 54 * 3
    billed = 0.0
    for job in hub.jobs:
        step = Step(job.labels["step"])
        ran = SECONDS[step.value] + (3.0 if job.stage.values[-1] == "COMPLETED" else 0.0)
        billed += ran / 3600 * costs.usd_per_hour(POLICY.recipe, step, FLAVOR_PRICES)
    assert sum(r.spent_usd for r in requests) == pytest.approx(billed, abs=1e-3)
    assert hub.endpoint.values[-1] == "paused"
    assert all(t.status.values[-1] == "closed" for t in hub.threads.values())


FLAVOR_PRICES = {"cpu-basic": 0.01, "cpu-upgrade": 0.03}
