"""Reviews of rows without a browser: what is stored, what is refused, what a browser remembers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi
from outbox import Outbox
from review_handlers import ReviewDesk
from reviews import Reviewer, Row, Sample, refuse
from space_people import room, visitor
from uploader import Pusher

from recipes.core import feedback

ROW = Row("a1", ({"role": "user", "content": "Kio?"}, {"role": "assistant", "content": "Io."}))
NEXT = Row("b2", ({"role": "user", "content": "Kiu?"}, {"role": "assistant", "content": "Iu."}))
SAMPLE = Sample("epo_Latn", "org/kakugo-epo_Latn", "f" * 40, (ROW, NEXT))


@pytest.fixture
def desk(tmp_path: Path) -> ReviewDesk:
    box = Outbox(tmp_path)
    return ReviewDesk(room(tmp_path), box, Pusher(HfApi("http://127.0.0.1:9", "hf_x"), "o/f", box))


def judge(desk: ReviewDesk, verdict: str, fixed: str = "Io.", consent: object = True,
          mine: object = None, sent: object = None) -> list[Any]:  # fmt: skip
    return desk.judge(verdict, SAMPLE, ROW, fixed, "Eva", consent, mine, sent, "en", visitor())


def test_what_is_stored_is_what_the_recipe_reads(desk: ReviewDesk, tmp_path: Path) -> None:
    shown = judge(desk, "fix", "Nenio.", mine={"name": "0" * 16, "done": []}, sent=["k", 3])
    ((path, text),) = Outbox(tmp_path).rows(9).items()
    found = feedback.parse([text.encode()], "epo_Latn")
    (review,) = found.reviews
    assert (review.row_id, review.verdict, review.fixed) == ("a1", "fix", "Nenio.")
    assert (review.dataset, review.reviewer, review.credit) == (SAMPLE.dataset, "0" * 16, "Eva")
    assert path == f"data/epo_Latn/{review.at[:10]}/{review.id}.jsonl"
    assert json.loads(text)["revision"] == SAMPLE.revision and found.left_out == {}
    assert shown[1] == NEXT and shown[5] == {"name": "0" * 16, "done": ["a1"]}
    assert len(shown[7]) == 2 and shown[7][0] == "k"


@pytest.mark.parametrize(
    ("verdict", "fixed", "credit", "consent", "key"),
    [
        ("keep", "Io.", "", False, "consent_missing"),
        ("keep", "Io.", "", "yes", "consent_missing"),
        ("fix", " Io. ", "", True, "fix_first"),
        ("fix", "  ", "", True, "fix_first"),
        ("keep", "Nenio.", "", True, "keep_changed"),
        ("fix", "x" * 4001, "", True, "correction_long"),
        ("drop", "Io.", "x" * 81, True, "credit_long"),
        ("drop", "Nenio.", "", True, ""),
        ("keep", "Io.", "", True, ""),
    ],
)
def test_what_cannot_be_meant_is_asked_about(
    verdict: str, fixed: str, credit: str, consent: object, key: str
) -> None:
    assert refuse(verdict, ROW, fixed, credit, consent) == key


def test_nothing_is_stored_without_consent_and_the_row_stays(
    desk: ReviewDesk, tmp_path: Path
) -> None:
    shown = judge(desk, "keep", consent=False)
    assert "without your consent" in shown[6] and Outbox(tmp_path).rows(9) == {}
    assert not isinstance(shown[1], Row)


def test_without_a_token_nothing_is_taken(tmp_path: Path) -> None:
    closed = ReviewDesk(room(tmp_path), Outbox(tmp_path), None)
    assert "HF_TOKEN" in judge(closed, "keep")[6] and Outbox(tmp_path).rows(9) == {}


def test_a_skipped_row_is_not_shown_again(desk: ReviewDesk, tmp_path: Path) -> None:
    first = desk.skip(SAMPLE, ROW, None, "en")
    assert first[1] == NEXT
    last = desk.skip(SAMPLE, NEXT, first[5], "en")
    assert last[1] is None and "seen every text" in last[2] and Outbox(tmp_path).rows(9) == {}


@pytest.mark.parametrize("kept", [None, [], {"name": "../x"}, {"name": 3, "done": "a"}])
def test_a_browser_that_remembers_nonsense_gets_a_new_name(kept: object) -> None:
    assert len(Reviewer.read(kept).name) == 16 and Reviewer.read(kept).done == ()


def test_rows_that_cannot_be_reviewed_are_left_out() -> None:
    good = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>h</think>b"}]
    row = Row.read("a1", good)
    assert row and row.answer == "b"
    assert Row.read("a b", good) is None and Row.read(7, good) is None
    assert Row.read("a1", good[:1]) is None and Row.read("a1", None) is None
