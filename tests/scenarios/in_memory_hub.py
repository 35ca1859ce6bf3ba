"""A simulated Hub in memory, for scenarios that run thousands of times, with a simulated clock.

It keeps the history of every value, so that listings can lag behind as the real Hub's do. Jobs run
nothing: they end after a fixed time and leave a manifest. `test_local_crash.py` compares a scenario
on this Hub with the same one on the local Hub. `in_memory_client.py` has the calls.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
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


class History(Generic[T]):
    """A value over time."""

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
    text: History[str]


@dataclass
class Thread:
    num: int
    title: str
    author: str
    created: float
    comments: list[Comment] = field(default_factory=list)
    status: History[str] = field(default_factory=History)


@dataclass
class JobRecord:
    """One job; whether it succeeds is decided when it ends."""

    id: str
    order: Mapping[str, Any]
    created: float
    ends: float
    stage: History[str] = field(default_factory=History)

    @property
    def labels(self) -> Mapping[str, str]:
        labels: Mapping[str, str] = self.order["labels"]
        return labels


@dataclass
class InMemoryHub:
    """The state of the Hub.

    `lag` is the greatest age of a listing in seconds, which each has while the Hub `is_stale`;
    `succeeds` decides by a job's labels, and `log` is that of every job;
    `omits_counts`: the listing of discussions has no numbers of comments.
    """

    lag: float = 0.0
    seed: int = 0
    omits_counts: bool = False
    log: Sequence[str] = ("training", "CUDA out of memory")
    succeeds: Callable[[Mapping[str, str]], bool] = lambda labels: True
    now: float = EPOCH
    threads: dict[int, Thread] = field(default_factory=dict)
    jobs: list[JobRecord] = field(default_factory=list)
    commits: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    heads: History[str] = field(default_factory=History)
    manifests: dict[tuple[str, str], History[str]] = field(default_factory=dict)
    endpoint: History[str] = field(default_factory=History)
    endpoint_orders: int = 0
    members: list[str] = field(default_factory=lambda: [BOT, "ada"])
    is_stale: bool = False

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.commit({})

    def commit(self, files: dict[str, str]) -> str:
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

    def open_discussion(self, author: str, title: str, body: str = "") -> int:
        thread = Thread(len(self.threads) + 1, title, author, self.now)
        thread.status.put(self.now, "open")
        self.threads[thread.num] = thread
        self.add_comment(thread.num, author, body)
        return thread.num

    def add_comment(self, num: int, author: str, text: str) -> str:
        comments = self.threads[num].comments
        comment = Comment(f"{num:04x}{len(comments):04x}", author, History())
        comment.text.put(self.now, text)
        comments.append(comment)
        return comment.id

    def bot_comments(self, num: int) -> list[str]:
        """Return the current texts of the bot's comments in a discussion."""
        comments = self.threads[num].comments
        return [comment.text.values[-1] for comment in comments if comment.author == BOT]

    # -- time --------------------------------------------------------------------------------------

    def listed_at(self) -> float:
        """Return a time that a listing may show."""
        age = self.random.uniform(0, self.lag) if self.lag else 0.0
        return self.now - (self.lag if self.is_stale else age)

    def advance_to(self, now: float) -> None:
        """Set the clock; jobs start, end and leave their manifests."""
        self.now = max(self.now, now)
        for job in self.jobs:
            if job.stage.values[-1] == "SCHEDULING" and job.created + SCHEDULING <= self.now:
                job.stage.put(job.created + SCHEDULING, "RUNNING")
            if job.stage.values[-1] == "RUNNING" and job.ends <= self.now:
                self._end(job)

    def _end(self, job: JobRecord) -> None:
        started = job.created + SCHEDULING
        needs_teacher = job.labels["step"] in ("check", "generate")
        has_teacher = not needs_teacher or self.teacher_runs(started, job.ends)
        has_manifest = self._has_manifest(job)
        if not has_manifest and not (has_teacher and self.succeeds(job.labels)):
            job.stage.put(job.ends, "ERROR")
            return
        if not has_manifest:
            path, text = self._manifest(job)
            self.manifests.setdefault(path, History()).put(job.ends - 1, text)
        job.stage.put(job.ends, "COMPLETED")

    def _has_manifest(self, job: JobRecord) -> bool:
        """Return whether the job found its manifest when it started, and did nothing."""
        history = self.manifests.get(self._manifest(job)[0])
        text = history.at(job.created + SCHEDULING) if history else None
        return text is not None and json.loads(text)["digest"] == _option(job, "--digest")

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

    def teacher_runs(self, start: float, end: float) -> bool:
        """Return whether the teacher runs at the start and at the end."""
        return all(self.teacher_at(moment) == "running" for moment in (start, end))

    def teacher_at(self, moment: float) -> str:
        state = self.endpoint.at(moment)
        if state != "running":
            return state or "absent"
        index = bisect.bisect_right(self.endpoint.since, moment)
        return "running" if moment - self.endpoint.since[index - 1] >= WAKING else "initializing"

    def bill_usd(self, teacher_usd_per_hour: float) -> float:
        """Return what the Hub bills by the second: jobs that run, and the endpoint while it is on.

        Jobs that still run are not on the bill.
        """
        usd = 0.0
        for job in self.jobs:
            moments = dict(zip(job.stage.values, job.stage.since, strict=True))
            started, ended = moments.get("RUNNING"), job.stage.since[-1]
            if started is not None:
                usd += (ended - started) / 3600 * FLAVORS[job.order["flavor"]]
        changes = list(zip(self.endpoint.values, self.endpoint.since, strict=True))
        ends = [*self.endpoint.since[1:], self.now]
        awake = sum(
            end - since
            for (state, since), end in zip(changes, ends, strict=True)
            if state == "running"
        )
        return usd + awake / 3600 * teacher_usd_per_hour

    def launches(self) -> list[tuple[str, str, int]]:
        return sorted(
            (j.labels["request"], j.labels["step"], int(j.labels["attempt"])) for j in self.jobs
        )


def _option(job: JobRecord, name: str) -> str:
    command = list(job.order["command"])
    return str(command[command.index(name) + 1])


def _manifest_text(step: str, attempt: int, digest: str, seconds: float) -> str:
    score: dict[str, Any] = {"benchmark": "flores", "direction": "eng_Latn-x", "metric": "chrF++"}
    score |= {"base": 5.0, "adapter": 25.0, "difference_ci": [18.0, 22.0], "significant": True}
    metrics = {"check": ADVICE, "evaluate": {"results": [score]}, "improve": IMPROVED}.get(step, {})
    counts = {"kept": 1000, "dropped": {"loop": 10}}
    run = {"schema": 2, "digest": digest, "attempt": attempt, "counts": counts, "seconds": seconds}
    return json.dumps({**run, "cost_usd": 0.0, "metrics": metrics})
