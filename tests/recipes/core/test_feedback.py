"""The door through which people's words come in."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.core import feedback
from tests.recipes.feedback_samples import HOSTILE, chat, corrections, json_line, review


def test_rows_come_in_the_order_they_were_written_whatever_the_files() -> None:
    rows = corrections()
    found = feedback.parse([json_line(row) for row in reversed(rows)], "epo_Latn")
    assert [one.id for one in found.chats] == [row["id"] for row in rows]
    assert found.chats[0].credit == HOSTILE and found.chats[0].messages[-1][0] == "user"
    assert found.left_out == {}


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
def test_a_row_that_is_not_right_is_left_out_and_counted(
    change: dict[str, Any], reason: str
) -> None:
    found = feedback.parse([json_line({**corrections()[0], **change})], "epo_Latn")
    assert (found.chats, found.left_out) == ((), {reason: 1})


def test_what_is_no_json_is_counted_and_the_rest_is_read() -> None:
    found = feedback.parse(
        [b'{"half": \n\xff\xfe\n[]\n' + json_line(chat(1, "Kio?", "Io."))], "epo_Latn"
    )
    assert (len(found.chats), found.left_out) == (1, {"unreadable": 3})


def test_a_fix_says_what_it_fixes() -> None:
    good = [review(1, "r1", "keep", "a"), review(2, "r1", "fix", "b", fixed="Jes.")]
    wrong = [review(3, "r1", "fix", "c"), review(4, "r1", "keep", "c", fixed="Jes.")]
    found = feedback.parse(map(json_line, good + wrong), "epo_Latn")
    assert [one.verdict for one in found.reviews] == ["keep", "fix"]
    assert found.left_out == {"unreadable": 2}


def test_a_name_is_one_line_of_bounded_length() -> None:
    row = chat(1, "Kio?", "Io.", credit="A\n\n# B" + "x" * 200)
    (found,) = feedback.parse([json_line(row)], "epo_Latn").chats
    assert found.credit is not None and "\n" not in found.credit and len(found.credit) == 80
