"""Requests and responses checked against the contract, on values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localhub.contract.checker import check_request, check_response, parse_body
from bot.localhub.contract.operations import contract
from tests.bot.localhub.contract import examples
from tests.bot.localhub.contract.examples import OID, without

JOB = {"dockerImage": "python:3.12", "flavor": "cpu-basic", "command": ["python"]}
WEBHOOK = {"watched": [{"type": "org", "name": "lab"}], "domains": ["discussion"]}
ENDPOINT = {
    "name": "teacher",
    "type": "private",
    "provider": {"vendor": "aws", "region": "us-east-1"},
    "compute": without(examples.ENDPOINT["compute"], "id"),
    "model": {
        "repository": "org/teacher",
        "framework": "custom",
        "image": {"custom": {"url": "x", "port": 80, "healthRoute": "/health"}},
    },
}
JOBS, SCHEDULES = "/api/jobs/lab", "/api/scheduled-jobs/lab"
WEBHOOKS, THREADS = "/api/settings/webhooks", "/api/models/lab/model/discussions"
ENDPOINTS = "/endpoints-api/v2/endpoint/lab"


def endpoint(**image: Any) -> dict[str, Any]:
    """Return a request for an endpoint with other keys for its container."""
    container = {**ENDPOINT["model"]["image"]["custom"], **image}  # type: ignore[index]
    return {**ENDPOINT, "model": {**ENDPOINT["model"], "image": {"custom": container}}}  # type: ignore[dict-item]


def cron(schedule: str) -> dict[str, Any]:
    """Return a request for a scheduled job."""
    return {"jobSpec": JOB, "schedule": schedule}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", JOBS, {**JOB, "labels": {"empty": ""}, "attempts": 20, "secrets": {"a": "1"}}),
        ("POST", JOBS, {"spaceId": "lab/space", "flavor": "rtx-pro-6000x8"}),
        ("POST", JOBS, {**JOB, "ssh": {"enabled": False}, "timeoutSeconds": 10_000_000}),
        ("POST", SCHEDULES, cron("0 9 * * 1")),
        ("POST", SCHEDULES, cron("@daily")),
        ("POST", SCHEDULES, cron("0 0 */5 * * * *")),
        ("POST", SCHEDULES, cron("0,30 1-5 * * *")),
        ("POST", WEBHOOKS, {**WEBHOOK, "job": JOB}),
        ("POST", WEBHOOKS, {**WEBHOOK, "jobSourceId": OID, "secrets": {"T": ""}}),
        ("POST", WEBHOOKS, {**WEBHOOK, "watched": [{"type": "bucket", "name": "a/b"}]}),
        ("POST", THREADS, {"title": "One", "description": ""}),
        ("POST", f"{THREADS}/1/comment/{OID}/hide", None),
        ("POST", f"{THREADS}/1/comment/{OID}/hide", {"reason": "Resolved"}),
        ("POST", f"{THREADS}/1/merge", None),
        ("POST", ENDPOINTS, ENDPOINT),
        (
            "PUT",
            f"{ENDPOINTS}/teacher",
            {"type": "private", "compute": {"scaling": {"minReplica": 0}}},
        ),
        ("POST", f"{ENDPOINTS}/teacher/pause", {}),
        ("POST", "/api/repos/create", {"name": "m", "organization": None}),
        ("POST", "/api/repos/create", {"name": "s", "type": "space", "sdk": "static"}),
        ("POST", "/api/spaces/a/b/secrets", {"key": "K"}),
        ("POST", "/api/spaces/a/b/sleeptime", {"seconds": -1}),
        ("POST", "/api/models/a/b/paths-info/main", {"paths": "x"}),
        ("POST", "/api/models/a/b/super-squash/main", None),
    ],
)
def test_what_the_hub_takes_has_no_findings(method: str, path: str, body: Any) -> None:
    findings = check_request(method, path, "", body)
    assert (findings.refused, findings.ignored, findings.unknown) == ((), (), False)


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        ("POST", JOBS, without(JOB, "flavor"), '"flavor" is a required property'),
        ("POST", JOBS, without(JOB, "dockerImage"), "anyOf"),
        ("POST", JOBS, {**JOB, "flavor": "h300"}, "$.flavor: "),
        ("POST", JOBS, {**JOB, "command": ["--teacher", ""]}, "$.command[1]: "),
        ("POST", JOBS, {**JOB, "command": []}, "$.command: "),
        ("POST", JOBS, {**JOB, "environment": {"A": "x"}}, "$.environment: "),
        ("POST", JOBS, {**JOB, "environment": {"_AB": "x"}}, "$.environment: "),
        ("POST", JOBS, {**JOB, "environment": {"AB": 1}}, "$.environment.AB: "),
        ("POST", JOBS, {**JOB, "secrets": {"_A": "x"}}, "$.secrets: "),
        ("POST", JOBS, {**JOB, "labels": {"v1.2": "x"}}, "$.labels: "),
        ("POST", JOBS, {**JOB, "volumes": []}, "$.volumes: "),
        ("POST", JOBS, {**JOB, "arch": "riscv"}, "$.arch: "),
        ("POST", JOBS, {**JOB, "attempts": 0}, "$.attempts: "),
        ("POST", JOBS, {**JOB, "timeoutSeconds": 0}, "$.timeoutSeconds: "),
        ("POST", JOBS, {**JOB, "expose": {}}, "$.expose: "),
        ("POST", JOBS, {**JOB, "expose": {"ports": [True]}}, "$.expose.ports[0]: "),
        ("POST", JOBS, {**JOB, "expose": {"ports": list(range(1, 22))}}, "$.expose.ports: "),
        ("PUT", f"{JOBS}/{OID}/labels", {}, '"labels" is a required property'),
        ("POST", SCHEDULES, cron("0 9 * * mon"), "$.schedule: "),
        ("POST", SCHEDULES, cron("@midnight"), "$.schedule: "),
        ("POST", SCHEDULES, cron("1-5/2 * * * *"), "$.schedule: "),
        ("POST", SCHEDULES, cron("0 9 * * 1-3,7"), "$.schedule: "),
        ("POST", SCHEDULES, cron("0 9 *"), "$.schedule: "),
        ("POST", WEBHOOKS, {**WEBHOOK, "watched": []}, "$.watched: "),
        ("POST", WEBHOOKS, {**WEBHOOK, "domains": []}, "$.domains: "),
        ("POST", WEBHOOKS, {**WEBHOOK, "domains": ["discussions"]}, "$.domains[0]: "),
        ("POST", WEBHOOKS, {**WEBHOOK, "secret": "tab\t"}, "$.secret: "),
        ("POST", f"{WEBHOOKS}/{OID}", without(WEBHOOK, "domains"), '"domains" is a required'),
        ("POST", THREADS, {"title": "ab", "description": "x"}, "$.title: "),
        ("POST", THREADS, {"title": "a" * 201, "description": "x"}, "$.title: "),
        ("POST", THREADS, {"title": "abc"}, '"description" is a required property'),
        ("POST", f"{THREADS}/1/comment", {"comment": ""}, "$.comment: "),
        ("POST", f"{THREADS}/1/comment/{OID}/hide", {"reason": "Old"}, "$.reason: "),
        ("POST", f"{THREADS}/1/status", {"status": "merged"}, "$.status: "),
        ("POST", "/api/repos/create", {"name": "m", "type": "pod"}, "$.type: "),
        ("POST", "/api/repos/create", {"name": "s", "type": "space"}, '"sdk" is a required'),
        ("POST", "/api/repos/create", {"name": "m", "visibility": "protected"}, "$.visibility: "),
        (
            "POST",
            "/api/repos/create",
            {"name": "m", "private": True, "visibility": "public"},
            "not",
        ),
        ("PUT", "/api/models/a/b/settings", {"private": None}, "$.private: "),
        ("POST", "/api/spaces/a/b/secrets", {"key": "_K", "value": "v"}, "$.key: "),
        ("POST", "/api/spaces/a/b/sleeptime", {"seconds": 0}, "$.seconds: "),
        ("POST", "/api/models/a/b/super-squash/main", {"message": "m" * 501}, "$.message: "),
        (
            "POST",
            "/api/models/a/b/commit/main",
            [{"key": "header", "value": {"summary": "s", "parentCommit": "main"}}],
            "$[0].value.parentCommit: ",
        ),
        ("POST", "/api/models/a/b/commit/main", [{"key": "rm", "value": {}}], "$[0].key: "),
        ("POST", ENDPOINTS, {**ENDPOINT, "type": "protected"}, "$.type: "),
        ("POST", ENDPOINTS, {**ENDPOINT, "name": "Teacher"}, "$.name: "),
        ("POST", ENDPOINTS, without(ENDPOINT, "type"), '"type" is a required property'),
        ("POST", ENDPOINTS, {**ENDPOINT, "model": {"image": {}}}, "$.model: "),
        ("POST", "/oauth/token", {"grant_type": "password"}, "$.grant_type: "),
    ],
)
def test_what_the_hub_refuses_is_found(method: str, path: str, body: Any, reason: str) -> None:
    findings = check_request(method, path, "", body).refused
    assert any(reason in text for text in findings), findings


@pytest.mark.parametrize(
    ("method", "path", "body", "ignored"),
    [
        ("POST", ENDPOINTS, endpoint(health_route="/health"), "$.model.image.custom.health_route"),
        ("PUT", f"{ENDPOINTS}/teacher", {"accountId": "1"}, "$.accountId"),
        ("POST", JOBS, {**JOB, "timeout": 600}, "$.timeout"),
        ("POST", JOBS, {**JOB, "expose": {"ports": [1], "public": [1]}}, "$.expose.public"),
        ("POST", SCHEDULES, cron("@daily") | {"timezone": "UTC"}, "$.timezone"),
        ("POST", WEBHOOKS, {**WEBHOOK, "namespace": "lab"}, "$.namespace"),
        ("POST", WEBHOOKS, {**WEBHOOK, "job": {**JOB, "retry": 1}}, "$.job.retry"),
        ("POST", f"{THREADS}/1/comment/{OID}/edit", {"content": "x", "raw": "y"}, "$.raw"),
        ("POST", "/api/repos/create", {"name": "m", "sdk": "gradio"}, "$.sdk"),
        ("POST", "/api/repos/create", {"name": "m", "hardware": "t4-small"}, "$.hardware"),
        ("POST", "/api/models/a/b/refs", None, ""),
        ("POST", "/api/spaces/a/b/pause", {"reason": "bored"}, "$.reason"),
        (
            "POST",
            "/api/models/a/b/commit/main",
            [{"key": "header", "value": {"summary": "s", "author": "me"}}],
            "$[0].value.author",
        ),
    ],
)
def test_what_the_hub_ignores_is_found(method: str, path: str, body: Any, ignored: str) -> None:
    findings = check_request(method, path, "", body)
    assert findings.refused == ()
    assert findings.ignored == ((ignored,) if ignored else ())


@pytest.mark.parametrize(
    ("path", "query", "refused", "ignored"),
    [
        (JOBS, "label=a=b&label=c=&stage=RUNNING", 0, ()),
        (JOBS, "stage=running", 1, ()),
        (JOBS, "label=a.b=c", 1, ()),
        (JOBS, "limit=3", 0, ("?limit",)),
        (f"{JOBS}/{OID}/logs", "tail=-1", 1, ()),
        (f"{JOBS}/{OID}/logs", "tail=10", 0, ()),
        (SCHEDULES, "label=a=b&label=c=d", 1, ()),
        (THREADS, "p=0&type=discussion&status=open&sort=recently-created", 0, ()),
        (THREADS, "sort=newest&author=--", 2, ()),
        ("/api/models/a/b/commits/main", "p=1&expand[]=formatted", 0, ()),
        ("/api/models/a/b/commits/main", "cursor=100", 0, ("?cursor",)),
        ("/api/models/a/b", "expand=sha&expand=likes&blobs=true", 0, ()),
        ("/api/organizations/lab/members", "limit=5", 1, ()),
        ("/oauth/authorize", "client_id=x", 2, ()),
    ],
)
def test_the_query_is_checked(path: str, query: str, refused: int, ignored: tuple[str]) -> None:
    findings = check_request("GET", path, query)
    assert (len(findings.refused), findings.ignored) == (refused, ignored)


ANONYMOUS = without(examples.SUMMARY, "author")
ANSWERS: list[tuple[str, str, int, Any]] = [
    ("GET", "/api/whoami-v2", 200, examples.WHOAMI),
    ("GET", JOBS, 200, [examples.JOB]),
    ("POST", JOBS, 200, examples.JOB),
    ("POST", SCHEDULES, 200, examples.SCHEDULED),
    ("GET", WEBHOOKS, 200, [examples.WEBHOOK]),
    ("POST", f"{WEBHOOKS}/{OID}", 200, {"webhook": examples.WEBHOOK}),
    ("DELETE", f"{WEBHOOKS}/{OID}", 200, {}),
    ("GET", THREADS, 200, {"discussions": [examples.SUMMARY], "count": 1, "start": 0}),
    ("GET", THREADS, 200, {"discussions": [ANONYMOUS], "count": 1, "start": 0}),
    ("POST", THREADS, 200, {"url": "u", "num": 7, "pullRequest": False}),
    ("GET", f"{THREADS}/7", 200, examples.THREAD),
    ("POST", f"{THREADS}/7/comment", 201, {"newMessage": examples.COMMENT}),
    ("GET", ENDPOINTS, 200, {"items": [examples.ENDPOINT]}),
    ("GET", "/api/spaces/a/b/runtime", 200, examples.RUNTIME),
    ("GET", "/api/spaces/a/b/secrets", 200, {"K": {"key": "K", "updatedAt": examples.WHEN}}),
    ("POST", "/api/collections", 200, examples.COLLECTION),
    ("POST", "/api/collections", 409, {"error": "exists", "slug": "lab/x"}),
]


@pytest.mark.parametrize(("method", "path", "status", "body"), ANSWERS)
def test_the_hubs_own_answers_have_no_findings(
    method: str, path: str, status: int, body: Any
) -> None:
    assert check_response(method, path, status, body) == []


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "reason"),
    [
        ("GET", WEBHOOKS, 200, [{**examples.WEBHOOK, "secret": "s"}], "'secret'"),
        ("GET", WEBHOOKS, 200, [{**examples.WEBHOOK, "createdAt": examples.WHEN}], "'createdAt'"),
        ("GET", WEBHOOKS, 200, [without(examples.WEBHOOK, "hasSecret")], '"hasSecret"'),
        (
            "GET",
            WEBHOOKS,
            200,
            [{**examples.WEBHOOK, "job": {**examples.WEBHOOK["job"], "timeout": 600}}],
            "'timeout'",
        ),
        ("DELETE", f"{WEBHOOKS}/{OID}", 200, {"success": True}, "more than 0 properties"),
        ("POST", f"{WEBHOOKS}/{OID}/replay/1", 200, {"id": "1"}, '"status" is a required'),
        ("POST", JOBS, 200, {**examples.JOB, "spaceId": None}, "$.spaceId: "),
        ("POST", JOBS, 200, {**examples.JOB, "secrets": {"HF_TOKEN": None}}, "$.secrets: "),
        ("POST", JOBS, 200, {**examples.JOB, "timeoutSeconds": 1}, "'timeoutSeconds'"),
        ("POST", JOBS, 200, without(examples.JOB, "type"), '"type" is a required property'),
        ("POST", JOBS, 200, without(examples.JOB, "createdBy"), '"createdBy" is a required'),
        (
            "GET",
            f"{SCHEDULES}/{OID}",
            200,
            {**examples.SCHEDULED, "status": {"lastJob": None, "nextJobRunAt": None}},
            "$.status.nextJobRunAt: ",
        ),
        ("POST", f"{SCHEDULES}/{OID}/run", 409, {"error": "Wait."}, "$.error: "),
        ("POST", THREADS, 201, {"url": "u", "num": 7, "pullRequest": False}, "201 instead of 200"),
        ("POST", f"{THREADS}/7/comment", 200, {}, "200 instead of 201"),
        (
            "GET",
            THREADS,
            200,
            {"discussions": [], "count": 0, "start": 0, "numOpenDiscussions": 0},
            "numOpen",
        ),
        ("GET", f"{THREADS}/7", 200, {**examples.THREAD, "id": OID}, "'id'"),
        ("GET", f"{THREADS}/7", 200, {**examples.THREAD, "diff": ""}, "'diff'"),
        ("GET", f"{THREADS}/7", 200, {**examples.THREAD, "author": None}, "$.author: "),
        ("GET", f"{THREADS}/7", 200, {**examples.THREAD, "isPullRequest": True}, '"changes"'),
        ("GET", "/api/spaces/a/b/secrets", 200, {"K": {}}, '$.K: "key" is a required property'),
        ("GET", "/api/spaces/a/b/runtime", 200, {**examples.RUNTIME, "storage": None}, "'storage'"),
        ("POST", "/api/models/a/b/super-squash/main", 200, {}, '"commitId" is a required'),
        ("GET", f"{ENDPOINTS}/teacher", 200, without(examples.ENDPOINT, "tags"), '"tags"'),
        ("GET", "/api/jobs/hardware", 200, None, "$: "),
    ],
)
def test_what_the_hub_never_answers_is_found(
    method: str, path: str, status: int, body: Any, reason: str
) -> None:
    findings = check_response(method, path, status, body)
    assert any(reason in text for text in findings), findings


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", WEBHOOKS, 404, {"anything": 1}),
        ("GET", f"{JOBS}/{OID}/logs", 200, b"data: {}"),
        ("POST", f"{THREADS}/7/comment/{OID}/edit", 200, {"updatedComment": {}}),
        ("POST", "/control/clock", 200, {"now": 1}),
        ("GET", "/no/such/page", 200, {}),
        ("HEAD", "/api/whoami-v2", 200, None),
    ],
)
def test_what_the_hub_does_not_promise_is_not_checked(
    method: str, path: str, status: int, body: Any
) -> None:
    assert check_response(method, path, status, body) == []


def test_an_unknown_operation_is_said() -> None:
    assert check_request("POST", "/api/jobs/lab/1/restart").unknown
    assert not check_request("POST", "/control/clock", "", {"freeze": True}).unknown


def test_findings_name_keys_and_never_values() -> None:
    secrets = {"secrets": {"TOKEN": 5, "_T": "hf_secret"}, "flavor": "hf_secret"}
    findings = check_request("POST", JOBS, "", secrets)
    assert len(findings.refused) > 2
    assert "hf_secret" not in str(findings)


@pytest.mark.parametrize(
    ("kind", "data", "value"),
    [
        ("application/json; charset=utf-8", b'{"a": 1}', {"a": 1}),
        ("application/json", b"{", b"{"),
        ("application/json", b"[" * 100_000, b"[" * 100_000),
        ("application/json", b"", None),
        ("application/x-ndjson", b'{"a": 1}\n\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        ("application/vnd.git-lfs+json", b"[1]", [1]),
        (
            "application/x-www-form-urlencoded",
            b"paths=a&paths=b&expand=",
            {"paths": ["a", "b"], "expand": ""},
        ),
        ("image/png", b"\x89PNG", b"\x89PNG"),
        ("", b"{}", b"{}"),
    ],
)
def test_bodies_are_parsed_by_their_type(kind: str, data: bytes, value: Any) -> None:
    assert parse_body(kind, data) == value


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
operations = st.sampled_from([op for op in contract().operations if not op.ours])


@given(operation=operations, query=st.text(), body=values | st.binary())
def test_any_request_and_answer_can_be_checked(operation: Any, query: str, body: Any) -> None:
    path = operation.prefix + operation.paths()[0].replace("{}", "x")
    assert check_request(operation.method, path, query, body).operation == operation.name
    for status in (200, 201, 404):
        assert isinstance(check_response(operation.method, path, status, body), list)


def test_deep_and_broken_values_are_refused_in_words() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    half = json.loads('"\\ud800"')
    for value in (deep, half):
        assert check_request("POST", JOBS, "", {**JOB, "command": value}).refused
        assert check_response("POST", JOBS, 200, {**examples.JOB, "command": value})
