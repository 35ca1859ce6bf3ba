"""Three requests on the Hub in memory, with a crash before and after every Hub call.

The Hub tells the bots of nothing: every event is missed, and they poll. Run with
`pytest tests/bench/test_every_crash.py -s`; prints how many crashes and stale reads were tried.
"""

from __future__ import annotations

import pytest

from tests.scenarios.three_requests import check_every_kill, check_every_stale_read


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("bots", [1, 2, 4])
def test_every_crash(bots: int) -> None:
    check_every_kill(bots, every=1, vary_timing=False)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("bots", [1, 2, 4])
def test_every_stale_read(bots: int) -> None:
    assert check_every_stale_read(bots) > 100
