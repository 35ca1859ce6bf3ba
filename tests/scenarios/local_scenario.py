"""A local Hub with people, bots that can be killed, and fake recipes.

Calls over HTTP and processes of jobs and endpoints are real; recipes are fake, and no step takes
longer than its process. Time is simulated: to wait, the clocks of bots and Hub are set forward.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from huggingface_hub import DiscussionComment, HfApi, JobInfo, get_session

from bot.controller.ledger import Ledger
from bot.controller.tick import Controller
from bot.domain import names
from bot.hub.client import Connection
from bot.hub.ledger_repo import LedgerRepo
from bot.localhub.testing import LocalHub
from bot.settings import Limits
from tests.bot import examples
from tests.scenarios import fake_recipe
from tests.scenarios.three_requests import POLICY

ORG, BOT = "practice", "kakugo-bot"
STARTING = ("pending", "initializing")  # an endpoint
SPACE = names.leaderboard(ORG)

# Maps a job's labels to `good`, `ask` (good if the teacher answers), `fail` or `hang`.
Behavior = Callable[[Mapping[str, str]], str]


class Killed(BaseException):
    """The simulated SIGKILL; a BaseException, so that the bot does not catch it."""


class KillingClient:
    """A client that counts calls, kills the bot at one of them, and runs fake recipes as jobs."""

    def __init__(self, api: HfApi, behavior: Behavior, kill_at: int, after: bool) -> None:
        self._api, self._behavior, self._kill_at, self._after = api, behavior, kill_at, after
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._api, name)
        if not callable(target) or name.startswith("_") or name == "whoami":
            return target

        def call(*args: Any, **kwargs: Any) -> Any:
            if name == "run_job" and "kakugo-recipe" in kwargs["command"]:
                recipe = list(kwargs["command"])
                recipe = recipe[recipe.index("kakugo-recipe") + 1 :]
                recipe += ["--behavior", self._behavior(kwargs["labels"])]
                kwargs["command"] = [sys.executable, fake_recipe.__file__, *recipe]
            self.calls += 1
            is_killed = self.calls == self._kill_at
            if is_killed and not self._after:
                raise Killed
            result = target(*args, **kwargs)
            if is_killed:
                raise Killed
            return result

        return call


class LocalScenario:
    """What scenarios on the local Hub share; `behavior` decides what a job does."""

    teacher_token = ""

    def __init__(
        self,
        hub: LocalHub,
        behavior: Behavior = lambda labels: "good",
        limits: Limits | None = None,
    ) -> None:
        self.hub, self.behavior, self.elapsed_seconds = hub, behavior, 0.0
        self.api = HfApi(endpoint=hub.url, token=hub.token(BOT))
        for dataset in (names.ledger, names.results, names.code_repo, names.communities):
            self.api.create_repo(dataset(ORG), repo_type="dataset")
        self.api.create_repo(SPACE, repo_type="space", space_sdk="static")
        teacher = replace(examples.endpoint(), command=_fake_teacher())
        recipe = replace(POLICY.recipe, teacher=teacher)
        self.policy = replace(
            POLICY, endpoint=hub.url, recipe=recipe, limits=limits or POLICY.limits
        )

    def bot(self, kill_at: int = 0, after: bool = False) -> Controller:
        """Return the controller of a new process, which remembers nothing."""
        token, endpoints = self.hub.token(BOT), f"{self.hub.url}/endpoints-api/v2"
        connection = Connection(
            self.hub.url, ORG, token, token, endpoints, self.now, self.teacher_token
        )
        vars(connection)["api"] = KillingClient(connection.api, self.behavior, kill_at, after)
        ledger = Ledger(LedgerRepo(connection, names.ledger(ORG)))
        return Controller(connection, ledger, self.policy)

    def now(self) -> float:
        return time.time() + self.elapsed_seconds

    def advance(self, seconds: float) -> None:
        """Set the clocks of bots and Hub forward."""
        self.elapsed_seconds += seconds
        self.control("clock", {"advance": seconds})

    def control(self, path: str, body: Mapping[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.hub.token(BOT)}"}
        response = get_session().post(f"{self.hub.url}/control/{path}", json=body, headers=headers)
        response.raise_for_status()

    def advance_unless_jobs_run(self, seconds: float) -> None:
        """Set the clocks forward; while jobs run or the teacher starts, wait a moment instead."""
        alive = self.api.list_jobs(namespace=ORG, status=["SCHEDULING", "RUNNING"])
        teachers = self.api.list_inference_endpoints(namespace=ORG)
        if any(alive) or any(teacher.status in STARTING for teacher in teachers):
            time.sleep(0.2)
        else:
            self.advance(seconds)

    def person(self, name: str) -> HfApi:
        return HfApi(endpoint=self.hub.url, token=self.hub.token(name))

    def open_discussion(self, name: str, title: str) -> int:
        api = self.person(name)
        return api.create_discussion(SPACE, title, description="", repo_type="space").num

    def add_comment(self, name: str, num: int, text: str) -> None:
        self.person(name).comment_discussion(SPACE, num, text, repo_type="space")

    def bot_comments(self, num: int) -> list[str]:
        return comments_by(BOT, self.api, num, SPACE)

    def comment_kinds(self, num: int) -> list[str]:
        """Return the kinds of the bot's comments in a discussion, sorted."""
        return sorted(names.marker_kind(names.find_marker(t)) for t in self.bot_comments(num))

    def launches(self) -> list[tuple[str, str, int]]:
        """Return request, step and attempt of every job so far, sorted."""
        jobs = [labels_of(job) for job in self.api.list_jobs(namespace=ORG)]
        return sorted((job["request"], job["step"], int(job["attempt"])) for job in jobs)

    def teacher_status(self) -> str:
        name = self.policy.recipe.teacher.name
        return str(self.api.get_inference_endpoint(name, namespace=ORG).status)


def comments_by(author: str, api: HfApi, num: int, space: str) -> list[str]:
    """Return the texts of somebody's comments in a discussion of a Space."""
    events = api.get_discussion_details(space, num, repo_type="space").events
    return [e.content for e in events if isinstance(e, DiscussionComment) and e.author == author]


def labels_of(job: JobInfo) -> Mapping[str, str]:
    """Return a job's labels; all jobs of the bot have some."""
    assert job.labels
    return job.labels


def _fake_teacher() -> tuple[str, ...]:
    """Return the command of a server that answers its health route and nothing else."""
    serve = (
        "import os, http.server as h;"
        "q = type('Q', (h.BaseHTTPRequestHandler,), {'do_GET': lambda s: (s.send_response(200),"
        " s.end_headers()), 'log_message': lambda *a: None});"
        "h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), q).serve_forever()"
    )
    return (sys.executable, "-c", serve)
