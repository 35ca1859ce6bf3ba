"""A Hub in memory, for stories that are played thousands of times: every fact with its history.

A reader can be shown the past, as the Hub's listings do (`lag`). What a call means here is what it
means on the local Hub: `test_crash.py` plays the same story on both. `Client` has the methods of
`HfApi` that `bot.hub` uses, and no others.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from huggingface_hub import CommitOperationAdd, DiscussionComment, JobInfo, RepoFile
from huggingface_hub.community import Discussion, DiscussionWithDetails
from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError
from huggingface_hub.utils import httpx

T = TypeVar("T")

ORG, BOT, URL = "practice", "kakugo-bot", "http://model.hub"
FLAVORS = {"cpu-basic": 0.01, "cpu-upgrade": 0.03, "h200": 5.0}
SCHEDULING, WAKING = 3.0, 20.0
SECONDS = {"generate": 100.0, "train": 80.0, "evaluate": 50.0}
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
class Said:
    id: str
    author: str
    text: Past[str]


@dataclass
class Thread:
    num: int
    title: str
    author: str
    created: float
    said: list[Said] = field(default_factory=list)
    status: Past[str] = field(default_factory=Past)


@dataclass
class Work:
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
    """`lag`: how far back a listing may look, in seconds; `succeeds`: what a job's labels decide."""

    lag: float = 0.0
    seed: int = 0
    succeeds: Outcome = lambda labels: True  # noqa: E731
    now: float = EPOCH
    threads: dict[int, Thread] = field(default_factory=dict)
    jobs: list[Work] = field(default_factory=list)
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
        said = Said(f"{num:04x}{len(self.threads[num].said):04x}", author, Past())
        said.text.put(self.now, text)
        self.threads[num].said.append(said)
        return said.id

    def heard(self, num: int, author: str = BOT) -> list[str]:
        """What stands in a discussion now, said by `author`."""
        return [s.text.values[-1] for s in self.threads[num].said if s.author == author]

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

    def _end(self, job: Work) -> None:
        started = job.created + SCHEDULING
        taught = job.labels["step"] != "generate" or self.taught(started, job.ends)
        made = self._made(job)
        if made is None and not (taught and self.succeeds(job.labels)):
            job.stage.put(job.ends, "ERROR")
            return
        if made is None:
            path, text = self._manifest(job)
            self.manifests.setdefault(path, Past()).put(job.ends - 1, text)
        job.stage.put(job.ends, "COMPLETED")

    def _made(self, job: Work) -> str | None:
        """A recipe that finds its manifest leaves at once."""
        past = self.manifests.get(self._manifest(job)[0])
        found = past.at(job.created + SCHEDULING) if past else None
        same = found and json.loads(found)["digest"] == _option(job, "--digest")
        return found if same else None

    def _manifest(self, job: Work) -> tuple[tuple[str, str], str]:
        repo, step = _option(job, "--into"), job.labels["step"]
        path = "run.json"
        if step == "evaluate":
            adapter = _option(job, "--adapter").rsplit("/", 1)[-1]
            path = f"{_option(job, '--language')}/{adapter}/run.json"
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


def _option(job: Work, name: str) -> str:
    command = list(job.order["command"])
    return str(command[command.index(name) + 1])


def _manifest_text(step: str, attempt: int, digest: str, seconds: float) -> str:
    score = {"benchmark": "flores", "direction": "eng_Latn-x", "metric": "chrF++", "base": 5.0}
    score |= {"adapter": 25.0, "difference_ci": [18.0, 22.0], "significant": True}
    metrics = {"results": [score]} if step == "evaluate" else {}
    counts = {"kept": 1000, "dropped": {"loop": 10}}
    told = {"digest": digest, "attempt": attempt, "counts": counts, "seconds": seconds}
    return json.dumps({**told, "cost_usd": 0.0, "metrics": metrics})


def error(status: int, headers: Mapping[str, str] | None = None) -> HfHubHTTPError:
    request = httpx.Request("GET", URL)
    answer = httpx.Response(status, request=request, headers=headers)
    return HfHubHTTPError(f"{status} as the model says", response=answer)


@cache
def _file(text: str) -> str:
    path = Path(_folder()) / f"{hashlib.sha1(text.encode()).hexdigest()}.json"
    path.write_text(text, encoding="utf-8")
    return str(path)


@cache
def _folder() -> str:
    return tempfile.mkdtemp(prefix="kakugo-model-")


def _date(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _iso(moment: float | None) -> str | None:
    return _date(moment).isoformat().replace("+00:00", "Z") if moment else None


@dataclass
class Client:
    """`HfApi` of one user of the model; every call goes through `call`, which may cut it."""

    hub: HubModel
    call: Callable[[str, Callable[[], Any]], Any] = lambda name, effect: effect()  # noqa: E731
    name: str = BOT

    def whoami(self) -> dict[str, Any]:
        return {"name": self.name}

    def list_organization_members(self, organization: str) -> list[Any]:
        members = [SimpleNamespace(username=name) for name in self.hub.members]
        return self.call("list_organization_members", lambda: members)

    # -- repos -------------------------------------------------------------------------------------

    def repo_info(self, repo: str, *, repo_type: str) -> Any:
        if repo.endswith("-code"):
            return self.call("repo_info code", lambda: SimpleNamespace(sha="c0ffee"))
        return self.call("repo_info", lambda: SimpleNamespace(sha=self._seen_head()))

    def _seen_head(self) -> str:
        return self.hub.heads.at(self.hub.past()) or self.hub.commits[0][0]

    def list_repo_tree(
        self, repo: str, *, revision: str, recursive: bool, repo_type: str
    ) -> list[RepoFile]:
        def effect() -> list[RepoFile]:
            return [
                RepoFile(path=path, size=len(text), oid=hashlib.sha1(text.encode()).hexdigest())
                for path, text in self.hub.files(revision).items()
            ]

        return self.call("list_repo_tree", effect)

    def hf_hub_download(
        self, repo: str, path: str, *, repo_type: str, revision: str | None = None
    ) -> str:
        def effect() -> str:
            if revision is not None:
                return _file(self.hub.files(revision)[path])
            past = self.hub.manifests.get((repo, path))
            text = past.at(self.hub.past()) if past else None
            if text is None:
                answer = httpx.Response(404, request=httpx.Request("GET", URL))
                raise RemoteEntryNotFoundError("no such entry", response=answer)
            return _file(text)

        return self.call("hf_hub_download", effect)

    def create_commit(
        self,
        repo: str,
        operations: list[CommitOperationAdd],
        *,
        commit_message: str,
        parent_commit: str,
        repo_type: str,
    ) -> Any:
        def effect() -> Any:
            changed = {
                op.path_in_repo: bytes(op.path_or_fileobj).decode()  # type: ignore[arg-type]
                for op in operations
            }
            if parent_commit != self.hub.head:
                raise error(412)
            files = {**self.hub.files(self.hub.head), **changed}
            if files == self.hub.files(self.hub.head):
                return SimpleNamespace(oid=self.hub.head)
            return SimpleNamespace(oid=self.hub._commit(files))

        return self.call("create_commit", effect)

    # -- discussions -------------------------------------------------------------------------------

    def get_repo_discussions(
        self, repo: str, *, repo_type: str, discussion_type: str, discussion_status: str
    ) -> list[Discussion]:
        def effect() -> list[Discussion]:
            moment = self.hub.past()
            found = reversed(list(self.hub.threads.values()))
            return [self._summary(t) for t in found if t.status.at(moment) == discussion_status]

        return self.call("get_repo_discussions", effect)

    def _summary(self, thread: Thread) -> Discussion:
        return Discussion(**self._facts(thread, self.hub.now))

    def _facts(self, thread: Thread, moment: float) -> dict[str, Any]:
        return {
            "title": thread.title,
            "status": thread.status.at(moment) or "open",
            "num": thread.num,
            "repo_id": f"{ORG}/kakugo",
            "repo_type": "space",
            "author": thread.author,
            "is_pull_request": False,
            "created_at": _date(thread.created),
            "endpoint": URL,
        }

    def get_discussion_details(
        self, repo: str, num: int, *, repo_type: str
    ) -> DiscussionWithDetails:
        def effect() -> DiscussionWithDetails:
            thread, moment = self.hub.threads[num], self.hub.past()
            if thread.created > moment:
                raise error(404)
            return DiscussionWithDetails(
                **self._facts(thread, moment),
                events=[event for s in thread.said if (event := _comment(s, moment))],
                conflicting_files=None,
                target_branch=None,
                merge_commit_oid=None,
                diff=None,
            )

        return self.call("get_discussion_details", effect)

    def comment_discussion(self, repo: str, num: int, text: str, *, repo_type: str) -> Any:
        return self.call("comment_discussion", lambda: self.hub.says(num, self.name, text))

    def edit_discussion_comment(
        self, repo: str, num: int, comment: str, text: str, *, repo_type: str
    ) -> Any:
        def effect() -> None:
            (said,) = [s for s in self.hub.threads[num].said if s.id == comment]
            said.text.put(self.hub.now, text)

        return self.call("edit_discussion_comment", effect)

    def change_discussion_status(self, repo: str, num: int, status: str, *, repo_type: str) -> Any:
        thread = self.hub.threads[num]
        return self.call(
            "change_discussion_status", lambda: thread.status.put(self.hub.now, status)
        )

    # -- jobs --------------------------------------------------------------------------------------

    def list_jobs_hardware(self) -> list[Any]:
        listed = [
            SimpleNamespace(name=name, unit_cost_usd=price, unit_label="hour")
            for name, price in FLAVORS.items()
        ]
        return self.call("list_jobs_hardware", lambda: listed)

    def list_jobs(self, *, namespace: str, labels: Mapping[str, str]) -> list[JobInfo]:
        def effect() -> list[JobInfo]:
            moment = self.hub.past()
            found = reversed(self.hub.jobs)
            return [_job_info(job, moment) for job in found if job.created <= moment]

        return self.call("list_jobs", effect)

    def run_job(self, **order: Any) -> Any:
        def effect() -> None:
            seconds = SECONDS[order["labels"]["step"]]
            begun = self.hub.now
            job = Work(f"j{len(self.hub.jobs)}", order, begun, begun + SCHEDULING + seconds)
            job.stage.put(begun, "SCHEDULING")
            self.hub.jobs.append(job)

        return self.call("run_job", effect)

    def cancel_job(self, *, job_id: str, namespace: str) -> Any:
        def effect() -> None:
            (job,) = [job for job in self.hub.jobs if job.id == job_id]
            if job.stage.values[-1] in ("SCHEDULING", "RUNNING"):
                job.stage.put(self.hub.now, "CANCELED")
                job.ends = self.hub.now

        return self.call("cancel_job", effect)

    def fetch_job_logs(self, *, job_id: str, namespace: str, tail: int) -> list[str]:
        return self.call("fetch_job_logs", lambda: ["training", "CUDA out of memory"])

    # -- the teacher -------------------------------------------------------------------------------

    def get_inference_endpoint(self, name: str, *, namespace: str) -> Any:
        def effect() -> Any:
            state = self.hub.teacher_at(self.hub.past())
            if state == "absent":
                raise error(404)
            return SimpleNamespace(
                status=state, url="http://teacher" if state == "running" else None
            )

        return self.call("get_inference_endpoint", effect)

    def create_inference_endpoint(self, name: str, **_: Any) -> Any:
        return self.call("create_inference_endpoint", lambda: self._tell("running"))

    def resume_inference_endpoint(self, name: str, *, namespace: str) -> Any:
        return self.call("resume_inference_endpoint", lambda: self._tell("running"))

    def pause_inference_endpoint(self, name: str, *, namespace: str) -> Any:
        return self.call("pause_inference_endpoint", lambda: self._tell("paused"))

    def _tell(self, state: str) -> None:
        if (self.hub.endpoint.values or [""])[-1] != state:
            self.hub.endpoint.put(self.hub.now, state)
            self.hub.endpoint_orders += 1


def _comment(said: Said, moment: float) -> DiscussionComment | None:
    text = said.text.at(moment)
    if text is None:
        return None
    return DiscussionComment(
        id=said.id,
        type="comment",
        created_at=_date(said.text.since[0]),
        author=said.author,
        _event={},
        content=text,
        edited=len(said.text.values) > 1,
        hidden=False,
    )


def _job_info(job: Work, moment: float) -> JobInfo:
    stage = job.stage.at(moment)
    over = stage not in ("SCHEDULING", "RUNNING")
    return JobInfo(
        id=job.id,
        createdAt=_iso(job.created),
        startedAt=None if stage == "SCHEDULING" else _iso(job.created + SCHEDULING),
        finishedAt=_iso(job.ends) if over else None,
        labels=dict(job.labels),
        flavor=job.order["flavor"],
        status={"stage": stage, "message": None},
        owner={"id": "o", "name": ORG, "type": "org"},
        command=list(job.order["command"]),
        endpoint=URL,
    )
