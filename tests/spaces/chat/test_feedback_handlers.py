"""The feedback desk without a browser: where it is closed, and where somebody sends too much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from conversation import Talk, Turn
from feedback import Draft, Receipt
from feedback_handlers import MOST_OPINIONS, Desk
from huggingface_hub import HfApi
from outbox import Outbox
from space_people import ADAPTER, room, visitor
from uploader import Pusher

DRAFT = Draft(ADAPTER, ({"role": "user", "content": "Kio?"},), "Tago")


def like(index: int) -> gr.LikeData:
    return gr.LikeData(None, {"index": index, "value": "", "liked": True})


def send(desk: Desk, request: gr.Request, draft: Draft | None = DRAFT) -> list[Any]:
    return desk.send(draft, "up", [], "", "", True, ["junk", 3], "en", request)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    box = Outbox(tmp_path)
    away = Pusher(HfApi("http://127.0.0.1:9", "hf_x"), "org/kakugo-feedback", box)
    return Desk(room(tmp_path), box, away)


def test_without_a_token_it_is_closed_and_says_so(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    closed = Desk(room(tmp_path), box, None)
    talk = Talk((Turn("Kio?", "Tago"),))
    opened = closed.open(talk, ADAPTER.repo, "en", like(1))
    assert opened[1] is None and "HF_TOKEN" in opened[3]
    send(closed, visitor())
    assert box.rows(9) == {}


def test_the_form_is_about_the_answer_that_was_clicked(desk: Desk) -> None:
    talk = Talk((Turn("a", "<think>hm</think>A"), Turn("b", "B"), Turn("c")))
    draft = desk.open(talk, ADAPTER.repo, "en", like(1))[1]
    assert draft.response == "A" and [one["content"] for one in draft.messages] == ["a"]
    draft = desk.open(talk, ADAPTER.repo, "en", like(4))[1]
    assert draft.response == "B" and [one["content"] for one in draft.messages] == ["a", "A", "b"]
    assert not isinstance(desk.open(talk, ADAPTER.repo, "en", like(5))[1], Draft), "no answer yet"
    assert not isinstance(desk.open(talk, "other/model", "en", like(1))[1], Draft)


def test_a_row_is_kept_once_and_its_receipt_remembered(desk: Desk, tmp_path: Path) -> None:
    panel, draft, _, thanks, known, _ = send(desk, visitor())
    (receipt,) = known
    assert Receipt.read(receipt) and receipt in thanks and draft is None
    assert list(Outbox(tmp_path).rows(9)) == [Receipt.read(receipt).path]  # type: ignore[union-attr]
    send(desk, visitor(), None)
    assert len(Outbox(tmp_path).rows(9)) == 1, "the form was sent already"
    told, left, _, _ = desk.delete(receipt, known, "en", visitor())
    assert "as soon as it can" in told and left == [] and Outbox(tmp_path).rows(9) == {}


def test_too_much_is_refused_by_visitor_and_by_address(desk: Desk, tmp_path: Path) -> None:
    for _ in range(MOST_OPINIONS):
        send(desk, visitor())
    assert "Please wait" in send(desk, visitor())[2]
    assert "Please wait" not in send(desk, visitor("two"))[2]
    for number in range(99):
        send(desk, visitor(f"script{number}", "spoofed, 6.6.6.6"))
    assert "Please wait" in send(desk, visitor("script", "other, 6.6.6.6"))[2]
    assert "Please wait" not in send(desk, visitor("else", "9.9.9.9"))[2]


@pytest.mark.parametrize("text", ["", None, "kakugo-", "../../x"])
def test_what_is_no_key_deletes_nothing(desk: Desk, text: str | None, tmp_path: Path) -> None:
    assert "This is no key" in desk.delete(text, [], "en", visitor())[0]
    assert Outbox(tmp_path).drops() == {}
