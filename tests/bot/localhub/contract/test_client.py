"""The real client's requests are in the contract, and it understands answers in the Hub's shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    JobStage,
    SpaceHardware,
    WebhookWatchedItem,
    constants,
    set_client_factory,
)
from huggingface_hub.utils._http import default_client_factory

from bot.localhub.contract.checker import check_request, check_response, parse_body
from tests.bot.localhub.contract import examples
from tests.bot.localhub.contract.examples import OID

REPO, COMMIT = "lab/model", "a" * 40
ENTRY = {"type": "file", "path": "a.txt", "oid": COMMIT, "size": 1}
URL = {"url": "https://huggingface.co/lab/model", "name": REPO, "id": OID}
# What the Hub answers, by method and path; the first that matches is taken.
ANSWERS: list[tuple[str, int, Any]] = [
    ("GET /api/whoami-v2", 200, examples.WHOAMI),
    ("POST /api/repos/create", 200, URL),
    ("POST /api/validate-yaml", 200, {"errors": [], "warnings": []}),
    ("GET /api/jobs/hardware", 200, []),
    ("GET /api/jobs/lab", 200, [examples.JOB]),
    (".* /api/jobs/.*", 200, examples.JOB),
    ("POST /api/scheduled-jobs/.*/run", 200, examples.JOB),
    ("GET /api/scheduled-jobs/lab", 200, [examples.SCHEDULED]),
    (".* /api/scheduled-jobs/.*", 200, examples.SCHEDULED),
    ("GET /api/settings/webhooks", 200, [examples.WEBHOOK]),
    ("DELETE /api/settings/webhooks/.*", 200, {}),
    (".* /api/settings/webhooks.*", 200, {"webhook": examples.WEBHOOK}),
    ("GET .*/discussions", 200, {"discussions": [examples.SUMMARY], "count": 1, "start": 0}),
    ("POST .*/discussions", 200, {"url": "u", "num": 7, "pullRequest": False}),
    ("GET .*/discussions/7", 200, examples.THREAD),
    ("POST .*/comment", 201, {"newMessage": examples.COMMENT}),
    ("POST .*/(edit|hide)", 200, {"updatedComment": examples.COMMENT}),
    (
        "POST .*/status",
        200,
        {
            "newStatus": {
                **examples.COMMENT,
                "type": "status-change",
                "data": {"status": "closed"},
            }
        },
    ),
    (
        "POST .*/title",
        200,
        {
            "newTitle": {
                **examples.COMMENT,
                "type": "title-change",
                "data": {"from": "abc", "to": "def"},
            }
        },
    ),
    ("GET .*/refs", 200, {"tags": [], "branches": [], "converts": [], "pullRequests": []}),
    ("GET .*/tree/main", 200, [ENTRY]),
    ("POST .*/paths-info/main", 200, [ENTRY]),
    ("GET .*/commits/main", 200, []),
    ("POST .*/super-squash/main", 200, {"commitId": COMMIT}),
    (
        "POST .*/preupload/main",
        200,
        {
            "files": [{"path": "a.txt", "uploadMode": "regular", "shouldIgnore": False}],
            "commitOid": COMMIT,
        },
    ),
    (
        "POST .*/commit/main",
        200,
        {
            "success": True,
            "commitOid": COMMIT,
            "commitUrl": f"https://huggingface.co/{REPO}/commit/{COMMIT}",
            "hookOutput": "",
        },
    ),
    ("PUT .*/settings", 200, {"private": True}),
    ("GET .*/leaderboard", 200, []),
    ("GET /api/models", 200, [{"_id": OID, "id": REPO}]),
    ("GET /api/models/lab/model", 200, {"_id": OID, "id": REPO, "sha": COMMIT}),
    ("GET .*/secrets", 200, {"KEY": {"key": "KEY"}}),
    (".* .*/variables", 200, {"KEY": {"key": "KEY", "value": "v"}}),
    (".* /api/spaces/.*/(runtime|pause|restart|hardware|sleeptime)", 200, examples.RUNTIME),
    (".* /api/collections.*/items.*", 200, examples.COLLECTION),
    ("PATCH /api/collections/.*", 200, {"success": True, "data": examples.COLLECTION}),
    (".* /api/collections/?.*", 200, examples.COLLECTION),
    ("GET /v2/endpoint/lab", 200, {"items": [examples.ENDPOINT]}),
    (".* /v2/endpoint/.*", 200, examples.ENDPOINT),
    ("(POST|DELETE|GET) .*", 200, {}),
]


@pytest.fixture
def findings() -> Iterator[list[str]]:
    """Answer the client without a network; what was wrong with each call, at the end."""
    recorded: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        call = f"{request.method} {path}"
        path = path.replace("/v2/", "/endpoints-api/v2/", 1) if path.startswith("/v2/") else path
        body = parse_body(request.headers.get("content-type", ""), request.read())
        checked = check_request(request.method, path, request.url.query.decode(), body)
        recorded.extend(f"{call} is unknown" for _ in range(checked.unknown))
        recorded.extend(f"{call} refused {text}" for text in checked.refused)
        recorded.extend(f"{call} ignored {text}" for text in checked.ignored)
        status, content = next((s, c) for rule, s, c in ANSWERS if re.fullmatch(rule, call))
        wrong = check_response(request.method, path, status, content)
        recorded.extend(f"{call} answered {text}" for text in wrong)
        return httpx2.Response(status, json=content, request=request)

    set_client_factory(lambda: httpx2.Client(transport=httpx2.MockTransport(answer)))
    yield recorded
    set_client_factory(default_client_factory)


@pytest.fixture
def api() -> HfApi:
    """A client of the real Hub, which no request reaches."""
    return HfApi(endpoint="https://huggingface.co", token="hf_test")


def test_accounts_repos_and_content(api: HfApi, findings: list[str]) -> None:
    api.whoami()
    api.create_repo(REPO, private=True)
    api.create_repo(
        "lab/space", repo_type="space", space_sdk="gradio", space_hardware=SpaceHardware.T4_SMALL
    )
    api.update_repo_settings(REPO, visibility="private", gated="auto")
    api.move_repo(REPO, "lab/other")
    api.delete_repo(REPO)
    api.model_info(REPO, expand=["sha"])
    list(api.list_models(author="lab", sort="created_at", expand=["sha"], limit=2))
    list(api.list_repo_tree(REPO, recursive=True))
    api.get_paths_info(REPO, ["a.txt"], expand=True)
    api.list_repo_refs(REPO, include_pull_requests=True)
    api.list_repo_commits(REPO, formatted=True)
    api.create_branch(REPO, branch="new", revision="main")
    api.delete_branch(REPO, branch="new")
    api.create_tag(REPO, tag="v1", tag_message="one")
    api.delete_tag(REPO, tag="v1")
    api.super_squash_history(REPO)
    operations: list[CommitOperationAdd | CommitOperationDelete]
    operations = [CommitOperationAdd("a.txt", b"a"), CommitOperationDelete("b.txt")]
    api.create_commit(REPO, operations, commit_message="one", parent_commit=COMMIT)
    api.auth_check(REPO)
    api.get_dataset_leaderboard("lab/data")
    assert findings == []


def test_discussions(api: HfApi, findings: list[str]) -> None:
    list(api.get_repo_discussions(REPO, author="ann", discussion_status="open"))
    thread = api.create_discussion(REPO, title="Please learn Esperanto", description="Now.")
    assert (thread.num, thread.author, thread.status) == (7, "ann", "open")
    assert thread.events[0].content == "Hello"  # type: ignore[attr-defined]
    api.comment_discussion(REPO, 7, comment="Yes")
    api.edit_discussion_comment(REPO, 7, OID, new_content="No")
    with pytest.warns(UserWarning, match="irreversible"):
        api.hide_discussion_comment(REPO, 7, OID)
    api.rename_discussion(REPO, 7, new_title="Perhaps")
    api.change_discussion_status(REPO, 7, "closed", comment="Done")
    api.merge_pull_request(REPO, 7)
    assert findings == []


def test_jobs_and_schedules(api: HfApi, findings: list[str]) -> None:
    job = api.run_job(
        image="python:3.12",
        command=["python"],
        env={"LANG": "C"},
        secrets={"T": "s"},
        flavor="cpu-basic",
        timeout="1h",
        labels={"request": "r1"},
        namespace="lab",
    )
    assert (job.id, job.status.stage) == (OID, JobStage.CANCELED)
    assert list(job.secrets or ()) == ["HF_TOKEN"]
    assert next(iter(api.list_jobs(namespace="lab", labels={"request": "r1"}))).id == OID
    api.inspect_job(job_id=OID, namespace="lab")
    api.cancel_job(job_id=OID, namespace="lab")
    api.create_scheduled_job(
        image="python:3.12", command=["python"], schedule="@daily", namespace="lab"
    )
    assert len(api.list_scheduled_jobs(namespace="lab")) == 1
    api.suspend_scheduled_job(scheduled_job_id=OID, namespace="lab")
    api.delete_scheduled_job(scheduled_job_id=OID, namespace="lab")
    assert findings == []


def test_webhooks(api: HfApi, findings: list[str]) -> None:
    watched: list[dict[Any, Any] | WebhookWatchedItem]
    watched = [WebhookWatchedItem(type="org", name="lab")]
    api.create_webhook(
        job_id=OID, watched=watched, domains=["discussion"], secret="s", secrets={"T": "s"}
    )
    (webhook,) = api.list_webhooks()
    assert webhook.secret is None  # the Hub never returns it
    api.update_webhook(OID, url="https://a.b/c", watched=watched, domains=["discussion"])
    api.disable_webhook(OID)
    api.delete_webhook(OID)
    assert findings == []


def test_the_client_itself_updates_a_webhook_in_a_way_that_the_hub_refuses(
    api: HfApi, findings: list[str]
) -> None:
    api.update_webhook(OID, url="https://a.b/c")
    path = f"POST /api/settings/webhooks/{OID} refused"
    assert sorted(findings) == [
        f"{path} $.watched: the value has less than 1 item",
        f'{path} $: "domains" is a required property',
    ]


def test_spaces_and_collections(api: HfApi, findings: list[str]) -> None:
    api.add_space_secret("lab/space", "KEY", "v")
    api.get_space_secrets("lab/space")
    api.delete_space_secret("lab/space", "KEY")
    api.add_space_variable("lab/space", "KEY", "v")
    api.get_space_variables("lab/space")
    api.get_space_runtime("lab/space")
    api.request_space_hardware("lab/space", SpaceHardware.T4_SMALL, sleep_time=3600)
    api.set_space_sleep_time("lab/space", -1)
    api.pause_space("lab/space")
    api.restart_space("lab/space", factory_reboot=True)
    collection = api.create_collection(
        "Kakugo", namespace="lab", description="All of it", private=True
    )
    api.add_collection_item(collection.slug, REPO, "model", note="an adapter")
    api.update_collection_item(collection.slug, OID, note="another", position=0)
    api.update_collection_metadata(collection.slug, title="New", theme="blue")
    api.delete_collection_item(collection.slug, OID)
    assert findings == []


def test_endpoints(api: HfApi, findings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    base = "https://api.endpoints.huggingface.cloud/v2"
    monkeypatch.setattr(constants, "INFERENCE_ENDPOINTS_ENDPOINT", base)
    image = {"url": "vllm/vllm-openai", "healthRoute": "/health", "port": 80}
    common: dict[str, Any] = {"accelerator": "gpu", "instance_size": "x1", "namespace": "lab"}
    endpoint = api.create_inference_endpoint(
        "teacher",
        repository="org/teacher",
        framework="custom",
        instance_type="nvidia-h200",
        region="us-east-1",
        vendor="aws",
        type="private",
        custom_image=image,
        min_replica=0,
        scale_to_zero_timeout=15,
        **common,
    )
    assert (endpoint.status, endpoint.health_route) == ("running", "/health")
    assert [each.name for each in api.list_inference_endpoints("lab")] == ["teacher"]
    api.update_inference_endpoint("teacher", namespace="lab", min_replica=1)
    api.pause_inference_endpoint("teacher", namespace="lab")
    api.resume_inference_endpoint("teacher", namespace="lab")
    assert findings == []

    old = {"url": "vllm/vllm-openai", "health_route": "/health"}
    api.update_inference_endpoint("teacher", namespace="lab", custom_image=old)
    path = "PUT /v2/endpoint/lab/teacher"
    assert findings == [f"{path} ignored $.model.image.custom.health_route"]
