"""The story of three requests, with a bot killed before and after calls to the Hub.

Here every n-th cut on the Hub in memory, and some on the local Hub; `tests/bench` tries every one.
"""

from __future__ import annotations

import pytest

from tests.scenarios.crash_story import LAG, play, tally

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("bots", "every"), [(1, 53), (2, 97), (4, 211)])
def test_a_cut_anywhere_changes_nothing(bots: int, every: int) -> None:
    assert tally(bots, every) > 10


def test_beyond_the_bound_it_would_show() -> None:
    """The test can fail: with listings later than the grace allows, work is done twice."""
    doubled = 0
    for seed in range(4):
        outcome, _ = play(4, None, seed, lag=6 * LAG)
        twice = len(set(outcome.launches)) < len(outcome.launches)
        doubled += twice or any(len(c) > 4 for c in outcome.comments.values())
    assert doubled
