"""Ten percent of all calls fail: 429, 5xx, timeouts, lost or truncated responses.

The bot is real; the Hub in memory, jobs and the clock are simulated. `tests/bench` tries more
seeds.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scenarios.three_requests import Outcome, simulate


@pytest.mark.parametrize("bots", [1, 2])
def test_requests_end_the_same_although_calls_fail(bots: int) -> None:
    check_faults(bots, seeds=5)


def check_faults(bots: int, seeds: int) -> None:
    """Compare the outcomes of simulations with faults with that of one without."""
    expected, _ = simulate(bots, None)
    count: Counter[str] = Counter()
    calls = 0
    for seed in range(1, seeds + 1):
        outcome, simulation = simulate(bots, None, seed, faults=0.1)
        assert outcome.launches == expected.launches, simulation.log
        assert outcome.records == expected.records, simulation.log
        assert outcome.is_billed_right, simulation.log
        assert _without_faults(outcome) == _without_faults(expected), simulation.log
        assert not outcome.open
        count += simulation.faults.count
        calls += simulation.calls
    assert len(count) == 9 and 0.07 < count.total() / calls < 0.13
    print(f"{bots} bots: {count.total()} of {calls} calls failed, always the same outcome")


def _without_faults(outcome: Outcome) -> dict[int, list[str]]:
    """Return the comments without those that say that an order had no effect for a while."""
    return {
        num: [text for text in texts if "<!-- kakugo fault" not in text]
        for num, texts in outcome.comments.items()
    }
