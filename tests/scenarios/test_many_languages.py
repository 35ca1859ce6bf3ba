"""Many languages, requested by 20 people in one day on the Hub in memory.

The bot is real; the Hub, jobs and the clock are simulated, and one first attempt in nine fails.
`tests/bench` requests all languages of the paper.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from bot.domain import steps
from bot.domain.request import Status, Step, StepState
from bot.settings import Limits
from tests.bot import examples
from tests.scenarios.in_memory_hub import EPOCH, InMemoryHub
from tests.scenarios.simulation import Event, Faults, Simulation, all_reported, open_discussion
from tests.scenarios.three_requests import MAX_LAG, POLICY

pytestmark = pytest.mark.slow

# The codes are those of the paper's tracker.
LANGUAGES = """
    am arz ars as ast az ba bn bo ceb cv cy fo ga gd gl gn ha ht ig jv kmr sdh ky lb lo lus mg mi mn
    mt ny oc pap ps rn rw sd si sm sn st su sw te tg ti tk tt ug xh yi yo zu
""".split()
PEOPLE = [f"speaker{n}" for n in range(20)]
DAY = 86_400.0


def succeeds(labels: Mapping[str, str]) -> bool:
    """Let one first attempt in nine fail."""
    key = f"{labels['request']} {labels['step']}"
    fails_first = sum(ord(c) * (n + 7) for n, c in enumerate(key)) % 9 == 0
    return labels["attempt"] != "1" or not fails_first


def test_requests_for_nine_languages_in_a_day_end_correctly() -> None:
    simulate_day(LANGUAGES[::6], bots=2, faults=0.05)


def simulate_day(languages: Sequence[str], bots: int, faults: float) -> None:
    """Simulate until all requests are reported, and compare the ledger with the Hub."""
    started_at = time.monotonic()
    rng = random.Random(54)
    hub = InMemoryHub(lag=MAX_LAG, seed=54, succeeds=succeeds)
    times = sorted(rng.uniform(0, 0.6 * DAY) for _ in languages)
    script: list[Event] = [
        (at, open_discussion(PEOPLE[n % 20], code))
        for n, (at, code) in enumerate(zip(times, languages, strict=True))
    ]
    script.append((60.0, _answer_questions))
    policy = replace(POLICY, limits=Limits(jobs_per_flavor=3, day_usd=len(languages) * 0.0242))
    simulation = Simulation(
        hub,
        policy,
        bots,
        None,
        54,
        script,
        Faults(faults, 54),
        max_seconds=2 * DAY,
        poll_seconds=60.0,
    )
    simulation.run(all_reported(simulation, len(languages)))
    _check_ledger(simulation, languages)
    print(
        f"{len(languages)} languages, {bots} bots, {faults:.0%} faults: {len(hub.jobs)} jobs, "
        f"{simulation.calls} calls, {(hub.now - EPOCH) / 3600:.1f} h simulated in "
        f"{time.monotonic() - started_at:.0f} s"
    )


def _answer_questions(hub: InMemoryHub) -> float | None:
    """Answer each question once, with its first choice."""
    for num, thread in hub.threads.items():
        questions = [
            text
            for text in hub.bot_comments(num)
            if "Answer with" in text or "Answer `yes`" in text
        ]
        if questions and len([c for c in thread.comments if c.author == thread.author]) == 1:
            hub.add_comment(num, thread.author, "1")
    return 90.0 if hub.now < EPOCH + 1.2 * DAY else None


def _check_ledger(simulation: Simulation, languages: Sequence[str]) -> None:
    """Compare jobs, comments and costs in the ledger with the Hub's."""
    hub, requests = simulation.hub, simulation.requests()
    assert {r.status for r in requests} == {Status.DONE}
    assert len({r.agreed_spec.language.code for r in requests}) == len(languages)
    launches = Counter(hub.launches())
    assert set(launches.values()) == {1}
    for request in requests:
        assert all(request.step(info.step).state is StepState.MADE for info in steps.NEW_MODEL)
        kinds = [
            text.rsplit("kakugo ", 1)[1].split()[0] for text in hub.bot_comments(request.discussion)
        ]
        assert sorted(set(kinds)) == sorted(kinds) and {"plan", "status", "result"} <= set(kinds)
        assert request.spent_usd <= request.agreed_spec.cap_usd
    attempts = sum(request.step(step).attempt for request in requests for step in Step)
    assert attempts == len(hub.jobs) > 3 * len(languages)
    bill_usd = hub.bill_usd(examples.endpoint().usd_per_hour)
    assert sum(r.spent_usd for r in requests) == pytest.approx(bill_usd, abs=1e-3)
    assert hub.endpoint.values[-1] == "paused"
    assert all(t.status.values[-1] == "closed" for t in hub.threads.values())
