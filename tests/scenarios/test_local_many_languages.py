"""A few languages in one day on the local Hub; `tests/bench` has the full version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.many_languages import rehearse

pytestmark = pytest.mark.slow

# One is asked back.
LANGUAGES = ["Amharic", "Kurdish", "cym", "Faroese", "Basque", "gàidhlig"]


@pytest.mark.timeout(200)
def test_six_languages_of_three_people(tmp_path: Path) -> None:
    print(rehearse(tmp_path, LANGUAGES, people=3, patience=150))
