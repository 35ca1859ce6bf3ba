"""The limits of requests, people and days, and the ledger against the bill, in random stories."""

from __future__ import annotations

import logging
from collections import Counter

from tests.bot.planner.money_stories import tell


def check_stories(first: int, count: int) -> Counter[str]:
    """Tell that many stories, and return what happened in them."""
    logging.getLogger("bot.controller.decision").setLevel(logging.CRITICAL)
    told: Counter[str] = Counter()
    for seed in range(first, first + count):
        told += tell(seed)
    return told


def test_limits_hold_and_the_ledger_is_the_bill_in_a_sample_of_stories() -> None:
    """`tests/bench/test_money_stories.py` tells a hundred thousand."""
    told = check_stories(0, 150)
    # Stories that reach no limit would prove nothing.
    assert told["jobs"] > 300 and told["crash"] > 200 and told["exact"] > 20
    assert told["person at the limit"] > 20 and told["day at its limit"] > 20
