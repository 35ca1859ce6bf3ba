"""What a model is sent of a conversation, what a person is shown, and refused messages."""

from __future__ import annotations

import pytest
from conversation import (
    MAX_MESSAGE_LENGTH,
    MAX_TURNS,
    Conversation,
    Turn,
    chatbot_messages,
    check_message,
    escape_markup,
    model_messages,
    split_reasoning,
    truncate,
    turn_of_message,
    unescape_markup,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def contents(messages: list[dict[str, str]]) -> list[str]:
    return [message["content"] for message in messages]


def test_browser_keeps_a_conversation_and_malformed_turns_are_left_out() -> None:
    conversation = Conversation((Turn("a", "A"), Turn("b", None, "B")))
    assert Conversation.parse(conversation.to_json()) == conversation
    turns = [{"question": 1}, {"question": " "}, None, {"question": "x", "adapter": ["<b>"]}]
    assert Conversation.parse(turns) == Conversation((Turn("x"),))
    assert Conversation.parse({"turns": 3}) == Conversation()


@pytest.mark.parametrize(
    ("text", "reasoning", "answer", "unfinished"),
    [
        ("", "", "", False),
        ("Saluton", "", "Saluton", False),
        ("<think>hm", "hm", "", True),
        ("<think>hm</think>\n\nSaluton", "hm", "Saluton", False),
        ("  <think>\nhm\n</think>Saluton", "hm", "Saluton", False),
        ("hm</think>Saluton", "hm", "Saluton", False),
        ("<think></think>Saluton", "", "Saluton", False),
        ("I <think> so", "", "I <think> so", False),
        ("<think>a</think>b</think>c", "a", "b</think>c", False),
    ],
)
def test_reasoning_is_split_from_the_answer(
    text: str, reasoning: str, answer: str, unfinished: bool
) -> None:
    assert split_reasoning(text) == (reasoning, answer, unfinished)


@pytest.mark.parametrize(
    ("text", "escaped"),  # with | for the invisible character
    [
        ("plain", "plain"),
        ("a < b and c > d", "a < b and c > d"),
        ("<b>x</b>", "<|b>x<|/b>"),
        ("<!-- x --><?php", "<|!-- x --><|?php"),
        ("![x](http://a.test/x.png)", "!|[x](http://a.test/x.png)"),
        ("**bold** [link](http://a.test)", "**bold** [link](http://a.test)"),
        ("`\\`<b>` ~~~\n<b>", "`\\`<|b>` ~~~\n<|b>"),
        ("```Mermaid\n<b>", "```|Mermaid\n<|b>"),
        ("&lt;b> & &#60;", "&|lt;b> & &|#60;"),
        ("a\u202egnp.exe\u2066", "agnp.exe"),
    ],
)
def test_nothing_is_html_an_image_or_a_diagram_even_in_code(text: str, escaped: str) -> None:
    assert escape_markup(text) == escaped.replace("|", "\u2060")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="<>!&#;[ab1`\n lt9amp", max_size=40))
def test_unescaping_restores_the_text(text: str) -> None:
    assert unescape_markup(escape_markup(text)) == text


def test_messages_of_the_chatbot_belong_to_turns() -> None:
    conversation = Conversation((Turn("a", "<think>x</think>A"), Turn("b"), Turn("c", "C")))
    assert [turn_of_message(conversation, index) for index in range(5)] == [0, 0, 0, 2, 2]
    assert [turn_of_message(conversation, index) for index in (5, -1, None, "1")] == [None] * 4
    assert conversation.before(2).turns == conversation.turns[:2]


def test_reasoning_is_shown_collapsed() -> None:
    conversation = Conversation().ask("<i>Kiel?</i>").answer("adapter", "<think>nu")
    question, reasoning = chatbot_messages(conversation, "adapter")
    assert question == {"role": "user", "content": "<\u2060i>Kiel?<\u2060/i>"}
    assert reasoning["metadata"] == {"title": "Thinking", "status": "pending"}
    finished = conversation.answer("adapter", "<think>nu</think>Bone.")
    messages = chatbot_messages(finished, "adapter")
    assert contents(messages) == ["<\u2060i>Kiel?<\u2060/i>", "nu", "Bone."]
    assert messages[1]["metadata"]["status"] == "done"
    assert chatbot_messages(conversation.answer("adapter", ""), "adapter")[-1]["content"] == "…"


def test_each_model_is_sent_its_own_answers_without_reasoning() -> None:
    turns = (Turn("a", "<think>x</think>A", None), Turn("b", "B", "beta"), Turn("c"))
    conversation = Conversation(turns)
    assert contents(model_messages(conversation, "adapter")) == ["a", "A", "b", "B", "c"]
    assert contents(model_messages(conversation, "base")) == ["b", "beta", "c"]
    assert contents(chatbot_messages(conversation, "base")) == ["b", "beta", "c"]
    assert model_messages(Conversation(), "adapter") == []
    assert chatbot_messages(Conversation(), "base") == []


def test_long_conversation_loses_its_oldest_turns() -> None:
    conversation = Conversation()
    for number in range(MAX_TURNS + 5):
        conversation = conversation.ask(str(number)).answer("adapter", "x")
    assert len(conversation.turns) == MAX_TURNS and conversation.turns[0].question == "5"
    assert conversation.without_last().turns[-1].question == str(MAX_TURNS + 3)


@pytest.mark.parametrize(
    ("max_tokens", "kept"), [(99, "aAbBc"), (5, "aAbBc"), (4, "bBc"), (1, "c"), (0, "c")]
)
def test_truncation_drops_the_oldest_turns_and_keeps_the_question(
    max_tokens: int, kept: str
) -> None:
    messages = [{"role": "user", "content": char} for char in "aAbBc"]
    assert "".join(contents(truncate(messages, len, max_tokens))) == kept


def test_refused_message_returns_the_key_of_a_text() -> None:
    assert check_message("Saluton") == ""
    assert check_message(" \n ") == "message_empty"
    assert check_message("x" * MAX_MESSAGE_LENGTH) == ""
    assert check_message("x" * (MAX_MESSAGE_LENGTH + 1)) == "message_too_long"
