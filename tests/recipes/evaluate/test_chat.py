"""The questions that are asked in chats, and how the answers are scored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recipes.evaluate import chat
from recipes.evaluate.intervals import Interval
from recipes.evaluate.settings import BootstrapSettings, ChatSettings
from tests.recipes.evaluate.test_markdown import choice, translation

SETTINGS = ChatSettings(requests=4, benchmarks=("flores", "sib200"), metric="accuracy")
BOOTSTRAP = BootstrapSettings(samples=100, seed=1)


@pytest.mark.parametrize(
    ("requests", "sizes", "pairs"),
    [
        (2, (4, 3), "a0-a1 b0-b1"),
        (4, (4, 3), "a0-b1 b0-a2 a1-b2"),  # of seven questions, three chats
        (4, (1, 5), "a0-b2 b0-b3 b1-b4"),
        (4, (1, 0), ""),
    ],
)
def test_questions_come_from_all_tests_in_turn_and_none_twice(
    requests: int, sizes: tuple[int, int], pairs: str
) -> None:
    flores, topics, reading = translation(), choice(benchmark="sib200"), choice()
    named = [
        replace(task, items=tuple(replace(task.items[n], id=f"{name}{n}") for n in range(size)))
        for name, task, size in (("a", flores, sizes[0]), ("b", topics, sizes[1]))
    ]
    asked = chat.questions([*named, reading], replace(SETTINGS, requests=requests))
    assert " ".join(f"{first.id}-{second.id}" for first, second in asked) == pairs


def test_an_answer_must_equal_the_reference_or_come_close_to_it() -> None:
    pairs = [("Bona tago.", " Bona tago.\n"), ("sporto", "Sporto"), ("jes", ""), ("ĉu", "c\u0302u")]
    accuracy = chat.judge(pairs, SETTINGS, BOOTSTRAP)
    assert accuracy == Interval(0.5, pytest.approx(0.15, abs=0.01), pytest.approx(0.85, abs=0.01))
    closeness = chat.judge(pairs, replace(SETTINGS, metric="chrF++"), BOOTSTRAP)
    assert 50 < closeness.value < 100 and closeness.low <= closeness.value <= closeness.high
    perfect = [(text, text) for text, _ in pairs]
    assert chat.judge(perfect, replace(SETTINGS, metric="chrF++"), BOOTSTRAP).value == 100
    assert chat.judge(perfect, SETTINGS, BOOTSTRAP).value == 1
