"""The story that is cut, on the local Hub: real calls over HTTP, real processes as jobs.

It ends as on the Hub in memory, comment for comment; a dead bot is a new one that remembers
nothing. Time is the bots' own: they wait by moving their clock.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from bot import names
from bot.hub.connect import Connection, Refused, TryLater
from bot.hub.store import Store
from bot.ledger import Ledger
from bot.localhub.testing import LocalHub
from bot.loop import Controller
from bot.request import Request
from tests.life import stand_in
from tests.life.crash import ASKED, TERMS, play

ORG, BOT, PERSON = "practice", "kakugo-bot", "ludoviko"
SPACE = names.leaderboard(ORG)


class Killed(BaseException):
    """SIGKILL: nothing of the bot gets to see it."""


class Cutter:
    """Stands between a bot and its client, and counts; at one call the bot dies.

    Jobs run the stand-in instead of the recipe.
    """

    def __init__(self, api: HfApi, at: int, after: bool) -> None:
        self._api, self._at, self._after = api, at, after
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._api, name)
        if not callable(target) or name.startswith("_") or name == "whoami":
            return target

        def call(*args: Any, **kwargs: Any) -> Any:
            if name == "run_job":
                recipe = list(kwargs["command"])
                recipe = recipe[recipe.index("kakugo-recipe") + 1 :]
                kwargs["command"] = [sys.executable, stand_in.__file__, *recipe]
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
    """A local Hub with its people, where bots can be born and die."""

    def __init__(self, hub: LocalHub) -> None:
        self.hub, self.shift = hub, 0.0
        token = hub.token(BOT)
        self.api = HfApi(endpoint=hub.url, token=token)
        self.person = HfApi(endpoint=hub.url, token=hub.token(PERSON))
        for repo in (names.ledger(ORG), names.results(ORG), names.code(ORG)):
            self.api.create_repo(repo, repo_type="dataset")
        self.api.create_repo(SPACE, repo_type="space", space_sdk="static")
        teacher = replace(TERMS.programme.teacher, command=_teacher())
        programme = replace(TERMS.programme, teacher=teacher)
        self.terms = replace(TERMS, endpoint=hub.url, programme=programme)
        self.cutter: Cutter | None = None
        self.calls = 0

    def bot(self, cut: int = 0, after: bool = False) -> Controller:
        token, endpoints = self.hub.token(BOT), f"{self.hub.url}/endpoints-api/v2"
        wire = Connection(
            self.hub.url, ORG, token, token, endpoints, lambda: time.time() + self.shift
        )
        self.cutter = Cutter(wire.api, cut, after)
        vars(wire)["api"] = self.cutter
        return Controller(wire, Ledger(Store(wire, names.ledger(ORG))), self.terms)

    def play(self, cut: int, after: bool) -> int:
        """The story, with a bot that dies at one of its calls; returns how often bots died."""
        for title in ASKED.values():
            self.person.create_discussion(SPACE, title, description="", repo_type="space")
        bot, deaths, answered = self.bot(cut, after), 0, set()
        requests: tuple[Request, ...] = ()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                bot.tick()
                requests = bot.ledger.load().requests  # the cut may fall here, too
            except Killed:
                bot, deaths = self.bot(), deaths + 1  # it remembers nothing
                self.shift += 65  # what the dead one ordered is now missed
            except (TryLater, Refused):
                pass
            answered |= self._people_talk(answered)
            self.calls = max(self.calls, self.cutter.calls if self.cutter else 0)
            if len(requests) == 3 and all(r.told for r in requests) and len(answered) == 2:
                return deaths
            self.shift += 5
        raise AssertionError(f"not told in two minutes: {requests}")

    def _people_talk(self, answered: set[int]) -> set[int]:
        said: set[int] = set()
        for num, kind, text in ((2, "question", "1"), (3, "plan", "/estimate")):
            if num not in answered and any(f"kakugo {kind} " in t for t in self.heard(num)):
                self.person.comment_discussion(SPACE, num, text, repo_type="space")
                said.add(num)
        return said

    def heard(self, num: int) -> list[str]:
        details = self.api.get_discussion_details(SPACE, num, repo_type="space")
        return [e.content for e in details.events if e.type == "comment" and e.author == BOT]

    def outcome(self) -> tuple[Any, ...]:
        """What may be compared with the Hub in memory: all but the money that time costs."""
        jobs = list(self.api.list_jobs(namespace=ORG))
        launches = sorted(
            (j.labels["request"], j.labels["step"], int(j.labels["attempt"])) for j in jobs
        )
        requests = self.bot().ledger.load().requests
        records = [
            f"{r.id} {r.status} " + " ".join(f"{s}={r.step(s).state}" for s in r.steps)
            for r in sorted(requests, key=lambda r: r.id)
        ]
        kinds = {num: sorted(map(_kind, self.heard(num))) for num in ASKED}
        return tuple(launches), tuple(records), kinds

    def everything(self) -> str:
        """All that anybody has pushed, said or asked to run, the ledger's past included."""
        store = Store(self.bot().hub, names.ledger(ORG))
        commits = self.api.list_repo_commits(store.repo, repo_type="dataset")
        parts = [str(store.files(commit.commit_id)) for commit in commits]
        assert "told to fail" in str(parts)  # what the failed job said was kept, without the token
        for kind in ("models", "datasets"):
            for repo in getattr(self.api, f"list_{kind}")(author=ORG):
                files = self.api.list_repo_files(repo.id, repo_type=kind[:-1])
                parts += [
                    Path(self.api.hf_hub_download(repo.id, file, repo_type=kind[:-1])).read_text()
                    for file in files
                ]
        parts += [text for num in ASKED for text in self.heard(num)]
        parts += [str(vars(job)) for job in self.api.list_jobs(namespace=ORG)]
        parts.append(str(self.api.get_inference_endpoint("kakugo-teacher", namespace=ORG).raw))
        return "\n".join(parts)


def _kind(text: str) -> str:
    return names.marker_kind(names.find_marker(text))


def _teacher() -> tuple[str, ...]:
    """An endpoint that answers its health route and nothing else."""
    serve = (
        "import os, http.server as h;"
        "q = type('Q', (h.BaseHTTPRequestHandler,), {'do_GET': lambda s: (s.send_response(200),"
        " s.end_headers()), 'log_message': lambda *a: None});"
        "h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), q).serve_forever()"
    )
    return (sys.executable, "-c", serve)


def perform(folder: Path, cut: int, after: bool) -> tuple[tuple[Any, ...], int, int]:
    """One performance: what is left of it, how many calls a bot made, how many died."""
    with LocalHub(folder, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        theatre = Theatre(hub)
        deaths = theatre.play(cut, after)
        assert hub.token(BOT) not in theatre.everything()
        return theatre.outcome(), theatre.calls, deaths


@pytest.mark.timeout(300)
def test_it_ends_as_on_the_hub_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    imagined, _ = play(1, None)
    whole, calls, deaths = perform(tmp_path / "whole", 0, False)
    assert deaths == 0
    assert whole[:2] == (imagined.launches, imagined.records)
    kinds = {num: sorted(map(_kind, said)) for num, said in imagined.comments.items()}
    assert whole[2] == kinds
    for number, share in enumerate((0.1, 0.35, 0.6)):
        after = number % 2 == 0
        outcome, _, deaths = perform(tmp_path / f"cut{number}", int(calls * share), after)
        assert outcome == whole, (share, after)
        assert deaths == 1
    printed = "".join(capfd.readouterr()) + caplog.text
    assert "hf_local" not in printed
    print(f"4 performances on the local Hub, {calls} calls when nobody dies: always the same end")
