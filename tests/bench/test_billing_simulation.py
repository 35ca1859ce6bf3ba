"""A hundred thousand random simulations of a bill.

Run with `pytest tests/bench/test_billing_simulation.py -s`; prints what happened in them.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter

import pytest

from tests.bot.planner.test_billing_simulation import check_simulations

COUNT, BATCH = 100_000, 500


def _batch(first: int) -> Counter[str]:
    return check_simulations(first, BATCH)


@pytest.mark.timeout(14_400)
def test_limits_hold_and_the_ledger_is_the_bill() -> None:
    counts: Counter[str] = Counter()
    with multiprocessing.get_context("forkserver").Pool() as pool:
        for batch in pool.imap_unordered(_batch, range(0, COUNT, BATCH)):
            counts += batch
    print(f"\n{COUNT} simulations: {dict(counts)}")
