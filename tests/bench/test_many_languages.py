"""All 54 languages of the paper, requested in one day by 20 people, on both stand-ins of the Hub.

Run with `pytest tests/bench/test_many_languages.py -s`; prints a summary.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.many_languages import rehearse
from tests.scenarios.test_many_languages import LANGUAGES, play_a_day


@pytest.mark.timeout(900)
def test_fifty_four_languages_on_the_local_hub(tmp_path: Path) -> None:
    titles = [
        f"Language: {code}" for code in LANGUAGES
    ]  # the Hub requires titles of at least three letters
    print(rehearse(tmp_path, titles, people=20, patience=800))


@pytest.mark.parametrize(("bots", "faults"), [(1, 0.0), (4, 0.1)])
def test_fifty_four_languages_on_the_hub_in_memory(bots: int, faults: float) -> None:
    play_a_day(bots, faults)
