"""A number of rows is divided among branches in whole portions."""

from __future__ import annotations

import pytest

from recipes.generate.sources.quotas import capacity, split_quota


@pytest.mark.parametrize("quota", [0, 1, 2, 3, 7, 40, 99, 100, 101, 5_000])
@pytest.mark.parametrize(("branches", "portion", "at_most"), [(8, 3, 33), (1, 5, 200), (20, 1, 1)])
def test_a_quota_is_split_in_whole_portions(
    quota: int, branches: int, portion: int, at_most: int
) -> None:
    shares = split_quota(quota, branches, portion, at_most)
    assert len(shares) == branches and max(shares) <= at_most
    assert sum(shares) == quota or min(shares) + portion > at_most or max(shares) == at_most
    assert max(shares) - min(shares) < 2 * portion
    assert sum(share % portion != 0 for share in shares if share != at_most) <= 1


def test_capacities_are_those_of_the_paper() -> None:
    assert 16 * capacity((20, 10), 3) == 10_608
    assert 60 * capacity((30,), 5) == 9_300
    assert split_quota(16 * capacity((20, 10), 3), 16, 3, 663) == [663] * 16
