"""A hundred thousand random stories about money.

Run with `pytest tests/bench/test_money_stories.py -s`; prints what happened in them.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter

import pytest

from tests.bot.planner.test_money_stories import check_stories

COUNT, BATCH = 100_000, 500


def _batch(first: int) -> Counter[str]:
    return check_stories(first, BATCH)


@pytest.mark.timeout(14_400)
def test_limits_hold_and_the_ledger_is_the_bill() -> None:
    told: Counter[str] = Counter()
    with multiprocessing.get_context("forkserver").Pool() as pool:
        for batch in pool.imap_unordered(_batch, range(0, COUNT, BATCH)):
            told += batch
    print(f"\n{COUNT} stories: {dict(told)}")
