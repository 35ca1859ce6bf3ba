"""The feedback form without a browser: closed, accepted, refused, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conversation import Conversation, Turn
from feedback import RatedAnswer, Receipt
from huggingface_hub import HfApi
from outbox import Outbox
from uploader import Uploader

from tests.spaces.named_components import named_components
from tests.spaces.visitors import ADAPTER, model_registry, signed_in, visitor

if TYPE_CHECKING:
    import gradio as gr
    from feedback_handlers import FeedbackHandlers

pytestmark = pytest.mark.xdist_group("gradio")

ANSWER = RatedAnswer(ADAPTER, ({"role": "user", "content": "Kio?"},), "Tago")


def like(index: int) -> gr.LikeData:
    import gradio as gr

    return gr.LikeData(None, {"index": index, "value": "", "liked": True})


def send(
    handlers: FeedbackHandlers,
    request: gr.Request,
    answer: RatedAnswer | None = ANSWER,
    account: str = "",
) -> dict[str, Any]:
    profile = signed_in(account) if account else None
    return handlers.send(answer, "up", [], "", "", True, ["junk", 3], "en", request, profile)


def handlers_with(uploader: Uploader | None, outbox: Outbox, folder: Path) -> FeedbackHandlers:
    from components import FeedbackComponents, PageState
    from feedback_handlers import FeedbackHandlers

    form, state = named_components(FeedbackComponents), named_components(PageState)
    return FeedbackHandlers(model_registry(folder), outbox, uploader, form, state)


@pytest.fixture
def handlers(tmp_path: Path) -> FeedbackHandlers:
    outbox = Outbox(tmp_path)
    unreachable = Uploader(HfApi("http://127.0.0.1:9", "hf_x"), "org/kakugo-feedback", outbox)
    return handlers_with(unreachable, outbox, tmp_path)


def test_form_without_a_token_says_that_it_is_closed(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    closed = handlers_with(None, outbox, tmp_path)
    conversation = Conversation((Turn("Kio?", "Tago"),))
    opened = closed.open(conversation, ADAPTER.repo, "en", like(1))
    assert opened["rated_answer"] is None and "HF_TOKEN" in opened["about"]
    send(closed, visitor())
    assert outbox.rows(9) == {}


def test_form_is_about_the_clicked_answer(handlers: FeedbackHandlers) -> None:
    turns = (Turn("a", "<think>hm</think>A"), Turn("b", "B"), Turn("c"))
    conversation = Conversation(turns)

    def rated(index: int, repo: str = ADAPTER.repo) -> Any:
        opened = handlers.open(conversation, repo, "en", like(index))
        return opened.get("rated_answer")

    first, second = rated(1), rated(4)
    assert first.response == "A" and [m["content"] for m in first.messages] == ["a"]
    assert second.response == "B" and [m["content"] for m in second.messages] == ["a", "A", "b"]
    assert rated(5) is None, "this turn has no answer yet"
    assert rated(1, "other/model") is None


def test_row_is_stored_once_and_its_receipt_is_remembered(
    handlers: FeedbackHandlers, tmp_path: Path
) -> None:
    sent = send(handlers, visitor())
    (receipt,) = sent["sent"]
    assert Receipt.parse(receipt) and receipt in sent["thanks"] and sent["rated_answer"] is None
    assert list(Outbox(tmp_path).rows(9)) == [Receipt.parse(receipt).path]  # type: ignore[union-attr]
    send(handlers, visitor(), None)
    assert len(Outbox(tmp_path).rows(9)) == 1, "the form was already sent"
    deleted = handlers.delete(receipt, [receipt], "en", visitor(), None)
    assert "as soon as possible" in deleted["delete_status"] and deleted["sent"] == []
    assert Outbox(tmp_path).rows(9) == {}


def test_limits_apply_to_a_visitor_and_to_an_address(handlers: FeedbackHandlers) -> None:
    from feedback_handlers import MAX_FORMS_PER_VISITOR

    too_fast = "Please try again in"
    for _ in range(MAX_FORMS_PER_VISITOR):
        send(handlers, visitor())
    assert too_fast in send(handlers, visitor())["status"]
    assert too_fast not in send(handlers, visitor("two"))["status"]
    for number in range(99):
        send(handlers, visitor(f"script{number}", "6.6.6.6"))
    assert too_fast in send(handlers, visitor("script", "6.6.6.6"))["status"]
    assert too_fast not in send(handlers, visitor("else", "9.9.9.9"))["status"]


def test_limits_apply_to_an_account_in_all_its_pages(handlers: FeedbackHandlers) -> None:
    from feedback_handlers import MAX_FORMS_PER_VISITOR

    for number in range(MAX_FORMS_PER_VISITOR):
        send(handlers, visitor(f"page{number}", f"1.1.1.{number}"), account="eva")
    shown = send(handlers, visitor("another", "2.2.2.2"), account="eva")
    assert "Please try again in" in shown["status"]
    assert "status" in send(handlers, visitor("another", "2.2.2.2"), account="ana")


@pytest.mark.parametrize("text", ["", None, "kakugo-", "../../x"])
def test_invalid_key_deletes_nothing(
    handlers: FeedbackHandlers, text: str | None, tmp_path: Path
) -> None:
    assert "not a valid key" in handlers.delete(text, [], "en", visitor(), None)["delete_status"]
    assert Outbox(tmp_path).deletions() == {}
