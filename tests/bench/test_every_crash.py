"""The story of three requests, with a crash before and after every Hub call.

Run with `pytest tests/bench/test_every_crash.py -s`; prints how many crashes were tried.
"""

from __future__ import annotations

import pytest

from tests.scenarios.crash_story import tally


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("bots", [1, 2, 4])
def test_every_crash(bots: int) -> None:
    tally(bots, every=1, vary=False)
