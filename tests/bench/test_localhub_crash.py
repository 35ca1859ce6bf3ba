"""The local Hub, killed many times while it works: its data has all that it acknowledged.

Run with `pytest tests/bench/test_localhub_crash.py -s` (minutes); `KILLS=20` makes it shorter.
Prints what was acknowledged. `tests/bot/localhub/test_crash_recovery.py` is a short version.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from bot.localhub.webhooks.routes import DELIVERIES_KEPT

KILLS = int(os.environ.get("KILLS", "200"))
REPO = "practice/crash"


@dataclass
class Acknowledged:
    """What the Hub acknowledged. commits: the path and content of each commit's file, by hash."""

    commits: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """The number of acknowledged calls."""
        return len(self.commits) + len(self.comments) + len(self.jobs)

    def wait(self, count: int, seconds: float = 10.0) -> None:
        """Wait until this many calls are acknowledged, or some seconds have passed."""
        deadline = time.monotonic() + seconds
        while self.count < count and time.monotonic() < deadline:
            time.sleep(0.001)


def commit(http: httpx2.Client, acknowledged: Acknowledged) -> None:
    name, content = f"{time.time_ns()}.txt", os.urandom(200)
    lines = [
        {"key": "header", "value": {"summary": name, "description": ""}},
        {
            "key": "file",
            "value": {
                "path": name, "content": base64.b64encode(content).decode(), "encoding": "base64",
            },
        },
    ]  # fmt: skip
    body = "\n".join(map(json.dumps, lines))
    headers = {"Content-Type": "application/x-ndjson"}
    response = http.post(f"/api/models/{REPO}/commit/main", content=body, headers=headers)
    acknowledged.commits[response.raise_for_status().json()["commitOid"]] = (name, content)


def comment(http: httpx2.Client, acknowledged: Acknowledged) -> None:
    text = str(time.time_ns())
    url = f"/api/models/{REPO}/discussions/1/comment"
    http.post(url, json={"comment": text}).raise_for_status()
    acknowledged.comments.append(text)


def run_job(http: httpx2.Client, acknowledged: Acknowledged) -> None:
    job = {"dockerImage": "x", "command": ["sleep", "0.3"]}
    response = http.post("/api/jobs/practice", json=job).raise_for_status()
    acknowledged.jobs.append(response.json()["id"])
    time.sleep(0.2)


def repeat(
    hub: LocalHub, call: Callable[[httpx2.Client, Acknowledged], None], acknowledged: Acknowledged
) -> None:
    """Repeat a call until the Hub is killed."""
    headers = {"Authorization": f"Bearer {hub.token('alice')}"}
    options: dict[str, Any] = {"verify": False, "trust_env": False, "timeout": 30.0}
    with httpx2.Client(base_url=hub.url, headers=headers, **options) as http:
        while True:
            try:
                call(http, acknowledged)
            except httpx2.TransportError:
                return


@pytest.mark.timeout(1800)
def test_data_is_complete_after_hundreds_of_kills(tmp_path: Path) -> None:
    acknowledged, rng = Acknowledged(), random.Random(7)
    hub = LocalHub(tmp_path).start()
    api = HfApi(endpoint=hub.url, token=hub.token("alice"))
    api.create_repo(REPO)
    api.create_discussion(REPO, "the first discussion")
    api.create_webhook(
        url="http://127.0.0.1:9/nobody",
        watched=[{"type": "model", "name": REPO}],
        domains=["discussion"],
    )
    for _ in range(KILLS):
        workers = [
            threading.Thread(target=repeat, args=(hub, call, acknowledged))
            for call in (commit, commit, commit, comment, comment, run_job)
        ]
        for worker in workers:
            worker.start()
        acknowledged.wait(acknowledged.count + rng.randrange(1, 40))
        time.sleep(rng.uniform(0, 0.02))
        hub.kill()
        for worker in workers:
            worker.join()
        hub.start()
    counts = (
        f"{len(acknowledged.commits)} commits, {len(acknowledged.comments)} comments,"
        f" {len(acknowledged.jobs)} jobs"
    )
    print(f"\n  {KILLS} kills; acknowledged: {counts}", end="")
    assert acknowledged.commits and acknowledged.comments and acknowledged.jobs
    audit(hub, acknowledged)
    hub.stop()
    audit_files(hub.data)


def audit(hub: LocalHub, acknowledged: Acknowledged) -> None:
    """Check that everything acknowledged exists once, and that every commit has its whole file."""
    api = HfApi(endpoint=hub.url, token=hub.token("alice"))
    history = {commit.commit_id: commit.title for commit in api.list_repo_commits(REPO)}
    files = set(api.list_repo_files(REPO)) - {".gitattributes"}
    paths = {oid: path for oid, (path, _) in acknowledged.commits.items()}
    assert paths.items() <= history.items()
    titles = [title for title in history.values() if title != "initial commit"]
    assert len(titles) == len(set(titles)) and set(titles) == files
    with httpx2.Client(base_url=hub.url, trust_env=False) as http:
        for path, content in acknowledged.commits.values():
            assert http.get(f"/{REPO}/resolve/main/{path}").content == content
    thread = api.get_discussion_details(REPO, 1)
    comments = [str(getattr(event, "content", "")) for event in thread.events]
    assert len(comments) == len(set(comments)) and set(acknowledged.comments) <= set(comments)
    jobs = {job.id for job in api.list_jobs(namespace="practice")}
    assert set(acknowledged.jobs) <= jobs
    with sqlite3.connect(hub.data / "hub.db") as db:
        rows = db.execute("SELECT payload FROM webhook_deliveries ORDER BY seq").fetchall()
    delivered = [json.loads(row[0])["comment"]["content"] for row in rows]
    # The Hub deletes the oldest deliveries that failed for good.
    kept = min(len(comments) - 1, DELIVERIES_KEPT)
    assert delivered[-kept:] == comments[-kept:], "a comment has no delivery, or more than one"


def audit_files(data: Path) -> None:
    """Check the database and the hash of every file, and that no upload or process is left."""
    with sqlite3.connect(data / "hub.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    for blob in (data / "blobs").glob("*/*"):
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.parent.name + blob.name
    assert list((data / "incoming").iterdir()) == []
    for folder in Path("/proc").glob("[0-9]*/cwd"):
        try:
            assert not str(folder.readlink()).startswith(str(data)), "a process was left behind"
        except OSError:
            continue  # another user's process, or one that ended meanwhile
