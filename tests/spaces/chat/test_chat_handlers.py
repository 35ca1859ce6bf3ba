"""Asking without a browser: the line, the limits, and what a question that is not taken leaves."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from chat_handlers import MOST_MESSAGES
from conversation import LONGEST_MESSAGE, Talk, Turn
from space_people import ADAPTER, room, visitor

TEXT, TALK, STATUS = 0, 1, 4


def test_who_leaves_the_line_or_stops_makes_room_and_keeps_the_question(tmp_path: Path) -> None:
    here, request = room(tmp_path), visitor()
    served = here.line.enter()
    waiting = here.say("Kio?", Talk(), ADAPTER.repo, False, "en", request)
    assert "Number 1 in the queue" in next(waiting)[STATUS]
    other = here.say("Kiu?", Talk(), ADAPTER.repo, False, "eo", visitor("other"))
    assert "Numero 2 en la vico" in next(other)[STATUS]
    waiting.close()  # as Gradio does when somebody closes the page
    assert "Numero 1 en la vico" in next(other)[STATUS]
    here.stop(visitor("other"))
    *_, last = other
    assert "Haltigita" in last[STATUS] and last[TEXT]["value"] == "Kiu?" and not last[TALK].turns
    here.line.leave(served)
    assert not here.line.busy()


def test_a_question_that_is_not_taken_changes_nothing_and_says_why(tmp_path: Path) -> None:
    here, talk = room(tmp_path), Talk((Turn("a", "A"),))
    cases = {" ": "Write something", "x" * (LONGEST_MESSAGE + 1): f"{LONGEST_MESSAGE} characters"}
    for text, told in cases.items():
        (view,) = here.say(text, talk, ADAPTER.repo, False, "en", visitor())
        assert told in view[STATUS] and view[TALK] is talk
    (view,) = here.say("a", talk, "other/model", False, "en", visitor())
    assert "Choose a language" in view[STATUS]
    edited = gr.EditData(None, {"index": 0, "value": "", "previous_value": "a"})
    (view,) = here.change(talk, ADAPTER.repo, False, "en", edited, visitor())
    assert "Write something" in view[STATUS] and view[TALK] is talk


def test_too_many_questions_and_too_many_people_are_refused(tmp_path: Path) -> None:
    here = room(tmp_path)
    while here.line.enter():
        pass
    for _ in range(MOST_MESSAGES):
        (view,) = here.say("a", Talk(), ADAPTER.repo, False, "en", visitor())
        assert "Too many people" in view[STATUS]
    (view,) = here.say("a", Talk(), ADAPTER.repo, False, "en", visitor())
    assert "Please wait" in view[STATUS]
