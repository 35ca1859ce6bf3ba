"""Ranges that numbers may have."""

from __future__ import annotations

import pytest

from recipes.validation.ranges import is_fertility


@pytest.mark.parametrize("value", [0, -1, 1e9, True, "2", None, float("nan")])
def test_an_absurd_fertility_is_not_used(value: object) -> None:
    assert not is_fertility(value) and is_fertility(11.8)
