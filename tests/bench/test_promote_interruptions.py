"""A promotion that is killed before each of its writes and run again has the same results.

Run with `pytest tests/bench/test_promote_interruptions.py -s`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.localhub.testing import LocalHub
from tests.recipes.conftest import tiny_base
from tests.recipes.promote.test_interruptions import (
    ALL_WRITES,
    Promotions,
    check_kills,
    hub,
    letter_adapters,
    promotions,
)

__all__ = ["hub", "letter_adapters", "promotions", "tiny_base"]
pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # PEFT's, of transformers
]


@pytest.mark.parametrize("better", [True, False])
def test_every_write(
    hub: LocalHub,
    letter_adapters: dict[str, Path],
    promotions: Promotions,
    better: bool,
) -> None:
    check_kills(hub, letter_adapters, promotions, better, range(1, ALL_WRITES[better] + 1))
