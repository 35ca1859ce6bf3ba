"""Verdicts are counted, and Krippendorff's alpha equals that of his own example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.core.agreement import ReviewSettings, agreed_edits, alpha, tally
from recipes.core.feedback import Review
from recipes.core.row_edits import RowEdits, replace_answer

# Four observers, twelve units: "Computing Krippendorff's Alpha-Reliability" (2011), example C.
OBSERVED = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def review(
    row: str, verdict: str, reviewer: str, credit: str | None = None, fixed: str | None = None
) -> Review:
    return Review("i", "t", "epo_Latn", "d", row, verdict, fixed, reviewer, credit)


def test_alpha_equals_the_example_of_the_paper() -> None:
    units = [[values[unit] for values in OBSERVED if values[unit] != "."] for unit in range(12)]
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)


def test_alpha_is_none_without_anything_to_compare() -> None:
    assert alpha([]) is None
    assert alpha([["keep"], ["drop"]]) is None
    assert alpha([["keep", "keep"], ["keep", "keep"]]) is None
    assert alpha([["keep", "drop"]] * 10) == pytest.approx(-0.9)


@given(st.lists(st.lists(st.sampled_from("kfd"), min_size=1, max_size=4), max_size=8))
def test_alpha_is_one_only_if_all_agree(units: list[list[str]]) -> None:
    value = alpha(units)
    if value is not None:
        assert value <= 1 + 1e-9
        assert (value > 1 - 1e-9) == all(len(set(unit)) == 1 for unit in units)


def test_the_last_verdict_of_a_person_counts() -> None:
    reviews = [
        review("r1", "keep", "a"),
        review("r1", "drop", "a"),
        review("r1", "drop", "b", "Eva"),
        review("r2", "fix", "b", "Eva"),
    ]
    counts = tally(reviews)
    assert counts.verdicts == {"keep": 0, "fix": 1, "drop": 2}
    assert (counts.reviewers, counts.rows, counts.shared_rows, counts.credits) == (
        2,
        2,
        1,
        ("Eva",),
    )
    assert counts.is_enough(ReviewSettings(2, 2))
    assert not counts.is_enough(ReviewSettings(3, 2)) and not counts.is_enough(ReviewSettings(2, 3))


def test_an_edit_needs_enough_people_and_a_majority() -> None:
    drop = [review("r1", "drop", who) for who in "ab"]
    assert agreed_edits(drop, 2) == RowEdits(frozenset({"r1"}))
    assert agreed_edits(drop, 3) == RowEdits()
    assert agreed_edits([review("r1", "drop", "a") for _ in "ab"], 2) == RowEdits(), (
        "both reviews are by one person"
    )
    assert agreed_edits([*drop, review("r1", "keep", "c")], 2) == agreed_edits(drop, 2)
    assert not agreed_edits(
        [*drop, review("r1", "keep", "c"), review("r1", "fix", "d", fixed="x")], 2
    )
    assert not agreed_edits([*drop, review("r1", "keep", "b")], 2), "b's last verdict counts"
    assert not agreed_edits([review("r1", "keep", who) for who in "abc"], 2)


def test_the_most_frequent_correction_is_taken_and_then_the_last() -> None:
    fixes = [review("r1", "fix", who, fixed=text) for who, text in ("aX", "bY", "cX", "dZ")]
    assert agreed_edits(fixes, 2).corrected == {"r1": "X"}
    assert agreed_edits(fixes[:2], 2).corrected == {"r1": "Y"}


def test_a_correction_keeps_the_reasoning() -> None:
    assert replace_answer("It is 3.", "Estas 3.") == "Estas 3."
    assert replace_answer("<think>1 + 2</think>\n\nIt is 3.", "Estas 3.") == (
        "<think>1 + 2</think>\n\nEstas 3."
    )
