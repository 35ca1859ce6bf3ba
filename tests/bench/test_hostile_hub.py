"""Three requests on the Hub in memory, whatever webhooks arrive and whichever calls fail.

Run with `pytest tests/bench/test_hostile_hub.py -s`; prints how many deliveries and faults.
"""

from __future__ import annotations

import pytest

from tests.scenarios.test_faults import check_faults
from tests.scenarios.test_webhook_order import check_deliveries


def test_100_000_deliveries() -> None:
    check_deliveries(100_000)


@pytest.mark.parametrize("bots", [1, 2, 4])
def test_faults_of_40_seeds(bots: int) -> None:
    check_faults(bots, seeds=40)
