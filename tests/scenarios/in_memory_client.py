"""The calls of `HfApi` that `bot.hub` makes, answered by the Hub in memory.

The results have the client's own types and pass the contract's checks; nothing is sent over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

from huggingface_hub import CommitOperationAdd, JobInfo, RepoFile
from huggingface_hub._jobs_api import JobHardwareInfo
from huggingface_hub.community import DiscussionWithDetails, deserialize_event
from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

from bot.domain import names
from bot.hub.client import Allowance
from bot.hub.ledger_repo import blob_id
from tests.scenarios.in_memory_hub import (
    BOT,
    FLAVORS,
    ORG,
    SCHEDULING,
    SECONDS,
    URL,
    InMemoryHub,
    JobRecord,
)
from tests.scenarios.in_memory_json import details, endpoint, hardware, jobs, listing

PAGE = 50
T = TypeVar("T")


class Call(Protocol):
    """Makes a call of this name, whose result is that of `effect`."""

    def __call__(self, name: str, effect: Callable[[], T]) -> T: ...


def call_directly(name: str, effect: Callable[[], T]) -> T:
    """Make a call that neither fails nor takes time."""
    return effect()


def error(status: int, headers: Mapping[str, str] | None = None) -> HfHubHTTPError:
    """Return the client's error for a response with this status."""
    request = httpx.Request("GET", URL)
    response = httpx.Response(status, request=request, headers=headers)
    return HfHubHTTPError(f"{status} from the Hub in memory", response=response)


def _date(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


@dataclass
class InMemoryClient:
    """The `HfApi` of one user; every call goes through `call`, which may fail or kill the bot."""

    hub: InMemoryHub
    call: Call = call_directly
    name: str = BOT

    def whoami(self, *, cache: bool) -> dict[str, Any]:
        return {"name": self.name}

    def list_organization_members(self, organization: str) -> list[Any]:
        members = [SimpleNamespace(username=name) for name in self.hub.members]
        return self.call("list_organization_members", lambda: members)

    # -- repos -------------------------------------------------------------------------------------

    def repo_info(self, repo: str, *, repo_type: str) -> Any:
        if repo.endswith("-code"):
            return self.call("repo_info code", lambda: SimpleNamespace(sha="c0ffee"))
        return self.call("repo_info", lambda: SimpleNamespace(sha=self._listed_head()))

    def _listed_head(self) -> str:
        return self.hub.heads.at(self.hub.listed_at()) or self.hub.commits[0][0]

    def list_repo_commits(self, repo: str, *, repo_type: str) -> list[Any]:
        commits = [
            SimpleNamespace(created_at=_date(at), title="", message="")
            for at in self.hub.heads.since
        ]
        return self.call("list_repo_commits", lambda: commits)

    def super_squash_history(self, repo: str, *, repo_type: str, commit_message: str) -> Any:
        def effect() -> None:
            files = self.hub.files(self.hub.head)
            self.hub.heads = type(self.hub.heads)()
            self.hub.commit(files)

        return self.call("super_squash_history", effect)

    def list_repo_tree(
        self, repo: str, *, revision: str = "main", recursive: bool = False, repo_type: str
    ) -> list[RepoFile]:
        def effect() -> list[RepoFile]:
            if repo in (names.communities(ORG), names.feedback(ORG)):
                return []  # there are no profiles, and nobody has corrected anything
            return [
                RepoFile(path=path, size=len(text), oid=blob_id(text))  # type: ignore[no-untyped-call]
                for path, text in self.hub.files(revision).items()
            ]

        return self.call("list_repo_tree", effect)

    def text(self, repo: str, path: str, revision: str) -> str:
        def effect() -> str:
            if revision != "main":
                return self.hub.files(revision)[path]
            history = self.hub.manifests.get((repo, path))
            text = history.at(self.hub.listed_at()) if history else None
            if text is None:
                response = httpx.Response(404, request=httpx.Request("GET", URL))
                raise RemoteEntryNotFoundError("no such entry", response=response)
            return text

        return self.call("text", effect)

    def create_commit(
        self,
        repo: str,
        operations: list[CommitOperationAdd],
        *,
        commit_message: str,
        commit_description: str,
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
            return SimpleNamespace(oid=self.hub.commit(files))

        return self.call("create_commit", effect)

    # -- discussions -------------------------------------------------------------------------------

    def get(self, path: str, **query: Any) -> Any:
        def effect() -> Any:
            moment = self.hub.listed_at()
            if path.startswith("jobs/"):
                (job,) = [job for job in self.hub.jobs if job.id == path.rpartition("/")[2]]
                return jobs([job], self.hub.now)[0], Allowance()  # no listing, so no lag
            listed = [
                thread
                for thread in reversed(self.hub.threads.values())
                if thread.created <= moment and thread.status.at(moment) == query["status"]
            ]
            start = PAGE * query["p"]
            page = listing(listed[start : start + PAGE], len(listed), start, moment)
            for summary in page["discussions"] if self.hub.omits_counts else ():
                del summary["numComments"]
            return page, Allowance(answered_at=self.hub.now)

        return self.call("list_discussions", effect)

    def get_discussion_details(
        self, repo: str, num: int, *, repo_type: str
    ) -> DiscussionWithDetails:
        def effect() -> DiscussionWithDetails:
            thread, moment = self.hub.threads[num], self.hub.listed_at()
            if thread.created > moment:
                raise error(404)
            data = details(thread, moment)
            return DiscussionWithDetails(
                title=data["title"],
                num=data["num"],
                author=data["author"]["name"],
                created_at=_date(thread.created),
                status=data["status"],
                repo_id=data["repo"]["name"],
                repo_type=data["repo"]["type"],
                is_pull_request=data["isPullRequest"],
                endpoint=URL,
                events=[deserialize_event(event) for event in data["events"]],
                conflicting_files=None,
                target_branch=None,
                merge_commit_oid=None,
                diff=None,
            )

        return self.call("get_discussion_details", effect)

    def comment_discussion(self, repo: str, num: int, text: str, *, repo_type: str) -> Any:
        return self.call("comment_discussion", lambda: self.hub.add_comment(num, self.name, text))

    def edit_discussion_comment(
        self, repo: str, num: int, comment: str, text: str, *, repo_type: str
    ) -> Any:
        def effect() -> None:
            (edited,) = [c for c in self.hub.threads[num].comments if c.id == comment]
            edited.text.put(self.hub.now, text)

        return self.call("edit_discussion_comment", effect)

    def change_discussion_status(self, repo: str, num: int, status: str, *, repo_type: str) -> Any:
        thread = self.hub.threads[num]
        return self.call(
            "change_discussion_status", lambda: thread.status.put(self.hub.now, status)
        )

    # -- jobs --------------------------------------------------------------------------------------

    def list_jobs_hardware(self) -> list[Any]:
        listed = [JobHardwareInfo(**item) for item in hardware(FLAVORS)]
        return self.call("list_jobs_hardware", lambda: listed)

    def list_jobs(
        self, *, namespace: str, labels: Mapping[str, str], status: Sequence[str] = ()
    ) -> list[JobInfo]:
        def effect() -> list[JobInfo]:
            moment = self.hub.listed_at()
            listed = [
                job
                for job in reversed(self.hub.jobs)
                if job.created <= moment and (not status or job.stage.at(moment) in status)
            ]
            return [JobInfo(**data, endpoint=URL) for data in jobs(listed, moment)]

        return self.call("list_jobs", effect)

    def run_job(self, **order: Any) -> Any:
        def effect() -> None:
            seconds = SECONDS[order["labels"]["step"]]
            now = self.hub.now
            job = JobRecord(f"j{len(self.hub.jobs)}", order, now, now + SCHEDULING + seconds)
            job.stage.put(now, "SCHEDULING")
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
        return self.call("fetch_job_logs", lambda: list(self.hub.log))

    # -- the teacher -------------------------------------------------------------------------------

    def get_inference_endpoint(self, name: str, *, namespace: str) -> Any:
        def effect() -> Any:
            state = self.hub.teacher_at(self.hub.listed_at())
            if state == "absent":
                raise error(404)
            status = endpoint(state, self.hub.now)["status"]
            return SimpleNamespace(status=status["state"], url=status.get("url"))

        return self.call("get_inference_endpoint", effect)

    def create_inference_endpoint(self, name: str, **_: Any) -> Any:
        return self.call("create_inference_endpoint", lambda: self._set_endpoint("running"))

    def resume_inference_endpoint(self, name: str, *, namespace: str) -> Any:
        return self.call("resume_inference_endpoint", lambda: self._set_endpoint("running"))

    def pause_inference_endpoint(self, name: str, *, namespace: str) -> Any:
        return self.call("pause_inference_endpoint", lambda: self._set_endpoint("paused"))

    def _set_endpoint(self, state: str) -> None:
        if (self.hub.endpoint.values or [""])[-1] != state:
            self.hub.endpoint.put(self.hub.now, state)
            self.hub.endpoint_orders += 1
