"""Three requests on the Hub in memory, with a crash before and after every Hub call.

The Hub tells the bots of nothing: every event is missed, and they poll. Run with
`pytest tests/bench/test_every_crash.py -s`; prints how many crashes and stale reads were tried.

All runs are the same up to their fault, so one process simulates the run without any, and forks at
each call: the fork has the fault, and ends the run.
"""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

import pytest

from tests.scenarios.simulation import Kill, Simulation
from tests.scenarios.three_requests import (
    Outcome,
    assert_expected,
    describe_difference,
    outcome_of,
    simulate,
)

SAME, IN_TIME, DIFFERENT = 0, 3, 1  # exit statuses of forks; IN_TIME: it ended before its fault


def _kill(after: bool) -> Callable[[Simulation], None]:
    def put(simulation: Simulation) -> None:
        simulation.kill = Kill(simulation.calls, after)

    return put


def _read_stale(simulation: Simulation) -> None:
    simulation.stale_call = simulation.calls


@dataclass
class Forks:
    """Forks of this process that end a run with a fault; as many at once as there are cores."""

    faults: tuple[Callable[[Simulation], None], ...]
    expected: Outcome
    is_fork: bool = False
    statuses: Counter[int] = field(default_factory=Counter)
    _running: int = 0

    def start(self, simulation: Simulation) -> None:
        """Fork for each fault at the call that is due; a fork returns with its fault."""
        if self.is_fork:
            return
        for put in self.faults:
            if self._running == (os.cpu_count() or 1):
                self._wait()
            if not os.fork():
                self.is_fork = True
                put(simulation)
                return
            self._running += 1
        if simulation.calls % 100 == 0:
            print(f"{simulation.bots} bots: call {simulation.calls}", flush=True)

    def end(self, simulation: Simulation) -> NoReturn:
        """End a fork, which has a difference to report or none."""
        if outcome_of(simulation) != self.expected:
            print(describe_difference(self.expected, simulation), flush=True)
            os._exit(DIFFERENT)
        os._exit(IN_TIME if simulation.kill and not simulation.kills else SAME)

    def wait_for_all(self) -> None:
        """Wait until all have ended."""
        while self._running:
            self._wait()

    def _wait(self) -> None:
        _, status = os.wait()
        self.statuses[os.waitstatus_to_exitcode(status)] += 1
        self._running -= 1


def check_all(bots: int, *faults: Callable[[Simulation], None]) -> tuple[int, int]:
    """Try each fault at every call; return how many runs had one, and the number of calls."""
    expected, without = simulate(bots, None)
    assert_expected(expected)
    forks = Forks(faults, expected)
    try:
        outcome, simulation = simulate(bots, None, before_call=forks.start)
        if forks.is_fork:
            forks.end(simulation)
    except BaseException:
        if forks.is_fork:
            traceback.print_exc()
            os._exit(DIFFERENT)
        raise
    forks.wait_for_all()
    assert outcome == expected and simulation.calls == without.calls
    assert not forks.statuses.keys() - {SAME, IN_TIME}, forks.statuses
    assert forks.statuses.total() == len(faults) * simulation.calls
    return forks.statuses[SAME], simulation.calls


@pytest.mark.timeout(0)
@pytest.mark.parametrize("bots", [1, 2, 4])
def test_every_crash(bots: int) -> None:
    kills, calls = check_all(bots, _kill(after=False), _kill(after=True))
    assert kills >= 2 * (calls - bots)  # a run may end before the last ones
    print(f"{bots} bots: {kills} kills in {calls} calls, always the same outcome")


@pytest.mark.timeout(0)
@pytest.mark.parametrize("bots", [1, 2, 4])
def test_every_stale_read(bots: int) -> None:
    reads, _ = check_all(bots, _read_stale)
    assert reads > 100
    print(f"{bots} bots: {reads} stale reads, always the same outcome")
