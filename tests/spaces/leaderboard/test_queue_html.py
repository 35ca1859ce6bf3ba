"""The HTML of the queue of requests."""

from __future__ import annotations

import json

import pytest
from queue_html import queue
from request_queue import parse_requests

from tests.spaces.markup_checker import HOSTILE_TEXTS, URLS, checked_text
from tests.spaces.result_rows import request


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_hostile_values_do_not_become_markup(hostile: str) -> None:
    record = request(
        1, hostile, hostile, author=hostile, status=hostile, steps={"train": {"state": hostile}}
    )
    assert hostile in checked_text(queue(parse_requests([record]), URLS))


def test_progress_and_attempts_of_steps_are_shown() -> None:
    steps = {"generate": {"state": "running", "attempt": 2, "progress_tenths": 4}}
    text = checked_text(queue(parse_requests([request(1, "epo_Latn", "E", steps=steps)]), URLS))
    assert "Data running, 40%, attempt 2" in text


def test_request_for_the_next_version_has_one_step() -> None:
    record = json.loads(request(1, "epo_Latn", "Esperanto", status="open"))
    record["spec"]["improves"] = True
    record["steps"] = {"improve": {"state": "running"}}
    text = checked_text(queue(parse_requests([json.dumps(record)]), URLS))
    assert "Next version running" in text and "Check" not in text


def test_request_without_a_language_says_what_is_known_and_why() -> None:
    nameless = {"spec": {}, "status": "asked"}
    records = [
        request(1, "", "", **nameless, verdict="ambiguous", choices=["ckb_Arab", "kmr_Latn"]),
        request(2, "", "", **nameless, verdict="no-name"),
    ]
    text = checked_text(queue(parse_requests(records), URLS))
    assert "Central Kurdish / Northern Kurdish" in text
    assert "several languages have this name" in text
    assert "Not understood" in text and "no language is named" in text


def test_finished_requests_come_apart_and_wait_for_nothing() -> None:
    records = [
        request(1, "epo_Latn", "Esperanto", status="open", steps={}),
        request(2, "yor_Latn", "Yoruba", status="declined", steps={}, verdict="no-teacher"),
    ]
    waiting, _, finished = checked_text(queue(parse_requests(records), URLS)).partition("Finished")
    assert "Esperanto" in waiting and "Check waiting" in waiting
    assert "Yoruba" in finished and "Check" not in finished


def test_finished_requests_that_named_no_language_are_left_out() -> None:
    records = [
        request(1, "", "", spec={}, status="declined", verdict="too-many"),
        request(2, "yor_Latn", "Yoruba", status="done"),
    ]
    text = checked_text(queue(parse_requests(records), URLS))
    assert "Yoruba" in text and "Not understood" not in text


def test_empty_queue_is_a_sentence() -> None:
    assert "No language has been requested yet" in checked_text(queue([], URLS))
