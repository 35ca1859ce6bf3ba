"""Which rows can be reviewed, which reviews are refused, what a browser remembers."""

from __future__ import annotations

import pytest
from reviews import Reviewer, Row, check_review

ROW = Row("a1", ({"role": "user", "content": "Kio?"}, {"role": "assistant", "content": "Io."}))


@pytest.mark.parametrize(
    ("verdict", "fixed", "credit", "consent", "key"),
    [
        ("keep", "Io.", "", False, "consent_missing"),
        ("keep", "Io.", "", "yes", "consent_missing"),
        ("fix", " Io. ", "", True, "fix_unchanged"),
        ("fix", "  ", "", True, "fix_unchanged"),
        ("keep", "Nenio.", "", True, "keep_changed"),
        ("fix", "x" * 4001, "", True, "correction_too_long"),
        ("drop", "Io.", "x" * 81, True, "credit_too_long"),
        ("drop", "Nenio.", "", True, ""),
        ("keep", "Io.", "", True, ""),
    ],
)
def test_contradictory_review_is_refused(
    verdict: str, fixed: str, credit: str, consent: object, key: str
) -> None:
    assert check_review(verdict, ROW, fixed, credit, consent) == key


@pytest.mark.parametrize("stored", [None, [], {"name": "../x"}, {"name": 3, "done": "a"}])
def test_invalid_browser_state_gives_a_new_reviewer(stored: object) -> None:
    reviewer = Reviewer.parse(stored)
    assert len(reviewer.name) == 16 and reviewer.reviewed == ()


def test_rows_that_cannot_be_reviewed_are_ignored() -> None:
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "<think>h</think>b"},
    ]
    row = Row.parse("a1", messages)
    assert row and row.answer == "b"
    assert Row.parse("a b", messages) is None and Row.parse(7, messages) is None
    assert Row.parse("a1", messages[:1]) is None and Row.parse("a1", None) is None
