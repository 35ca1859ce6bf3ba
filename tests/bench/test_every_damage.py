"""Every damage of the files that recipes, bot and Spaces read; the test suite tries a sample.

Run with `pytest tests/bench/test_every_damage.py`; prints nothing.
"""

from __future__ import annotations

import pytest

from tests import damaged_json
from tests.bot.hub.test_manifests import test_no_damage_gets_through
from tests.recipes.core.test_damaged_files import (
    test_cached_outputs_are_asked_again,
    test_feedback,
    test_logs_of_an_evaluation,
    test_manifests,
    test_manifests_of_schema_1,
    test_profiles,
    test_row_edits,
)
from tests.spaces.leaderboard.test_damaged_files import (
    test_a_damaged_file_of_a_language_leaves_its_part_out,
    test_a_damaged_request_is_left_out_or_lacks_something,
    test_a_damaged_row_is_left_out_and_counted_or_does_no_harm,
    test_damaged_columns_are_refused_or_leave_a_table,
)

__all__ = [
    "test_a_damaged_file_of_a_language_leaves_its_part_out",
    "test_a_damaged_request_is_left_out_or_lacks_something",
    "test_a_damaged_row_is_left_out_and_counted_or_does_no_harm",
    "test_cached_outputs_are_asked_again",
    "test_damaged_columns_are_refused_or_leave_a_table",
    "test_feedback",
    "test_logs_of_an_evaluation",
    "test_manifests",
    "test_manifests_of_schema_1",
    "test_no_damage_gets_through",
    "test_profiles",
    "test_row_edits",
]


@pytest.fixture(autouse=True)
def every_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damaged_json, "SAMPLE", 1)
