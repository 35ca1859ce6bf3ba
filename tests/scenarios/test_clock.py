"""A machine whose clock is wrong neither cancels nor charges anything."""

from __future__ import annotations

import pytest

from bot.controller.ledger import Ledger
from bot.controller.tick import Controller
from bot.domain import names
from bot.hub.client import Allowance, WrongClock
from bot.hub.ledger_repo import LedgerRepo
from bot.hub.observe import check_clock
from tests.scenarios.in_memory_client import InMemoryClient
from tests.scenarios.in_memory_hub import ORG, URL, InMemoryHub
from tests.scenarios.simulation import InMemoryConnection, Simulation, open_discussion
from tests.scenarios.three_requests import POLICY


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_wrong_by_a_day_changes_nothing(days: int) -> None:
    hub = InMemoryHub()
    simulation = Simulation(hub, POLICY, script=[(1.0, open_discussion("ludoviko", "Welsh"))])

    def is_running() -> bool:
        return any(job.stage.values[-1] == "RUNNING" for job in hub.jobs)

    simulation.run(is_running, settle_seconds=5.0)
    head, stages = hub.head, [job.stage.values[:] for job in hub.jobs]
    connection = InMemoryConnection(
        URL, ORG, "", "", "", lambda: hub.now + days * 86_400.0, client=InMemoryClient(hub)
    )
    ledger = Ledger(LedgerRepo(connection, names.ledger(ORG)))
    with pytest.raises(WrongClock, match="86400 s (ahead of|behind) the Hub's: synchronize"):
        Controller(connection, ledger, POLICY).tick()
    assert hub.head == head and hub.endpoint.values == ["running"]
    assert [job.stage.values for job in hub.jobs] == stages and is_running()


def test_a_hub_that_does_not_say_the_time_is_not_trusted() -> None:
    with pytest.raises(WrongClock, match="does not say what time it is"):
        check_clock(1.8e9, Allowance())
    check_clock(1.8e9, Allowance(answered_at=1.8e9 - 299.0))
