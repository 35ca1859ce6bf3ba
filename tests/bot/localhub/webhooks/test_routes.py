"""Webhooks: settings through the real client, deliveries to a real server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, WebhookPayload
from huggingface_hub.errors import BadRequestError, HfHubHTTPError
from huggingface_hub.utils import get_session

from bot.localhub.testing import LocalHub


class Receiver:
    """A server that keeps what is posted to it and answers with the statuses it is told."""

    def __init__(self, port: int = 0) -> None:
        self.heard: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                receiver.heard.append((dict(self.headers), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count: int, seconds: float = 10.0) -> list[dict[str, Any]]:
        """The first `count` payloads, once they are there."""
        deadline = time.monotonic() + seconds
        while len(self.heard) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.heard) >= count, [body["event"] for _, body in self.heard]
        return [body for _, body in self.heard]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def scopes(bodies: list[dict[str, Any]]) -> list[str]:
    return [f"{body['event']['action']} {body['event']['scope']}" for body in bodies]


def test_settings(alice: HfApi) -> None:
    watched = [{"type": "org", "name": "practice"}]
    made = alice.create_webhook(url="http://127.0.0.1:9/x", watched=watched, secret="s3")
    assert made in alice.list_webhooks() and made == alice.get_webhook(made.id)
    assert (made.secret, made.disabled, made.domains) == ("s3", False, ["repo", "discussion"])
    assert alice.disable_webhook(made.id).disabled
    assert not alice.enable_webhook(made.id).disabled
    changed = alice.update_webhook(made.id, domains=["discussion"], secret="s4")
    assert (changed.domains, changed.secret, changed.watched) == (
        ["discussion"], "s4", made.watched,
    )  # fmt: skip
    alice.delete_webhook(made.id)
    with pytest.raises(HfHubHTTPError):
        alice.get_webhook(made.id)


def test_webhooks_are_private_to_their_owner(alice: HfApi, bob: HfApi) -> None:
    made = alice.create_webhook(url="http://127.0.0.1:9/x", watched=[{"type": "user", "name": "u"}])
    with pytest.raises(HfHubHTTPError):
        bob.get_webhook(made.id)
    assert made.id not in [each.id for each in bob.list_webhooks()]
    alice.delete_webhook(made.id)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "file:///etc/passwd"},
        {"watched": [{"type": "planet", "name": "x"}]},
        {"watched": [{"type": "model", "name": "no-slash"}]},
        {"domains": ["weather"]},
        {"secret": "é"},
    ],
)
def test_wrong_settings_are_refused(alice: HfApi, wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"url": "http://127.0.0.1:9/", "watched": []}
    before = len(alice.list_webhooks())
    with pytest.raises(BadRequestError):
        alice.create_webhook(**{**right, **wrong})
    assert len(alice.list_webhooks()) == before


def test_a_discussion_is_delivered(alice: HfApi, bob: HfApi, repo: str, receiver: Receiver) -> None:
    hook = alice.create_webhook(
        url=receiver.url, watched=[{"type": "model", "name": repo}], secret="s e c r e t"
    )
    thread = bob.create_discussion(repo, "Esperanto", description="please")
    alice.comment_discussion(repo, thread.num, "on it")
    alice.change_discussion_status(repo, thread.num, "closed")
    bodies = receiver.wait(3)
    assert sorted(scopes(bodies)) == [
        "create discussion", "create discussion.comment", "update discussion",
    ]  # fmt: skip
    headers, first = next(pair for pair in receiver.heard if pair[1]["event"]["action"] == "create")
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
    hook = alice.create_webhook(url=receiver.url, watched=[{"type": "org", "name": "practice"}])
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo)
    alice.upload_file(path_or_fileobj=b"y", path_in_repo="y.txt", repo_id=repo, create_pr=True)
    mine = [body for body in receiver.wait(3) if body["repo"]["name"] == repo]
    assert sorted(scopes(mine)) == [
        "create discussion", "update repo.content", "update repo.content",
    ]  # fmt: skip
    refs = sorted(b["updatedRefs"][0]["ref"] for b in mine if "updatedRefs" in b)
    assert refs == ["refs/heads/main", "refs/pr/1"]
    pull = next(body for body in mine if "discussion" in body)
    assert pull["discussion"]["isPullRequest"]
    assert pull["discussion"]["changes"] == {"base": "refs/heads/main"}
    alice.delete_webhook(hook.id)


def test_only_what_is_watched(alice: HfApi, name: str, receiver: Receiver) -> None:
    other = f"{name}-other"
    for each in (name, other):
        alice.create_repo(each)
    watched = [{"type": "model", "name": name}]
    hook = alice.create_webhook(url=receiver.url, watched=watched, domains=["discussion"])
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


def test_private_repos_are_not_told_to_strangers(
    alice: HfApi, bob: HfApi, name: str, receiver: Receiver
) -> None:
    alice.create_repo(name, private=True)
    hook = bob.create_webhook(url=receiver.url, watched=[{"type": "model", "name": name}])
    alice.create_discussion(name, "secret")
    alice.update_repo_settings(name, private=False)
    alice.create_discussion(name, "public")
    titles = [b["discussion"]["title"] for b in receiver.wait(2) if "discussion" in b]
    assert titles == ["public"]
    bob.delete_webhook(hook.id)


def test_failures_are_retried_logged_and_replayed(
    hub: LocalHub, alice: HfApi, repo: str, receiver: Receiver
) -> None:
    receiver.statuses = [503]
    hook = alice.create_webhook(url=receiver.url, watched=[{"type": "model", "name": repo}])
    alice.create_discussion(repo, "try twice")
    receiver.wait(2)
    base = f"{hub.url}/api/settings/webhooks/{hook.id}"
    headers = {"Authorization": f"Bearer {hub.token('alice')}"}

    def log() -> list[dict[str, Any]]:
        answer = get_session().get(f"{base}/deliveries", headers=headers)
        found: list[dict[str, Any]] = answer.json()
        return found

    wait_for(lambda: log()[0]["state"] == "delivered")
    assert (log()[0]["attempts"], log()[0]["status"]) == (2, 200)
    get_session().post(f"{base}/replay/{log()[0]['id']}", headers=headers).raise_for_status()
    bodies = receiver.wait(3)
    assert bodies[2] == bodies[1]
    alice.delete_webhook(hook.id)


def test_control_lists_and_replays_what_anybody_was_told(
    hub: LocalHub, alice: HfApi, bob: HfApi, repo: str, receiver: Receiver
) -> None:
    hook = alice.create_webhook(url=receiver.url, watched=[{"type": "model", "name": repo}])
    bob.create_discussion(repo, "Esperanto")
    receiver.wait(1)
    headers = {"Authorization": f"Bearer {hub.token('bob')}"}

    def delivered() -> list[dict[str, Any]]:
        url = f"{hub.url}/control/deliveries?state=delivered"
        told = get_session().get(url, headers=headers).json()
        return [each for each in told if each["webhook"] == hook.id]

    deadline = time.monotonic() + 10
    while not delivered():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    url = f"{hub.url}/control/deliveries/{delivered()[0]['id']}/replay"
    get_session().post(url, headers=headers).raise_for_status()
    first, again = receiver.wait(2)
    assert first == again
    alice.delete_webhook(hook.id)


def test_undelivered_ones_survive_a_crash(tmp_path: Path) -> None:
    target = Receiver()
    port = target.server.server_port
    target.close()
    with LocalHub(tmp_path) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        api.create_repo("practice/m")
        watched = [{"type": "model", "name": "practice/m"}]
        api.create_webhook(url=f"http://127.0.0.1:{port}/hook", watched=watched)
        api.create_discussion("practice/m", "nobody listens")
        hub.kill()
        target = Receiver(port)
        hub.start()
        assert target.wait(1)[0]["discussion"]["title"] == "nobody listens"
    target.close()


def test_a_webhook_runs_a_job(alice: HfApi, repo: str) -> None:
    code = "import os; print(os.environ['WEBHOOK_REPO_ID'], os.environ['KEY'])"
    command = ["python", "-c", code]
    source = alice.run_job(
        image="python:3.12", command=command, namespace="practice", secrets={"KEY": "old"}
    )
    hook = alice.create_webhook(
        job_id=source.id, watched=[{"type": "model", "name": repo}], secrets={"KEY": "new"}
    )
    assert hook.job is not None and hook.job.command == command and hook.url is None
    alice.create_discussion(repo, "run")

    def started() -> list[str]:
        jobs = alice.list_jobs(namespace="practice")
        return [job.id for job in jobs if job.initiator and job.initiator.id == hook.id]

    wait_for(lambda: bool(started()))
    lines = list(alice.fetch_job_logs(job_id=started()[0], namespace="practice", follow=True))
    assert lines == [f"{repo} new"]
    alice.delete_webhook(hook.id)


def wait_for(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)
