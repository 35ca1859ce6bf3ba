"""The table at the end of a demo says what the bot's reply says."""

from __future__ import annotations

import pytest

from bot import replies
from bot.demo.follow import _rows
from bot.demo.screen import Screen
from tests.bot import examples


def test_the_result_has_the_tests_and_differences_of_the_reply(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    evaluation = examples.manifest(scores=examples.SCORES, titles={"flores": "Translation"})
    urls = {"discussion": "http://hub/1", "result of the check": "http://hub/2"}
    Screen().result(
        {"table": _rows(evaluation), "chat": None, "urls": urls, "seconds": {"total": 1.5}}
    )
    shown = capsys.readouterr().out
    for score in evaluation.scores:
        assert replies.score_name(score, evaluation.titles) in shown
        assert replies.difference(score) in shown
    lines = [line for line in shown.splitlines() if "http://hub" in line or "total" in line]
    assert len(lines) == 3
    assert len({max(line.find("http"), line.find("total")) for line in lines}) == 1
