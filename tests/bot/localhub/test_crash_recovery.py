"""A Hub that is killed again and again while clients work on it, and what is left afterwards."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from bot.localhub.testing import LocalHub
from tests.bot.localhub.compute.endpoint_server import create, use_endpoints_of, wait_for_url
from tests.bot.localhub.helpers import auth_header, control, is_running, wait_until
from tests.bot.localhub.webhooks.webhook_receiver import Receiver

KILLS = 3
MARKER = f"marker{time.time_ns()}"
pytestmark = [pytest.mark.xdist_group("localhub-crash"), pytest.mark.timeout(240)]


@dataclass
class Acknowledged:
    """What the Hub acknowledged before it was killed."""

    commits: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    discussions: list[int] = field(default_factory=list)


@dataclass
class Crash:
    """A Hub that was killed and restarted."""

    hub: LocalHub
    api: HfApi
    acknowledged: Acknowledged
    job_id: str
    endpoint_url: str
    receiver: Receiver


def work(hub: LocalHub, acknowledged: Acknowledged, is_ending: threading.Event) -> None:
    """Commit, comment and open discussions; failures are ignored, because the Hub is killed."""
    api = HfApi(endpoint=hub.url, token=hub.token("alice"))
    with httpx2.Client(base_url=hub.url, headers=auth_header(hub), trust_env=False) as http:
        base = "/api/models/practice/crash/discussions"
        while not is_ending.is_set():
            text = f"{time.time_ns()}"
            with contextlib.suppress(Exception):
                large = b"\0" + os.urandom(1000)
                adds = [
                    CommitOperationAdd(f"{text}.txt", text.encode()),
                    CommitOperationAdd(f"{text}.bin", large),
                ]
                commit = api.create_commit("practice/crash", adds, commit_message=text)
                acknowledged.commits[text] = (commit.oid, large)
            with contextlib.suppress(httpx2.HTTPError):
                http.post(f"{base}/1/comment", json={"comment": text}).raise_for_status()
                acknowledged.comments.append(text)
            with contextlib.suppress(httpx2.HTTPError):
                body = {"title": text, "description": "x"}
                response = http.post(base, json=body).raise_for_status()
                acknowledged.discussions.append(response.json()["num"])


@contextlib.contextmanager
def workers(hub: LocalHub, acknowledged: Acknowledged) -> Iterator[None]:
    """Let clients work on the Hub."""
    is_ending = threading.Event()
    threads = [threading.Thread(target=work, args=(hub, acknowledged, is_ending)) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_ending.set()
        for thread in threads:
            thread.join()


def has_commits(acknowledged: Acknowledged, count: int) -> bool:
    return len(acknowledged.commits) >= count


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crash]:
    receiver = Receiver()
    receiver.close()  # until the first restart
    with LocalHub(tmp_path_factory.mktemp("crash")) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        api.create_repo("practice/crash")
        api.create_discussion("practice/crash", "the first discussion")
        api.create_repo("practice/quiet")
        api.create_webhook(url=receiver.url, watched=[{"type": "model", "name": "practice/quiet"}])
        api.create_scheduled_job(
            image="x", command=["true"], schedule="@yearly", namespace="practice"
        )
        code = f"import time; print('up'); time.sleep(300)  # {MARKER}"
        job = api.run_job(image="x", command=["python", "-c", code], namespace="practice")
        next(iter(api.fetch_job_logs(job_id=job.id, namespace="practice", follow=True)))
        with pytest.MonkeyPatch.context() as monkeypatch:
            endpoints_api = use_endpoints_of(hub, monkeypatch)
            endpoint_url = wait_for_url(create(endpoints_api, "runs"))
            create(endpoints_api, "rests").pause()
        acknowledged = Acknowledged()
        with workers(hub, acknowledged):
            wait_until(partial(has_commits, acknowledged, 5), 60)
            api.create_discussion("practice/quiet", "nobody listens")
            hub.kill()
            wait_until(lambda: not is_running(MARKER))
            receiver = Receiver(receiver.port)
            hub.start()
            for number in range(2, KILLS + 1):
                wait_until(partial(has_commits, acknowledged, 5 * number), 60)
                hub.kill()
                hub.start()
        yield Crash(hub, api, acknowledged, job.id, endpoint_url, receiver)
        receiver.close()


def test_every_acknowledged_commit_is_complete_and_no_other_exists(
    crash: Crash, tmp_path: Path
) -> None:
    assert len(crash.acknowledged.commits) > 10
    commits = crash.api.list_repo_commits("practice/crash")
    history = {commit.commit_id: commit.title for commit in commits}
    root = Path(crash.api.snapshot_download("practice/crash", local_dir=tmp_path))
    for text, (oid, large) in crash.acknowledged.commits.items():
        assert history[oid] == text
        assert (root / f"{text}.txt").read_bytes() == text.encode()
        assert (root / f"{text}.bin").read_bytes() == large
    names = {path.name for path in root.glob("*.*") if path.suffix in (".txt", ".bin")}
    titles = set(history.values()) - {"initial commit"}
    assert names == {f"{title}.{suffix}" for title in titles for suffix in ("txt", "bin")}


def test_every_acknowledged_comment_and_discussion_exists_once(crash: Crash) -> None:
    thread = crash.api.get_discussion_details("practice/crash", 1)
    comments = [str(getattr(event, "content", "")) for event in thread.events]
    assert len(crash.acknowledged.comments) > KILLS
    assert set(crash.acknowledged.comments) <= set(comments)
    assert len(comments) == len(set(comments)), "a comment exists twice"
    listed = crash.api.get_repo_discussions("practice/crash")
    numbers = [discussion.num for discussion in listed]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    opened = crash.acknowledged.discussions
    assert len(opened) == len(set(opened)) and set(opened) <= set(numbers)


def test_interrupted_job_failed_and_left_no_process(crash: Crash) -> None:
    job = crash.api.inspect_job(job_id=crash.job_id, namespace="practice")
    assert job.status.stage == "ERROR"
    assert "Hub was stopped" in str(job.status.message)
    logs = crash.api.fetch_job_logs(job_id=crash.job_id, namespace="practice")
    assert list(logs) == ["up"] and not is_running(MARKER)


def test_running_endpoint_runs_again_and_paused_one_stays_paused(
    crash: Crash, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = use_endpoints_of(crash.hub, monkeypatch)
    running = api.get_inference_endpoint("runs", namespace="practice")
    assert wait_for_url(running) == crash.endpoint_url
    paused = api.get_inference_endpoint("rests", namespace="practice")
    assert paused.status == "paused"


def test_pending_webhook_is_delivered(crash: Crash) -> None:
    assert crash.receiver.wait(1)[0]["discussion"]["title"] == "nobody listens"


def test_missed_scheduled_job_is_launched_once(crash: Crash) -> None:
    def launched() -> list[str]:
        jobs = crash.api.list_jobs(namespace="practice")
        return [job.id for job in jobs if job.id != crash.job_id]

    control(crash.hub, "clock", advance=3 * 366 * 24 * 3600)
    wait_until(launched)
    time.sleep(1.2)  # two polls of the schedules
    assert len(launched()) == 1
