"""What the chat tells a model and shows a person, and where it says no."""

from __future__ import annotations

import pytest
from conversation import (
    LONGEST_MESSAGE,
    MOST_TURNS,
    MOST_VISITORS,
    PER_SECONDS,
    Rate,
    Talk,
    Turn,
    fit,
    heard,
    inert,
    plain,
    refuse,
    shown,
    split_thought,
    turn_at,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MOST = 12


@pytest.mark.parametrize(
    ("text", "thought", "answer", "thinking"),
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
def test_a_thought_is_parted_from_its_answer(
    text: str, thought: str, answer: str, thinking: bool
) -> None:
    assert split_thought(text) == (thought, answer, thinking)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("a < b and c > d", "a < b and c > d"),
        ("<b>x</b>", "&lt;b>x&lt;/b>"),
        ("<!-- x --><?php", "&lt;!-- x -->&lt;?php"),
        ("![x](http://a.test/x.png)", "!&#91;x](http://a.test/x.png)"),
        ("**bold** [link](http://a.test)", "**bold** [link](http://a.test)"),
        ("`<b>` and <b>", "`<b>` and &lt;b>"),
        ("```\n<b>\n```\n<b>", "```\n<b>\n```\n&lt;b>"),
        ("```\n<b>", "```\n<b>"),
        ("&lt;b> & &#60;", "&amp;lt;b> & &amp;#60;"),
    ],
)
def test_html_and_images_are_text_and_markdown_stays(text: str, safe: str) -> None:
    assert inert(text) == safe


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="<>!&#;[ab1`\n lt9amp", max_size=40))
def test_what_comes_back_from_the_page_is_what_was_written(text: str) -> None:
    assert plain(inert(text)) == text


def test_a_message_on_the_page_belongs_to_a_turn() -> None:
    talk = Talk((Turn("a", "<think>x</think>A"), Turn("b"), Turn("c", "C")))
    assert [turn_at(talk, index) for index in range(5)] == [0, 0, 0, 2, 2]
    assert [turn_at(talk, index) for index in (5, -1, None, "1")] == [None] * 4
    assert talk.before(2).turns == talk.turns[:2]


def test_a_conversation_is_shown_with_thoughts_as_folds() -> None:
    talk = Talk().ask("<i>Kiel?</i>").answer("adapter", "<think>nu")
    question, fold = shown(talk, "adapter")
    assert question == {"role": "user", "content": "&lt;i>Kiel?&lt;/i>"}
    assert fold["metadata"] == {"title": "Thinking", "status": "pending"}
    done = shown(talk.answer("adapter", "<think>nu</think>Bone."), "adapter")
    assert [one["content"] for one in done] == ["&lt;i>Kiel?&lt;/i>", "nu", "Bone."]
    assert done[1]["metadata"]["status"] == "done"
    assert shown(talk.answer("adapter", ""), "adapter")[-1]["content"] == "…"


def test_each_model_hears_its_own_answers_without_thoughts() -> None:
    talk = Talk((Turn("a", "<think>x</think>A", None), Turn("b", "B", "beta"), Turn("c")))
    assert [one["content"] for one in heard(talk, "adapter")] == ["a", "A", "b", "B", "c"]
    assert [one["content"] for one in heard(talk, "base")] == ["b", "beta", "c"]
    assert [one["content"] for one in shown(talk, "base")] == ["b", "beta", "c"]
    assert heard(Talk(), "adapter") == [] and shown(Talk(), "base") == []


def test_a_long_conversation_forgets_its_beginning() -> None:
    talk = Talk()
    for number in range(MOST_TURNS + 5):
        talk = talk.ask(str(number)).answer("adapter", "x")
    assert len(talk.turns) == MOST_TURNS and talk.turns[0].question == "5"
    assert talk.back().turns[-1].question == str(MOST_TURNS + 3)


@pytest.mark.parametrize(
    ("room", "kept"), [(99, "aAbBc"), (5, "aAbBc"), (4, "bBc"), (1, "c"), (0, "c")]
)
def test_the_oldest_turns_make_room_and_the_question_stays(room: int, kept: str) -> None:
    messages = [{"role": "user", "content": sign} for sign in "aAbBc"]
    assert "".join(one["content"] for one in fit(messages, len, room)) == kept


def test_a_refusal_is_the_key_of_its_sentence() -> None:
    assert refuse("Saluton") == ""
    assert refuse(" \n ") == "write_something"
    assert refuse("x" * LONGEST_MESSAGE) == ""
    assert refuse("x" * (LONGEST_MESSAGE + 1)) == "message_long"


def test_the_rate_is_a_sliding_window_for_each_visitor() -> None:
    rate = Rate(MOST)
    assert [rate.wait("a", float(second)) for second in range(MOST)] == [0.0] * MOST
    assert rate.wait("a", 20.0) == PER_SECONDS - 20.0
    assert rate.wait("b", 20.0) == 0.0
    assert rate.wait("a", PER_SECONDS) == 0.0, "the first message has left the window"
    assert rate.wait("a", PER_SECONDS) > 0


def test_the_rate_forgets_the_visitors_it_has_not_seen_for_longest() -> None:
    rate = Rate(MOST)
    for _ in range(MOST):
        rate.wait("first", 0.0)
    for visitor in range(MOST_VISITORS):
        rate.wait(str(visitor), 1.0)
    assert rate.wait("first", 1.0) == 0.0
