"""The story of three requests, cut at Hub calls before and after they take effect.

Here every n-th cut; `tests/bench` tries every one of them.
"""

from __future__ import annotations

import pytest

from tests.life.crash import tally


@pytest.mark.parametrize("bots", [1, 2, 4])
def test_a_cut_anywhere_changes_nothing(bots: int) -> None:
    tried = tally(bots, every=29)
    assert tried > 20
