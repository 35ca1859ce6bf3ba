"""A local Hub with people, bots that can be killed, and jobs that run a fake recipe at once.

Real calls over HTTP, real processes as jobs. Time is the theatre's own: bots and Hub wait by moving
their clocks together.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from huggingface_hub import HfApi, get_session

from bot.controller.ledger import Ledger
from bot.controller.tick import Controller
from bot.domain import names
from bot.hub.client import Connection
from bot.hub.ledger_repo import LedgerRepo
from bot.localhub.testing import LocalHub
from bot.settings import Limits
from tests.scenarios import fake_recipe
from tests.scenarios.crash_story import POLICY

ORG, BOT = "practice", "kakugo-bot"
SPACE = names.leaderboard(ORG)

# By a job's labels: `good`, `fail` or `hang`.
Fate = Callable[[Mapping[str, str]], str]


class Killed(BaseException):
    """SIGKILL: nothing of the bot gets to see it."""


class Cutter:
    """Stands between a bot and its client, and counts; at one call the bot dies.

    Jobs run the stand-in instead of the recipe, each with its fate.
    """

    def __init__(self, api: HfApi, fate: Fate, at: int, after: bool) -> None:
        self._api, self._fate, self._at, self._after = api, fate, at, after
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._api, name)
        if not callable(target) or name.startswith("_") or name == "whoami":
            return target

        def call(*args: Any, **kwargs: Any) -> Any:
            if name == "run_job":
                recipe = list(kwargs["command"])
                recipe = recipe[recipe.index("kakugo-recipe") + 1 :]
                recipe += ["--fate", self._fate(kwargs["labels"])]
                kwargs["command"] = [sys.executable, fake_recipe.__file__, *recipe]
            self.calls += 1
            mine = self.calls == self._at
            if mine and not self._after:
                raise Killed
            answer = target(*args, **kwargs)
            if mine:
                raise Killed
            return answer

        return call


class Theatre:
    """What every story on the local Hub stands on; `fate` decides by a job's labels."""

    def __init__(
        self, hub: LocalHub, fate: Fate = lambda labels: "good", limits: Limits | None = None
    ) -> None:
        self.hub, self.fate, self.shift = hub, fate, 0.0
        self.api = HfApi(endpoint=hub.url, token=hub.token(BOT))
        for repo in (names.ledger(ORG), names.results(ORG), names.code_repo(ORG)):
            self.api.create_repo(repo, repo_type="dataset")
        self.api.create_repo(SPACE, repo_type="space", space_sdk="static")
        teacher = replace(POLICY.recipe.teacher, command=_teacher())
        recipe = replace(POLICY.recipe, teacher=teacher)
        self.policy = replace(
            POLICY, endpoint=hub.url, recipe=recipe, limits=limits or POLICY.limits
        )

    def bot(self, cut: int = 0, after: bool = False) -> Controller:
        """A new process: nothing is remembered."""
        token, endpoints = self.hub.token(BOT), f"{self.hub.url}/endpoints-api/v2"
        wire = Connection(self.hub.url, ORG, token, token, endpoints, self.now)
        vars(wire)["api"] = Cutter(wire.api, self.fate, cut, after)
        return Controller(wire, Ledger(LedgerRepo(wire, names.ledger(ORG))), self.policy)

    def now(self) -> float:
        return time.time() + self.shift

    def wait(self, seconds: float) -> None:
        """Let the time pass for everybody at once."""
        self.shift += seconds
        self.control("clock", {"advance": seconds})

    def control(self, what: str, body: Mapping[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.hub.token(BOT)}"}
        answer = get_session().post(f"{self.hub.url}/control/{what}", json=body, headers=headers)
        answer.raise_for_status()

    def pass_time(self, seconds: float) -> None:
        """Let the time pass, but for running jobs only as fast as they really run."""
        alive = self.api.list_jobs(namespace=ORG, status=["SCHEDULING", "RUNNING"])
        if any(True for _ in alive):
            time.sleep(0.1)
        else:
            self.wait(seconds)

    def person(self, name: str) -> HfApi:
        return HfApi(endpoint=self.hub.url, token=self.hub.token(name))

    def asks(self, name: str, title: str) -> int:
        return (
            self.person(name).create_discussion(SPACE, title, description="", repo_type="space").num
        )

    def says(self, name: str, num: int, text: str) -> None:
        self.person(name).comment_discussion(SPACE, num, text, repo_type="space")

    def heard(self, num: int) -> list[str]:
        """What the bot has said in a discussion."""
        details = self.api.get_discussion_details(SPACE, num, repo_type="space")
        return [e.content for e in details.events if e.type == "comment" and e.author == BOT]

    def kinds(self, num: int) -> list[str]:
        """Which of its comments the bot has written there, sorted."""
        return sorted(names.marker_kind(names.find_marker(text)) for text in self.heard(num))

    def launches(self) -> list[tuple[str, str, int]]:
        """Request, step and attempt of every job there ever was, sorted."""
        jobs = [job.labels or {} for job in self.api.list_jobs(namespace=ORG)]
        return sorted((job["request"], job["step"], int(job["attempt"])) for job in jobs)


def _teacher() -> tuple[str, ...]:
    """An endpoint that answers its health route and nothing else."""
    serve = (
        "import os, http.server as h;"
        "q = type('Q', (h.BaseHTTPRequestHandler,), {'do_GET': lambda s: (s.send_response(200),"
        " s.end_headers()), 'log_message': lambda *a: None});"
        "h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), q).serve_forever()"
    )
    return (sys.executable, "-c", serve)
