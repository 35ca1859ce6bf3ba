"""Random simulations keep the limits of requests, people and days, and the ledger is the bill."""

from __future__ import annotations

import logging
from collections import Counter

from tests.bot.planner.billing_simulation import simulate


def check_simulations(first: int, count: int) -> Counter[str]:
    """Run that many simulations, and return how often each thing happened.

    In every fifth, the operator changes the limits.
    """
    logging.getLogger("bot.controller.decision").setLevel(logging.CRITICAL)
    counts: Counter[str] = Counter()
    for seed in range(first, first + count):
        counts += simulate(seed, changes_limits=seed % 5 == 4)
    return counts


def test_limits_hold_and_the_ledger_is_the_bill_in_a_sample_of_simulations() -> None:
    """`tests/bench/test_billing_simulation.py` runs a hundred thousand."""
    counts = check_simulations(0, 75)
    # Simulations that reach no limit would prove nothing.
    assert counts["jobs"] > 150 and counts["crash"] > 100 and counts["exact"] > 10
    assert counts["other limits"] > 25
    assert counts["person at the limit"] > 10 and counts["day at its limit"] > 10
