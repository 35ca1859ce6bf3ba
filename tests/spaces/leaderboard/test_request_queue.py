"""The queue is read whatever the ledger holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from markup import Links
from queue_html import queue
from request_queue import parse_request, parse_requests
from space_rows import request

from bot.domain.request import State, Status, Step, StepRecord, to_json
from bot.hub.ledger_repo import as_sheet
from tests.bot import examples


def test_a_record_of_the_bot_is_read_wholly() -> None:
    one = parse_request(request(7, "epo_Latn", "Esperanto"))
    assert one and (one.id, one.discussion, one.author, one.name) == ("r7", 7, "alice", "Esperanto")
    assert [(step.name, step.state) for step in one.steps] == [
        ("check", "made"),
        ("generate", "made"),
        ("train", "made"),
        ("evaluate", "made"),
    ]
    assert one.spent == 2.0 and not one.waiting


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"id": 3}', "[" * 100_000])
def test_what_is_no_record_is_left_out(text: str) -> None:
    assert parse_request(text) is None


@pytest.mark.parametrize(
    "more",
    [
        {"spec": None},
        {"spec": []},
        {"spec": {"language": "epo"}},
        {"steps": None},
        {"steps": {"generate": "made", "train": 3}},
        {"discussion": True, "author": None, "status": 4},
        {"steps": {"generate": {"attempt": "two", "cost_usd": float("nan")}}},
    ],
)
def test_missing_or_odd_parts_are_empty(more: dict[str, Any]) -> None:
    one = parse_request(request(1, "epo_Latn", "Esperanto", **more))
    assert one and one.id == "r1" and len(one.steps) == 4


def test_what_goes_on_stands_first_and_the_newest_before_the_older() -> None:
    texts = [
        request(1, "a_Latn", "A"),
        request(2, "b_Latn", "B", status="open"),
        request(3, "c_Latn", "C", status="failed"),
        request(4, "d_Latn", "D", status="open"),
    ]
    sheets = ["\n".join(texts[:2]), "broken\n" + "\n".join(texts[2:]) + "\n", ""]
    assert [one.id for one in parse_requests(sheets)] == ["r4", "r2", "r3", "r1"]


def test_a_sheet_is_read_as_the_bot_writes_it() -> None:
    hostile = StepRecord(State.FAILED, 2, 2, tail=("a\u2028b", '"\n{}'), cost_usd=0.25)
    done = examples.request(id="r2", discussion=2, status=Status.DONE)
    mine = [examples.request(steps={Step.TRAIN: hostile}), done]
    first, second = parse_requests([as_sheet(map(to_json, mine))])
    assert (first.id, first.code, first.spent) == ("r1", "epo_Latn", 0.25)
    assert (second.id, second.waiting) == ("r2", False)


def test_a_request_for_the_next_version_has_one_step() -> None:
    record = StepRecord(State.RUNNING, 1, 1, examples.NOW, "j1", cost_usd=0.5)
    spec = replace(examples.spec(), improves=True)
    asked = examples.request(spec=spec, steps={Step.IMPROVE: record})
    (one,) = parse_requests([as_sheet([to_json(asked)])])
    assert [(step.name, step.state) for step in one.steps] == [("improve", "running")]
    assert "Next version" in queue([one], Links("https://hub.test", "org", "org/kakugo"))
