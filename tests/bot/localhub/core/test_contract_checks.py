"""Requests and responses are compared with the real Hub's contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import get_session

from bot.localhub.core.rules import Rules
from bot.localhub.testing import LocalHub, take_findings
from tests.bot.localhub.helpers import auth_header

JOB = {"dockerImage": "python:3.12", "flavor": "cpu-basic", "command": ["true"]}


def post(hub: LocalHub, path: str, body: Any, **headers: str) -> Any:
    return get_session().post(
        f"{hub.url}{path}", json=body, headers={**auth_header(hub), **headers}
    )


def test_what_the_hub_refuses_is_refused_with_the_reason(hub: LocalHub) -> None:
    response = post(hub, "/api/jobs/practice", {**JOB, "environment": {"A": "x"}})
    assert response.status_code == 400
    assert response.json()["error"].startswith("$.environment: ")
    assert response.headers["X-Error-Message"].startswith("$.environment: ")
    assert take_findings() == []


def test_what_the_hub_ignores_is_ignored_and_fails_the_test(hub: LocalHub) -> None:
    response = post(hub, "/api/jobs/practice?x=1", {**JOB, "timeout": 5})
    assert response.status_code == 200 and "timeout" in response.json()
    call = "POST /api/jobs/practice: the Hub ignores"
    assert take_findings() == [
        f"{call} ?x (POST /api/jobs/{{namespace}})",
        f"{call} $.timeout (POST /api/jobs/{{namespace}})",
    ]
    assert take_findings() == [], "they are told once"


def test_a_bad_request_needs_a_token_all_the_same(hub: LocalHub) -> None:
    url = f"{hub.url}/api/jobs/practice"
    assert get_session().post(url, json={}).status_code == 401
    wrong = {"Authorization": "Bearer hf_wrong"}
    assert get_session().post(url, json={}, headers=wrong).status_code == 401


def test_with_block_fails_for_what_is_ignored(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the Hub ignores .*timeout"):
        with LocalHub(tmp_path) as hub:
            post(hub, "/api/jobs/practice", {**JOB, "timeout": 5})


def test_checks_can_be_switched_off(tmp_path: Path) -> None:
    rules = Rules(check_requests=False, check_answers=False)
    with LocalHub(tmp_path, rules=rules) as hub:
        job = {**JOB, "timeout": 5, "environment": {"A": "x"}}
        assert post(hub, "/api/jobs/practice", job).status_code == 200


def test_body_arrives_whole_after_the_check(hub: LocalHub) -> None:
    text = "é" * 30_000
    body = {"title": "A long one", "description": text}
    post(hub, "/api/repos/create", {"name": "long", "organization": "practice"})
    made = post(hub, "/api/models/practice/long/discussions", body).json()
    url = f"{hub.url}/api/models/practice/long/discussions/{made['num']}"
    thread = get_session().get(url, headers=auth_header(hub)).json()
    assert thread["events"][0]["data"]["latest"]["raw"] == text
