"""Counting verdicts, and Krippendorff's alpha against his own example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.core.agreement import ReviewSettings, alpha, settle, tally
from recipes.core.feedback import Review
from recipes.core.row_edits import RowEdits, reworded

# Four observers, twelve units: "Computing Krippendorff's Alpha-Reliability" (2011), example C.
OBSERVED = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def said(
    row: str, verdict: str, who: str, credit: str | None = None, fixed: str | None = None
) -> Review:
    return Review("i", "t", "epo_Latn", "d", row, verdict, fixed, who, credit)


def test_alpha_is_as_in_the_paper() -> None:
    units = [[values[unit] for values in OBSERVED if values[unit] != "."] for unit in range(12)]
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)


def test_alpha_is_not_defined_where_nothing_can_be_compared() -> None:
    assert alpha([]) is None
    assert alpha([["keep"], ["drop"]]) is None
    assert alpha([["keep", "keep"], ["keep", "keep"]]) is None
    assert alpha([["keep", "drop"]] * 10) == pytest.approx(-0.9)


@given(st.lists(st.lists(st.sampled_from("kfd"), min_size=1, max_size=4), max_size=8))
def test_alpha_is_never_over_one_and_one_only_when_all_agree(units: list[list[str]]) -> None:
    found = alpha(units)
    if found is not None:
        assert found <= 1 + 1e-9
        assert (found > 1 - 1e-9) == all(len(set(unit)) == 1 for unit in units)


def test_who_looks_twice_is_heard_with_the_last_word() -> None:
    found = tally([said("r1", "keep", "a"), said("r1", "drop", "a"), said("r1", "drop", "b", "Eva"),
                   said("r2", "fix", "b", "Eva")])  # fmt: skip
    assert found.verdicts == {"keep": 0, "fix": 1, "drop": 2}
    assert (found.reviewers, found.rows, found.shared, found.credits) == (2, 2, 1, ("Eva",))
    assert found.enough(ReviewSettings(2, 2))
    assert not found.enough(ReviewSettings(3, 2)) and not found.enough(ReviewSettings(2, 3))


def test_a_row_is_settled_by_enough_people_who_are_most_of_those_who_looked() -> None:
    drop = [said("r1", "drop", who) for who in "ab"]
    assert settle(drop, 2) == RowEdits(frozenset({"r1"}))
    assert settle(drop, 3) == RowEdits()
    assert settle([said("r1", "drop", "a") for _ in "ab"], 2) == RowEdits(), "it is one person"
    assert settle([*drop, said("r1", "keep", "c")], 2) == settle(drop, 2)
    assert not settle([*drop, said("r1", "keep", "c"), said("r1", "fix", "d", fixed="x")], 2)
    assert not settle([*drop, said("r1", "keep", "b")], 2), "the last word counts"
    assert not settle([said("r1", "keep", who) for who in "abc"], 2)


def test_a_correction_is_taken_as_most_people_worded_it_and_then_as_the_last_did() -> None:
    fixes = [said("r1", "fix", who, fixed=text) for who, text in ("aX", "bY", "cX", "dZ")]
    assert settle(fixes, 2).corrected == {"r1": "X"}
    assert settle(fixes[:2], 2).corrected == {"r1": "Y"}


def test_a_correction_replaces_what_was_seen_of_an_answer() -> None:
    assert reworded("It is 3.", "Estas 3.") == "Estas 3."
    assert reworded("<think>1 + 2</think>\n\nIt is 3.", "Estas 3.") == (
        "<think>1 + 2</think>\n\nEstas 3."
    )
