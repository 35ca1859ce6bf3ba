"""A Hub in memory, for stories that run thousands of times; it keeps the history of every value.

A reader can be shown the past, as the Hub's listings do (`lag`). What a call means here is what it
means on the local Hub: `test_crash.py` plays the same story on both. The calls are in `client.py`.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")

ORG, BOT, URL = "practice", "kakugo-bot", "http://model.hub"
FLAVORS = {"cpu-basic": 0.01, "cpu-upgrade": 0.03, "h200": 5.0}
SCHEDULING, WAKING = 3.0, 20.0
IMPROVED = {"version": "v2", "promoted": True, "fresh": True}
ADVICE = {
    "advice": {"level": "good", "shortfalls": []},
    "teacher": {"script": 1.0, "chrf": 61.0, "round_trip": 70.0},
    "bases": {"practice/base": {"fertility": 2.0, "bytes": 0.0}},
}
SECONDS = {"check": 100.0, "generate": 100.0, "train": 80.0, "evaluate": 50.0, "improve": 60.0}
EPOCH = 1_800_000_000.0


class Past(Generic[T]):
    """A value and since when it holds."""

    def __init__(self) -> None:
        self.since: list[float] = []
        self.values: list[T] = []

    def put(self, at: float, value: T) -> None:
        self.since.append(at)
        self.values.append(value)

    def at(self, moment: float) -> T | None:
        index = bisect.bisect_right(self.since, moment)
        return self.values[index - 1] if index else None


@dataclass
class Comment:
    id: str
    author: str
    text: Past[str]


@dataclass
class Thread:
    num: int
    title: str
    author: str
    created: float
    comments: list[Comment] = field(default_factory=list)
    status: Past[str] = field(default_factory=Past)


@dataclass
class JobRecord:
    """One job; what becomes of it is settled when its time is up."""

    id: str
    order: Mapping[str, Any]
    created: float
    ends: float
    stage: Past[str] = field(default_factory=Past)

    @property
    def labels(self) -> Mapping[str, str]:
        return self.order["labels"]


Outcome = Callable[[Mapping[str, str]], bool]


@dataclass
class HubModel:
    """`lag`: how many seconds back a listing may look; `succeeds` decides by a job's labels.

    `silent`: the listing does not say how many comments there are.
    """

    lag: float = 0.0
    seed: int = 0
    silent: bool = False
    succeeds: Outcome = lambda labels: True
    now: float = EPOCH
    threads: dict[int, Thread] = field(default_factory=dict)
    jobs: list[JobRecord] = field(default_factory=list)
    commits: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    heads: Past[str] = field(default_factory=Past)
    manifests: dict[tuple[str, str], Past[str]] = field(default_factory=dict)
    endpoint: Past[str] = field(default_factory=Past)
    endpoint_orders: int = 0
    members: list[str] = field(default_factory=lambda: [BOT, "ada"])

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._commit({})

    def _commit(self, files: dict[str, str]) -> str:
        oid = hashlib.sha1(f"{len(self.commits)}".encode()).hexdigest()
        self.commits.append((oid, files))
        self.heads.put(self.now, oid)
        return oid

    @property
    def head(self) -> str:
        return self.commits[-1][0]

    def files(self, oid: str) -> dict[str, str]:
        return next(files for sha, files in reversed(self.commits) if sha == oid)

    # -- people ------------------------------------------------------------------------------------

    def asks(self, author: str, title: str, body: str = "") -> int:
        thread = Thread(len(self.threads) + 1, title, author, self.now)
        thread.status.put(self.now, "open")
        self.threads[thread.num] = thread
        self.says(thread.num, author, body)
        return thread.num

    def says(self, num: int, author: str, text: str) -> str:
        comments = self.threads[num].comments
        comment = Comment(f"{num:04x}{len(comments):04x}", author, Past())
        comment.text.put(self.now, text)
        comments.append(comment)
        return comment.id

    def heard(self, num: int, author: str = BOT) -> list[str]:
        """What stands in a discussion now, said by `author`."""
        comments = self.threads[num].comments
        return [comment.text.values[-1] for comment in comments if comment.author == author]

    # -- time --------------------------------------------------------------------------------------

    def past(self) -> float:
        """A moment that a listing may show."""
        return self.now - self.random.uniform(0, self.lag) if self.lag else self.now

    def move(self, now: float) -> None:
        """Let the time pass: jobs start, end and leave what they made."""
        self.now = max(self.now, now)
        for job in self.jobs:
            if job.stage.values[-1] == "SCHEDULING" and job.created + SCHEDULING <= self.now:
                job.stage.put(job.created + SCHEDULING, "RUNNING")
            if job.stage.values[-1] == "RUNNING" and job.ends <= self.now:
                self._end(job)

    def _end(self, job: JobRecord) -> None:
        started = job.created + SCHEDULING
        taught = job.labels["step"] not in ("check", "generate") or self.taught(started, job.ends)
        made = self._made(job)
        if made is None and not (taught and self.succeeds(job.labels)):
            job.stage.put(job.ends, "ERROR")
            return
        if made is None:
            path, text = self._manifest(job)
            self.manifests.setdefault(path, Past()).put(job.ends - 1, text)
        job.stage.put(job.ends, "COMPLETED")

    def _made(self, job: JobRecord) -> str | None:
        """A recipe that finds its manifest leaves at once."""
        past = self.manifests.get(self._manifest(job)[0])
        found = past.at(job.created + SCHEDULING) if past else None
        same = found and json.loads(found)["digest"] == _option(job, "--digest")
        return found if same else None

    def _manifest(self, job: JobRecord) -> tuple[tuple[str, str], str]:
        repo, step = _option(job, "--into"), job.labels["step"]
        path = f"checks/{_option(job, '--language')}/run.json" if step == "check" else "run.json"
        if step in ("evaluate", "improve"):
            adapter = _option(job, "--adapter").rsplit("/", 1)[-1]
            own = f"/improvements/{_option(job, '--request')}" if step == "improve" else ""
            path = f"{_option(job, '--language')}/{adapter}{own}/run.json"
        return (repo, path), _manifest_text(
            step, int(job.labels["attempt"]), _option(job, "--digest"), job.ends - job.created
        )

    def taught(self, begin: float, end: float) -> bool:
        """Whether the teacher answered all the time."""
        return all(self.teacher_at(moment) == "running" for moment in (begin, end))

    def teacher_at(self, moment: float) -> str:
        told = self.endpoint.at(moment)
        if told != "running":
            return told or "absent"
        index = bisect.bisect_right(self.endpoint.since, moment)
        return "running" if moment - self.endpoint.since[index - 1] >= WAKING else "initializing"

    def launches(self) -> list[tuple[str, str, int]]:
        return sorted(
            (j.labels["request"], j.labels["step"], int(j.labels["attempt"])) for j in self.jobs
        )


def _option(job: JobRecord, name: str) -> str:
    command = list(job.order["command"])
    return str(command[command.index(name) + 1])


def _manifest_text(step: str, attempt: int, digest: str, seconds: float) -> str:
    score = {"benchmark": "flores", "direction": "eng_Latn-x", "metric": "chrF++", "base": 5.0}
    score |= {"adapter": 25.0, "difference_ci": [18.0, 22.0], "significant": True}
    told = {"check": ADVICE, "evaluate": {"results": [score]}, "improve": IMPROVED}
    metrics = told.get(step, {})
    counts = {"kept": 1000, "dropped": {"loop": 10}}
    run = {"schema": 2, "digest": digest, "attempt": attempt, "counts": counts, "seconds": seconds}
    return json.dumps({**run, "cost_usd": 0.0, "metrics": metrics})
