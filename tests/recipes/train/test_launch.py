"""Training with several processes: what the launcher says when one of them fails."""

from __future__ import annotations

import pytest

from recipes.train.launch import exit_status


def test_a_failed_process_has_said_why_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert [exit_status(code) for code in (0, 1, 2, 130)] == [0, 1, 2, 130]
    assert capsys.readouterr() == ("", "")


def test_a_process_that_a_signal_ended_could_not_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(-9) == 137
    assert capsys.readouterr().err == (
        "kakugo-recipe train: A process of the training was ended by SIGKILL.\n"
    )
