"""Kills the local Hub again and again while it works, then compares its books with what it said.

In its own file because it takes minutes; the suite has a short one of two kinds of work.
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
class Books:
    """What the Hub acknowledged: commits by hash with their file, comments, jobs."""

    commits: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    @property
    def entries(self) -> int:
        """How much there is."""
        return len(self.commits) + len(self.comments) + len(self.jobs)

    def wait(self, count: int, seconds: float = 10.0) -> None:
        """Wait until there is so much."""
        deadline = time.monotonic() + seconds
        while self.entries < count and time.monotonic() < deadline:
            time.sleep(0.001)


def commit(http: httpx2.Client, books: Books) -> None:
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
    answer = http.post(f"/api/models/{REPO}/commit/main", content=body, headers=headers)
    books.commits[answer.raise_for_status().json()["commitOid"]] = (name, content)


def comment(http: httpx2.Client, books: Books) -> None:
    text = str(time.time_ns())
    url = f"/api/models/{REPO}/discussions/1/comment"
    http.post(url, json={"comment": text}).raise_for_status()
    books.comments.append(text)


def run_job(http: httpx2.Client, books: Books) -> None:
    job = {"dockerImage": "x", "command": ["sleep", "0.3"]}
    answer = http.post("/api/jobs/practice", json=job).raise_for_status()
    books.jobs.append(answer.json()["id"])
    time.sleep(0.2)


def work(hub: LocalHub, act: Callable[[httpx2.Client, Books], None], books: Books) -> None:
    """Do it until the Hub is gone."""
    headers = {"Authorization": f"Bearer {hub.token('alice')}"}
    how: dict[str, Any] = {"verify": False, "trust_env": False, "timeout": 30.0}
    with httpx2.Client(base_url=hub.url, headers=headers, **how) as http:
        while True:
            try:
                act(http, books)
            except httpx2.TransportError:
                return


@pytest.mark.timeout(1800)
def test_killed_hundreds_of_times(tmp_path: Path) -> None:
    books, chance = Books(), random.Random(7)
    hub = LocalHub(tmp_path).start()
    api = HfApi(endpoint=hub.url, token=hub.token("alice"))
    api.create_repo(REPO)
    api.create_discussion(REPO, "the talk")
    watched = [{"type": "model", "name": REPO}]
    api.create_webhook(url="http://127.0.0.1:9/nobody", watched=watched, domains=["discussion"])
    for _ in range(KILLS):
        workers = [
            threading.Thread(target=work, args=(hub, act, books))
            for act in (commit, commit, commit, comment, comment, run_job)
        ]
        for worker in workers:
            worker.start()
        books.wait(books.entries + chance.randrange(1, 40))
        time.sleep(chance.uniform(0, 0.02))
        hub.kill()
        for worker in workers:
            worker.join()
        hub.start()
    told = f"{len(books.commits)} commits, {len(books.comments)} comments, {len(books.jobs)} jobs"
    print(f"\n  {KILLS} kills; acknowledged: {told}", end="")
    assert books.commits and books.comments and books.jobs
    audit(hub, books)
    hub.stop()
    audit_files(hub.data)


def audit(hub: LocalHub, books: Books) -> None:
    """Everything acknowledged is there, once; every commit has its whole file and no other."""
    api = HfApi(endpoint=hub.url, token=hub.token("alice"))
    history = {each.commit_id: each.title for each in api.list_repo_commits(REPO)}
    files = set(api.list_repo_files(REPO)) - {".gitattributes"}
    assert {oid: name for oid, (name, _) in books.commits.items()}.items() <= history.items()
    titles = [title for title in history.values() if title != "initial commit"]
    assert len(titles) == len(set(titles)) and set(titles) == files
    with httpx2.Client(base_url=hub.url, trust_env=False) as http:
        for name, content in books.commits.values():
            assert http.get(f"/{REPO}/resolve/main/{name}").content == content
    thread = api.get_discussion_details(REPO, 1)
    said = [str(getattr(event, "content", "")) for event in thread.events]
    assert len(said) == len(set(said)) and set(books.comments) <= set(said)
    jobs = {job.id: job.status.stage for job in api.list_jobs(namespace="practice")}
    assert set(books.jobs) <= set(jobs)
    with sqlite3.connect(hub.data / "hub.db") as db:
        heard = db.execute("SELECT payload FROM webhook_deliveries ORDER BY seq").fetchall()
    told = [json.loads(row[0])["comment"]["content"] for row in heard]
    kept = min(len(said) - 1, DELIVERIES_KEPT)  # older ones that were given up may be forgotten
    assert told[-kept:] == said[-kept:], "a comment without its delivery, or one too many"


def audit_files(data: Path) -> None:
    """The database is sound, contents are what their names say, no upload was left behind."""
    with sqlite3.connect(data / "hub.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    for blob in (data / "blobs").glob("*/*"):
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.parent.name + blob.name
    assert list((data / "incoming").iterdir()) == []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        try:
            assert not str(place.readlink()).startswith(str(data)), "a process was left behind"
        except OSError:
            continue  # it is somebody else's, or ended while we looked
