"""The bot's ledger, with missing and malformed parts and of older schemas."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from request_queue import parse_request, parse_requests

from bot.domain.codec import request_to_json
from bot.domain.request import Status, Step, StepRecord, StepState
from bot.hub.ledger_repo import index_text
from tests.bot import examples
from tests.spaces.result_rows import request

OLD_SCHEMAS = Path(__file__).parents[2] / "data" / "old_schemas"


def test_complete_record_is_read() -> None:
    parsed = parse_request(request(7, "epo_Latn", "Esperanto"))
    assert parsed and (parsed.id, parsed.discussion) == ("r7", 7)
    assert (parsed.author, parsed.name) == ("alice", "Esperanto")
    assert [(step.name, step.state) for step in parsed.steps] == [
        ("check", "made"),
        ("generate", "made"),
        ("train", "made"),
        ("evaluate", "made"),
    ]
    assert parsed.cost_usd == 2.0 and not parsed.is_unfinished


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"id": 3}', "[" * 100_000])
def test_line_that_is_no_record_is_left_out(text: str) -> None:
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
        {"steps": {"generate": {"cost_usd": 10**400, "seconds": 10**400}}},
    ],
)
def test_missing_or_malformed_parts_are_empty(more: dict[str, Any]) -> None:
    parsed = parse_request(request(1, "epo_Latn", "Esperanto", **more))
    assert parsed and parsed.id == "r1" and len(parsed.steps) == 4


def test_half_a_surrogate_pair_is_replaced() -> None:
    parsed = parse_request(request(1, "epo_Latn", "Esper\ud800nto ŝ"))
    assert parsed and parsed.name == "Esper?nto ŝ"


def test_unfinished_requests_come_first_then_those_with_a_result_and_newer_before_older() -> None:
    texts = [
        request(1, "a_Latn", "A"),
        request(2, "b_Latn", "B", status="open"),
        request(3, "c_Latn", "C", status="failed"),
        request(4, "d_Latn", "D", status="open"),
        request(5, "e_Latn", "E"),
        request(6, "f_Latn", "F", status="declined"),
    ]
    sheets = ["\n".join(texts[:2]), "broken\n" + "\n".join(texts[2:]) + "\n", ""]
    assert [parsed.id for parsed in parse_requests(sheets)] == [
        *("r4", "r2"),
        *("r5", "r1"),
        *("r6", "r3"),
    ]


def test_sheet_is_read_as_the_bot_writes_it() -> None:
    hostile = StepRecord(StepState.FAILED, 2, 2, log_tail=("a\u2028b", '"\n{}'), cost_usd=0.25)
    done = examples.request(id="r2", discussion=2, status=Status.DONE)
    records = [examples.request(steps={Step.TRAIN: hostile}), done]
    first, second = parse_requests([index_text(map(request_to_json, records))])
    assert (first.id, first.code, first.cost_usd) == ("r1", "epo_Latn", 0.25)
    assert (second.id, second.is_unfinished) == ("r2", False)


def test_request_for_the_next_version_has_one_step() -> None:
    record = StepRecord(StepState.RUNNING, 1, 1, examples.NOW, "j1", cost_usd=0.5)
    spec = replace(examples.spec(), improves=True)
    improvement = examples.request(spec=spec, steps={Step.IMPROVE: record})
    (parsed,) = parse_requests([index_text([request_to_json(improvement)])])
    assert [(step.name, step.state) for step in parsed.steps] == [("improve", "running")]


@pytest.mark.parametrize("key", ["progress", "progress_tenths"])
def test_progress_is_read_from_both_schemas(key: str) -> None:
    steps = {"train": {"state": "running", key: 9}}
    parsed = parse_request(request(1, "epo_Latn", "Esperanto", steps=steps))
    assert parsed and parsed.steps[2].progress_tenths == 9


def test_ledger_of_schema_2_is_read() -> None:
    folder = OLD_SCHEMAS / "ledger_midway"
    (parsed,) = parse_requests([(folder / "sheets" / "00000.jsonl").read_text(encoding="utf-8")])
    record = json.loads((folder / "requests" / "r1.json").read_text(encoding="utf-8"))
    assert (parsed.id, parsed.author, parsed.name) == ("r1", record["author"], "Esperanto")
    states = [(step.state, step.progress_tenths) for step in parsed.steps]
    assert states == [("made", 0), ("made", 0), ("running", 9), ("", 0)]
    assert parsed.estimate_usd == record["spec"]["estimate_usd"] and parsed.is_unfinished
