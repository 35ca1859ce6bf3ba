"""A bot that starts on a ledger of schema 2 continues with it, and writes today's.

The bot is real; the Hub in memory, jobs and the clock are simulated.
"""

from __future__ import annotations

import json
from pathlib import Path

from bot.domain import names, steps
from bot.domain.codec import SCHEMA
from bot.domain.request import Status, Step
from tests.scenarios.in_memory_client import InMemoryClient, call_directly
from tests.scenarios.in_memory_hub import ORG, InMemoryHub
from tests.scenarios.simulation import Simulation
from tests.scenarios.three_requests import POLICY

OLD_LEDGER = Path(__file__).parents[1] / "data" / "old_schemas" / "ledger_midway"


def old_files() -> dict[str, str]:
    files = [path for path in OLD_LEDGER.rglob("*") if path.is_file()]
    return {
        path.relative_to(OLD_LEDGER).as_posix(): path.read_text(encoding="utf-8") for path in files
    }


def start_training(hub: InMemoryHub, simulation: Simulation) -> None:
    """Start the job that the old ledger waits for."""
    (request,) = simulation.requests()
    repo, _, _ = steps.output(ORG, request, Step.TRAIN)
    digest = steps.digest(POLICY.recipe, request.agreed_spec, Step.TRAIN)
    InMemoryClient(hub).run_job(
        labels={"kakugo": "job", "request": "r1", "step": "train", "attempt": "1"},
        command=["kakugo-recipe", "train", "--into", repo, "--digest", digest],
        image="image",
        flavor="cpu-upgrade",
        timeout=600,
    )


def test_bot_continues_with_an_old_ledger_and_upgrades_it() -> None:
    hub = InMemoryHub()
    simulation = Simulation(hub, POLICY)
    hub.open_discussion("ludoviko", "Esperanto")
    hub.commit(old_files())
    start_training(hub, simulation)

    bot = simulation.controller(call_directly)
    for _ in range(30):
        bot.tick()
        hub.advance_to(hub.now + 20)

    (request,) = simulation.requests()
    assert request.status is Status.DONE and request.reported
    assert hub.launches() == [("r1", "evaluate", 1), ("r1", "train", 1)]
    files = hub.files(hub.head)
    assert json.loads(files[names.ledger_path("r1")])["schema"] == SCHEMA
    assert json.loads(files[names.index_path(1)])["schema"] == SCHEMA
    assert files[names.TEACHER_FILE] == old_files()[names.TEACHER_FILE], "it did not change"
