"""Three requests on the Hub in memory, with a crash before and after every Hub call.

Run with `pytest tests/bench/test_every_crash.py -s`; prints how many crashes were tried.
"""

from __future__ import annotations

import pytest

from tests.scenarios.three_requests import check_every_kill


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("bots", [1, 2, 4])
def test_every_crash(bots: int) -> None:
    check_every_kill(bots, every=1, vary_timing=False)
