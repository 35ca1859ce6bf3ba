"""The story of three requests, cut at every single Hub call, before and after it takes effect."""

from __future__ import annotations

import pytest

from tests.scenarios.crash_story import tally


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("bots", [1, 2, 4])
def test_every_cut(bots: int) -> None:
    tally(bots, every=1, vary=False)
