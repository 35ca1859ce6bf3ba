"""Three requests on the Hub in memory, with a bot killed before or after every n-th call.

The bot is real; the Hub, jobs and the clock are simulated. `tests/bench` kills the bot at every
call, and `test_local_crash.py` at some calls on the local Hub.
"""

from __future__ import annotations

import pytest

from tests.scenarios.three_requests import MAX_LAG, check_some_kills, simulate

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("bots", "every"), [(1, 202), (2, 362), (4, 662)])
def test_requests_end_the_same_wherever_a_bot_is_killed(bots: int, every: int) -> None:
    assert check_some_kills(bots, every) > 2


def test_listings_older_than_the_grace_let_work_be_done_twice() -> None:
    """The test above can fail."""

    def is_doubled(seed: int) -> bool:
        outcome, _ = simulate(4, None, seed, lag=4 * MAX_LAG)
        launched_twice = len(set(outcome.launches)) < len(outcome.launches)
        return launched_twice or any(len(c) > 4 for c in outcome.comments.values())

    assert any(map(is_doubled, range(1, 4)))
