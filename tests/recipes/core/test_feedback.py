"""Rows of the feedback dataset are parsed, and invalid ones are skipped and counted."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.core import feedback
from tests.recipes.feedback_samples import HOSTILE, chat, corrections, json_line, review


def test_rows_are_sorted_by_time_whatever_the_files() -> None:
    rows = corrections()
    parsed = feedback.parse([json_line(row) for row in reversed(rows)], "epo_Latn")
    assert [chat.id for chat in parsed.chats] == [row["id"] for row in rows]
    assert parsed.chats[0].credit == HOSTILE and parsed.chats[0].messages[-1][0] == "user"
    assert parsed.skipped == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"consent": False}, "no_consent"),
        ({"consent": 1}, "no_consent"),
        ({"language": "gla_Latn"}, "another_language"),
        ({"schema": 2}, "unreadable"),
        ({"kind": "like"}, "unknown_kind"),
        ({"messages": []}, "unreadable"),
        ({"messages": [{"role": "assistant", "content": "Saluton"}]}, "unreadable"),
        ({"messages": [{"role": "user", "content": 3}]}, "unreadable"),
        ({"response": None}, "unreadable"),
        ({"rating": "sideways"}, "unreadable"),
        ({"correction": "x" * 64_001}, "too_long"),
    ],
)
def test_an_invalid_row_is_skipped_and_counted(change: dict[str, Any], reason: str) -> None:
    parsed = feedback.parse([json_line({**corrections()[0], **change})], "epo_Latn")
    assert (parsed.chats, parsed.skipped) == ((), {reason: 1})


def test_broken_lines_are_counted_and_the_others_are_read() -> None:
    parsed = feedback.parse(
        [b'{"half": \n\xff\xfe\n[]\n' + json_line(chat(1, "Kio?", "Io."))], "epo_Latn"
    )
    assert (len(parsed.chats), parsed.skipped) == (1, {"unreadable": 3})


def test_only_a_fix_has_a_corrected_text() -> None:
    good = [review(1, "r1", "keep", "a"), review(2, "r1", "fix", "b", fixed="Jes.")]
    wrong = [{**good[1], "fixed": None}, {**good[0], "fixed": "Jes."}]
    parsed = feedback.parse(map(json_line, good + wrong), "epo_Latn")
    assert [review.verdict for review in parsed.reviews] == ["keep", "fix"]
    assert parsed.skipped == {"unreadable": 2}


def test_a_credit_is_one_short_line() -> None:
    row = {**chat(1, "Kio?", "Io."), "credit": "A\n\n# B" + "x" * 200}
    (parsed,) = feedback.parse([json_line(row)], "epo_Latn").chats
    assert parsed.credit is not None and "\n" not in parsed.credit and len(parsed.credit) == 80
