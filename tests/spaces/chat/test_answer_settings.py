"""The settings of the answers."""

from __future__ import annotations

import pytest
from answer_settings import MAX_TOKENS, RETRY_TEMPERATURE, AnswerSettings


@pytest.mark.parametrize(
    ("inputs", "settings"),
    [
        ((0, 512, ""), AnswerSettings()),
        ((0.5, 64, "  Respondu. "), AnswerSettings(0.5, 64, "Respondu.")),
        ((9, -1, "x" * 501), AnswerSettings(1.5, 16, "x" * 500)),
        (("hot", float("nan"), None), AnswerSettings(0.0, MAX_TOKENS, "")),
    ],
)
def test_inputs_out_of_range_become_the_nearest_value(
    inputs: tuple[object, object, object], settings: AnswerSettings
) -> None:
    assert AnswerSettings.parse(*inputs) == settings


def test_retry_is_never_greedy_and_never_colder() -> None:
    assert AnswerSettings().for_retry().temperature == RETRY_TEMPERATURE
    assert AnswerSettings(1.2).for_retry() == AnswerSettings(1.2)
