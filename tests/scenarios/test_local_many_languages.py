"""Three languages in one day on the local Hub, with fake recipes; `tests/bench` has all 54."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.local_many_languages import run_day

pytestmark = pytest.mark.slow

# The bot asks about one of them.
LANGUAGES = ["Amharic", "Kurdish", "gàidhlig"]


@pytest.mark.timeout(200)
def test_requests_of_two_people_for_three_languages_end_correctly(tmp_path: Path) -> None:
    print(run_day(tmp_path, LANGUAGES, people=2, timeout_seconds=150))
