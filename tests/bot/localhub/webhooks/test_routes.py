"""Webhooks: settings through the real client, deliveries to a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from huggingface_hub import HfApi, WebhookPayload, get_session
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header, wait_until
from tests.bot.localhub.webhooks.webhook_receiver import Receiver

DOMAINS: list[Any] = ["repo", "discussion"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


def scopes(bodies: list[dict[str, Any]]) -> list[str]:
    return [f"{body['event']['action']} {body['event']['scope']}" for body in bodies]


def test_settings_can_be_created_changed_and_deleted(alice: HfApi) -> None:
    watched = [{"type": "org", "name": "practice"}]
    terms: dict[str, Any] = {"watched": watched, "domains": DOMAINS}
    webhook = alice.create_webhook(url="http://127.0.0.1:9/x", secret="s3", **terms)
    assert webhook in alice.list_webhooks() and webhook == alice.get_webhook(webhook.id)
    assert (webhook.secret, webhook.disabled, webhook.domains) == (None, False, DOMAINS)
    assert alice.disable_webhook(webhook.id).disabled
    assert not alice.enable_webhook(webhook.id).disabled
    changed = alice.update_webhook(webhook.id, **{**terms, "domains": ["discussion"]})
    assert (changed.domains, changed.url, changed.watched) == (
        ["discussion"], webhook.url, webhook.watched,
    )  # fmt: skip
    alice.delete_webhook(webhook.id)
    with pytest.raises(HfHubHTTPError):
        alice.get_webhook(webhook.id)


def test_secret_is_kept_and_never_shown(hub: LocalHub, alice: HfApi) -> None:
    def ask(method: str, path: str = "", **changed: Any) -> dict[str, Any]:
        watched = [{"type": "org", "name": "practice"}]
        body = {"url": "http://127.0.0.1:9/x", "watched": watched, "domains": DOMAINS, **changed}
        url = f"{hub.url}/api/settings/webhooks{path}"
        content = body if method == "POST" else None
        response = get_session().request(method, url, headers=auth_header(hub), json=content)
        return dict(response.raise_for_status().json())

    webhook = ask("POST", secret="secret value")["webhook"]
    assert webhook["hasSecret"] and "secret value" not in str(webhook)
    path = f"/{webhook['id']}"
    assert ask("POST", path)["webhook"]["hasSecret"], "the secret stays"
    assert not ask("POST", path, secret="")["webhook"]["hasSecret"]
    assert ask("DELETE", path) == {}


def test_secrets_of_a_job_are_merged(hub: LocalHub, alice: HfApi) -> None:
    watched = [{"type": "org", "name": "practice"}]
    source = alice.run_job(image="x", command=["true"], namespace="practice", timeout=9)
    terms: dict[str, Any] = {"job_id": source.id, "watched": watched, "domains": DOMAINS}
    hook = alice.create_webhook(**terms, secrets={"ONE": "1", "TWO": "2"})

    def shown() -> dict[str, Any]:
        url = f"{hub.url}/api/settings/webhooks/{hook.id}"
        return dict(get_session().get(url, headers=auth_header(hub)).json()["webhook"])

    assert (shown()["job"]["secrets"], shown()["jobSourceId"]) == (["ONE", "TWO"], source.id)
    assert shown()["job"]["timeoutSeconds"] == 9
    alice.update_webhook(hook.id, **terms, secrets={"ONE": "", "THREE": "3"})
    assert shown()["job"]["secrets"] == ["THREE", "TWO"]
    alice.delete_webhook(hook.id)


def test_webhooks_are_private_to_their_owner(alice: HfApi, bob: HfApi) -> None:
    webhook = alice.create_webhook(
        url="http://127.0.0.1:9/x", watched=[{"type": "user", "name": "u"}], domains=DOMAINS
    )
    with pytest.raises(HfHubHTTPError):
        bob.get_webhook(webhook.id)
    assert webhook.id not in [hook.id for hook in bob.list_webhooks()]
    alice.delete_webhook(webhook.id)


@pytest.mark.parametrize(
    "invalid",
    [
        {"url": "file:///etc/passwd"},
        {"url": "http://["},
        {"watched": [{"type": "planet", "name": "x"}]},
        {"watched": [{"type": "model", "name": "no-slash"}]},
        {"watched": []},
        {"domains": ["weather"]},
        {"domains": []},
        {"secret": "é"},
    ],
)
def test_invalid_settings_are_rejected(alice: HfApi, invalid: dict[str, Any]) -> None:
    valid: dict[str, Any] = {
        "url": "http://127.0.0.1:9/",
        "watched": [{"type": "user", "name": "u"}],
        "domains": DOMAINS,
    }
    before = len(alice.list_webhooks())
    with pytest.raises(BadRequestError):
        alice.create_webhook(**{**valid, **invalid})
    assert len(alice.list_webhooks()) == before


def test_events_of_a_discussion_are_delivered(
    alice: HfApi, bob: HfApi, repo: str, receiver: Receiver
) -> None:
    hook = alice.create_webhook(
        url=receiver.url, watched=[{"type": "model", "name": repo}], domains=DOMAINS,
        secret="s e c r e t",
    )  # fmt: skip
    thread = bob.create_discussion(repo, "Esperanto", description="please")
    alice.comment_discussion(repo, thread.num, "on it")
    alice.change_discussion_status(repo, thread.num, "closed")
    bodies = receiver.wait(3)
    assert sorted(scopes(bodies)) == [
        "create discussion", "create discussion.comment", "update discussion",
    ]  # fmt: skip
    headers, first = next(
        pair for pair in receiver.requests if pair[1]["event"]["action"] == "create"
    )
    assert headers["X-Webhook-Secret"] == "s e c r e t"
    parsed = WebhookPayload(**first)
    assert parsed.repo.name == repo and parsed.repo.type == "model"
    assert parsed.discussion is not None and parsed.discussion.num == 1
    assert parsed.comment is not None and parsed.comment.content in ("please", "on it")
    assert first["webhook"] == {"id": hook.id, "version": 3}
    assert "headSha" not in first["repo"]
    assert first["discussion"]["url"]["web"].endswith(f"/{repo}/discussions/1")
    alice.delete_webhook(hook.id)


def test_commits_and_pull_requests_are_delivered(
    alice: HfApi, repo: str, receiver: Receiver
) -> None:
    hook = alice.create_webhook(
        url=receiver.url, watched=[{"type": "org", "name": "practice"}], domains=DOMAINS
    )
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo)
    alice.upload_file(path_or_fileobj=b"y", path_in_repo="y.txt", repo_id=repo, create_pr=True)
    bodies = [body for body in receiver.wait(3) if body["repo"]["name"] == repo]
    assert sorted(scopes(bodies)) == [
        "create discussion", "update repo.content", "update repo.content",
    ]  # fmt: skip
    refs = sorted(b["updatedRefs"][0]["ref"] for b in bodies if "updatedRefs" in b)
    assert refs == ["refs/heads/main", "refs/pr/1"]
    pull = next(body for body in bodies if "discussion" in body)
    assert pull["discussion"]["isPullRequest"]
    assert pull["discussion"]["changes"] == {"base": "refs/heads/main"}
    alice.delete_webhook(hook.id)


def test_only_watched_events_are_delivered(alice: HfApi, name: str, receiver: Receiver) -> None:
    other = f"{name}-other"
    for repo in (name, other):
        alice.create_repo(repo)
    hook = alice.create_webhook(
        url=receiver.url, watched=[{"type": "model", "name": name}], domains=["discussion"]
    )
    alice.create_discussion(other, "not watched")
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=name)
    alice.create_discussion(name, "watched")
    assert [body["discussion"]["title"] for body in receiver.wait(1)] == ["watched"]
    alice.disable_webhook(hook.id)
    alice.create_discussion(name, "while disabled")
    alice.enable_webhook(hook.id)
    alice.create_discussion(name, "after")
    titles = {body["discussion"]["title"] for body in receiver.wait(2)}
    assert titles == {"watched", "after"}
    alice.delete_webhook(hook.id)


def test_events_of_private_repos_are_not_delivered_to_others(
    alice: HfApi, bob: HfApi, name: str, receiver: Receiver
) -> None:
    alice.create_repo(name, private=True)
    hook = bob.create_webhook(
        url=receiver.url, watched=[{"type": "model", "name": name}], domains=DOMAINS
    )
    alice.create_discussion(name, "secret")
    alice.update_repo_settings(name, private=False)
    alice.create_discussion(name, "public")
    titles = [b["discussion"]["title"] for b in receiver.wait(2) if "discussion" in b]
    assert titles == ["public"]
    bob.delete_webhook(hook.id)


def test_failed_delivery_is_retried_and_listed(
    hub: LocalHub, alice: HfApi, bob: HfApi, repo: str, receiver: Receiver
) -> None:
    receiver.statuses = [503]
    hook = alice.create_webhook(
        url=receiver.url, watched=[{"type": "model", "name": repo}], domains=DOMAINS
    )
    bob.create_discussion(repo, "try twice")
    first, second = receiver.wait(2)
    assert first == second

    def delivered() -> list[dict[str, Any]]:
        url = f"{hub.url}/control/deliveries?state=delivered"
        deliveries = get_session().get(url, headers=auth_header(hub, "bob")).json()
        return [delivery for delivery in deliveries if delivery["webhook"] == hook.id]

    wait_until(delivered)
    assert (delivered()[0]["attempts"], delivered()[0]["status"]) == (2, 200)
    alice.delete_webhook(hook.id)


def test_webhook_runs_a_job(alice: HfApi, repo: str) -> None:
    code = "import os; print(os.environ['WEBHOOK_REPO_ID'], os.environ['KEY'])"
    command = ["python", "-c", code]
    source = alice.run_job(
        image="python:3.12", command=command, namespace="practice", secrets={"KEY": "old"}
    )
    hook = alice.create_webhook(
        job_id=source.id, watched=[{"type": "model", "name": repo}], domains=DOMAINS,
        secrets={"KEY": "new"},
    )  # fmt: skip
    assert hook.job is not None and hook.job.command == command and hook.url is None
    alice.create_discussion(repo, "run")

    def started() -> list[str]:
        jobs = alice.list_jobs(namespace="practice")
        return [job.id for job in jobs if job.initiator and job.initiator.id == hook.id]

    wait_until(started)
    lines = list(alice.fetch_job_logs(job_id=started()[0], namespace="practice", follow=True))
    assert lines == [f"{repo} new"]
    alice.delete_webhook(hook.id)
