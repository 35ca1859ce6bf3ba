"""What the address of the chat asks for, and what is said if it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spaces.named_components import named_components
from tests.spaces.visitors import ADAPTER, chat_settings, model_registry, visitor

pytestmark = pytest.mark.xdist_group("gradio")


@pytest.mark.parametrize(
    ("query", "chosen", "problem"),
    [
        ("", ADAPTER.repo, ""),
        (f"model={ADAPTER.repo}", ADAPTER.repo, ""),
        ("model=org/gone&language=eo", ADAPTER.repo, ""),
        ("model=org/<gone>", "", "There is no model “org/&lt;gone&gt;” here"),
        ("language=cym_Latn", "", "title=Welsh&amp;"),
        ("language=nowhere", "", "do not know a language called “nowhere”"),
    ],
)
def test_address_chooses_a_model_or_the_page_says_why_not(
    tmp_path: Path, query: str, chosen: str, problem: str
) -> None:
    from chat_handlers import ChatHandlers
    from components import ChatComponents, PageState
    from engine import Engine
    from selection_handlers import SelectionHandlers

    page, state = named_components(ChatComponents), named_components(PageState)
    registry = model_registry(tmp_path)
    registry.first_poll.set()
    chat = ChatHandlers(registry, Engine(), page, state)
    handlers = SelectionHandlers(chat_settings(tmp_path), registry, chat, page, state)
    shown = handlers.load_languages("", (), visitor(query=query))
    assert shown["chosen_model"] == chosen
    assert shown["message_box"]["interactive"] is bool(chosen)
    lookup = shown["name_lookup"]
    assert problem in lookup if problem else lookup == ""
    languages = [tag for _, tag in shown["ui_language"]["choices"]]
    assert languages == ["en", "eo"], "also without a model"
