"""Feedback counts only if somebody answers for it: a known author, or who accepted it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recipes.core import decisions, feedback
from recipes.core.agreement import ReviewSettings, agreed_edits, tally
from recipes.core.feedback import Feedback
from tests.recipes.feedback_samples import attack, chat, decision, json_line, known_reviewer, review


def counted(rows: list[dict[str, Any]], *decided: dict[str, Any]) -> Feedback:
    parsed = feedback.parse(map(json_line, rows), "epo_Latn")
    return decisions.counted(parsed, decisions.parse(map(json_line, decided)))


def anonymous(number: int, **more: Any) -> dict[str, Any]:
    return chat(number, "Kio?", "It.", correction=f"Io {number}.", account="", **more)


def test_made_up_names_count_for_nothing() -> None:
    result = counted(attack())
    assert (result.chats, result.reviews, result.skipped) == ((), (), {"waiting": 52})
    count = tally(result.reviews)
    assert count.credits == () and not count.is_enough(ReviewSettings(1, 1))
    assert not agreed_edits(result.reviews, 1)


def test_accepted_row_counts_with_the_accepted_wording_and_name() -> None:
    rows = [anonymous(number, credit="Eva") for number in range(4)]
    result = counted(
        rows,
        decision(rows[0]),
        decision(rows[1], text="Iu.", credit=""),
        decision(rows[2], "refuse"),
    )
    assert [(row.correction, row.credit, row.account) for row in result.chats] == [
        ("Io 0.", "Eva", "fatima"),
        ("Iu.", None, "fatima"),
    ]
    assert result.skipped == {"refused": 1, "waiting": 1}


def test_reviewers_are_accounts_that_somebody_knows() -> None:
    rows = [
        review(1, "r1", "drop", "ana"),
        review(2, "r1", "drop", "ben"),
        review(3, "r1", "drop", "stranger"),
        review(4, "r2", "fix", "", fixed="Jes."),
        review(5, "r2", "fix", "ana", fixed="Jes."),
        review(6, "r3", "drop", "ana"),
    ]
    known = [known_reviewer("ana"), known_reviewer("ben")]
    gone = {**known_reviewer("stranger"), "known": False}
    result = counted(rows, *known, gone, decision(rows[3]), decision(rows[5], "refuse"))
    count = tally(result.reviews)
    assert (count.reviewers, count.rows, result.skipped) == (3, 2, {"waiting": 1, "refused": 1})
    edits = agreed_edits(result.reviews, 2)
    assert edits.dropped == {"r1"}
    assert edits.corrected == {"r2": "Jes."}, "who accepts a wording answers for it as a reviewer"


def test_one_steward_who_accepts_many_anonymous_reviews_is_one_reviewer() -> None:
    rows = [review(number, "r1", "drop", "", reviewer=f"{number:016}") for number in range(5)]
    result = counted(rows, *map(decision, rows))
    assert len(result.reviews) == 5 and tally(result.reviews).reviewers == 1
    assert not agreed_edits(result.reviews, 2)


def test_deleted_row_is_gone_whatever_was_decided() -> None:
    row = anonymous(1)
    assert counted([], decision(row)) == Feedback((), (), {})


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b'{"schema": 1',
        json.dumps({**decision(anonymous(1)), "schema": 2}).encode(),
        json.dumps({**decision(anonymous(1)), "verdict": "yes"}).encode(),
        json.dumps({**decision(anonymous(1)), "by": ""}).encode(),
        json.dumps({**decision(anonymous(1)), "text": ""}).encode(),
        json.dumps({**decision(anonymous(1)), "credit": "x" * 81}).encode(),
        json.dumps({**known_reviewer("eva"), "known": "yes"}).encode(),
        json.dumps(decision(anonymous(1), text="x" * 64_001)).encode(),
    ],
)
def test_unreadable_decision_decides_nothing(content: bytes) -> None:
    parsed = feedback.parse([json_line({**anonymous(1), "account": "eva"})], "epo_Latn")
    result = decisions.counted(parsed, decisions.parse([content]))
    assert (result.chats, result.skipped) == ((), {"waiting": 1, "unreadable_decision": 1})
