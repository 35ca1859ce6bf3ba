"""All 54 languages of the paper in one day, on the local Hub and on the Hub in memory.

Run with `pytest tests/bench/test_many_languages.py -s`; prints a summary.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.local_many_languages import run_day
from tests.scenarios.test_many_languages import LANGUAGES, simulate_day


@pytest.mark.timeout(900)
def test_fifty_four_languages_on_the_local_hub(tmp_path: Path) -> None:
    titles = [
        f"Language: {code}" for code in LANGUAGES
    ]  # the Hub requires titles of at least three letters
    print(run_day(tmp_path, titles, people=20, timeout_seconds=800))


@pytest.mark.parametrize(("bots", "faults"), [(1, 0.0), (2, 0.05), (4, 0.1)])
def test_fifty_four_languages_on_the_hub_in_memory(bots: int, faults: float) -> None:
    simulate_day(LANGUAGES, bots, faults)
