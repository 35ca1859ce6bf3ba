"""Asking questions without a browser: the queue, the limits, and refused questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from answer_settings import AnswerSettings
from conversation import MAX_MESSAGE_LENGTH, Conversation, Turn
from engine import Engine
from waiting_queue import MAX_WAITING

from tests.spaces.named_components import named_components
from tests.spaces.visitors import ADAPTER, model_registry, visitor

if TYPE_CHECKING:
    from chat_handlers import ChatHandlers

pytestmark = pytest.mark.xdist_group("gradio")
SETTINGS = AnswerSettings()


@pytest.fixture
def handlers(tmp_path: Path) -> ChatHandlers:
    from chat_handlers import ChatHandlers
    from components import ChatComponents, PageState

    page = named_components(ChatComponents)
    return ChatHandlers(model_registry(tmp_path), Engine(), page, named_components(PageState))


def test_leaving_or_stopping_frees_the_place_and_keeps_the_question(handlers: ChatHandlers) -> None:
    served = handlers.queue.enter("first")
    waiting = handlers.send("Kio?", Conversation(), ADAPTER.repo, False, SETTINGS, "en", visitor())
    assert "Number 1 in the queue" in next(waiting)["status"]
    other = handlers.send(
        "Kiu?", Conversation(), ADAPTER.repo, False, SETTINGS, "eo", visitor("other")
    )
    assert "Numero 2 en la vico" in next(other)["status"]
    waiting.close()  # Gradio does this when somebody closes the page
    assert "Numero 1 en la vico" in next(other)["status"]
    handlers.stop(visitor("other"))
    *_, last = other
    assert "Haltigita" in last["status"] and last["message_box"]["value"] == "Kiu?"
    assert not last["conversation"].turns
    handlers.queue.leave(served)
    assert not handlers.queue.is_busy()


def test_refused_question_changes_nothing_and_says_why(handlers: ChatHandlers) -> None:
    import gradio as gr

    conversation = Conversation((Turn("a", "A"),))
    too_long = "x" * (MAX_MESSAGE_LENGTH + 1)
    cases = {" ": "Write something", too_long: f"{MAX_MESSAGE_LENGTH} characters"}
    for text, problem in cases.items():
        (view,) = handlers.send(text, conversation, ADAPTER.repo, False, SETTINGS, "en", visitor())
        assert problem in view["status"] and view["conversation"] is conversation
    (view,) = handlers.send("a", conversation, "other/model", False, SETTINGS, "en", visitor())
    assert "Choose a language" in view["status"]
    edited = gr.EditData(None, {"index": 0, "value": "", "previous_value": "a"})
    (view,) = handlers.edit(conversation, ADAPTER.repo, False, SETTINGS, "en", edited, visitor())
    assert "Write something" in view["status"] and view["conversation"] is conversation


def test_too_many_questions_and_a_full_queue_are_refused(handlers: ChatHandlers) -> None:
    from chat_handlers import MAX_MESSAGES_PER_VISITOR

    assert all(handlers.queue.enter(str(number)) for number in range(MAX_WAITING + 1))
    for _ in range(MAX_MESSAGES_PER_VISITOR):
        (view,) = handlers.send("a", Conversation(), ADAPTER.repo, False, SETTINGS, "en", visitor())
        assert "Too many people" in view["status"]
    (view,) = handlers.send("a", Conversation(), ADAPTER.repo, False, SETTINGS, "en", visitor())
    assert "Please try again in" in view["status"] and "Too many messages" in view["status"]
