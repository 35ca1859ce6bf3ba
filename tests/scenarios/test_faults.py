"""Ten percent of all calls fail: 429, 5xx, timeouts, lost or truncated responses."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scenarios.crash_story import play


@pytest.mark.parametrize("bots", [1, 2])
def test_every_request_ends_right(bots: int) -> None:
    whole, _ = play(bots, None)
    count: Counter[str] = Counter()
    calls = 0
    for seed in range(1, 16):
        outcome, story = play(bots, None, seed, faults=0.1)
        assert outcome.launches == whole.launches, story.trail
        assert outcome.records == whole.records, story.trail
        assert outcome.spent == whole.spent, story.trail
        assert outcome.comments == whole.comments, story.trail
        assert not outcome.open
        count += story.faults.count
        calls += story.calls
    assert len(count) == 9 and 0.07 < count.total() / calls < 0.13
    print(f"{bots} bots: {count.total()} of {calls} calls went wrong, always the same end")
