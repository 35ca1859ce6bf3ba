"""The Hub as the requester sees it: the ledger, the discussion, the jobs' logs, the leaderboard."""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from bot.controller.ledger import Ledger
from bot.demo.screen import Screen
from bot.domain import names, steps
from bot.domain.observation import Score
from bot.domain.request import Request, State, Step
from bot.errors import Failure
from bot.hub import visitor
from bot.hub.client import Connection, TryLater
from bot.hub.ledger_repo import Store
from bot.hub.observe import manifest

PAUSE = 0.3
LISTING_PATIENCE = 60.0

_PROGRESS = re.compile(r"progress: (\d+)/(\d+) (.*)")


class Watch:
    """Follows one request, as its requester, to the end."""

    def __init__(self, hub: Connection, operator: Connection) -> None:
        self._hub = hub
        # Logs of jobs are for members of the organisation, on every Hub.
        self._operator = operator
        self._ledger = Ledger(Store(hub, names.ledger(hub.org)))
        self._seen: dict[Step, State] = {}
        self._since: dict[Step, float] = {}
        self._seconds: dict[str, float] = {}
        self._heard = 0

    def ask(self, title: str) -> int:
        return visitor.ask_for(self._hub, title)

    def discussion_url(self, num: int) -> str:
        return names.discussion_url(self._hub.endpoint, self._hub.org, num)

    def until_closed(
        self, num: int, screen: Screen, check: Callable[[], None], patience: float
    ) -> dict[str, Any]:
        """Show what happens until all is said; returns the story."""
        deadline = time.monotonic() + patience
        while True:
            check()
            if time.monotonic() > deadline:
                raise Failure(f"no result after {patience:.0f} s: {self.discussion_url(num)}")
            try:
                self._listen(num, screen)
                request = self._look(num, screen)
            except TryLater:
                time.sleep(PAUSE)
                continue
            if request is not None and request.told:
                return self._story(request)
            time.sleep(PAUSE)

    def _listen(self, num: int, screen: Screen) -> None:
        _, said = visitor.replies(self._hub, num, self._operator.me)
        for text in said[self._heard :]:
            if names.marker_kind(text) != "status":
                screen.reply(self._operator.me, text)
        self._heard = max(self._heard, len(said))

    def _look(self, num: int, screen: Screen) -> Request | None:
        page = self._ledger.load()
        request = next((r for r in page.requests if r.discussion == num), None)
        if request is None:
            return None
        for row in steps.TABLE:
            self._follow(row.step, request, screen)
        return request

    def _follow(self, step: Step, request: Request, screen: Screen) -> None:
        record = request.step(step)
        before = self._seen.get(step, State.WAITING)
        if record.state is before:
            return
        self._seen[step] = record.state
        if record.state is State.ORDERED:
            self._since.setdefault(step, time.monotonic())
        if record.state is State.RUNNING:
            self._read_log(step, record.job, screen)
        if record.state is State.MADE:
            # A step that was made before this demo has no time of its own in it.
            begun = self._since.get(step)
            if begun is not None:
                self._seconds[step.value] = round(time.monotonic() - begun, 1)
        screen.step(step, record)
        if step is Step.EVALUATE and record.state is State.RUNNING:
            # Whoever comes next finds the leaderboard awake.
            threading.Thread(target=_get, args=(self._leaderboard(),), daemon=True).start()

    def _read_log(self, step: Step, job: str, screen: Screen) -> None:
        def read() -> None:
            for line in visitor.job_log(self._operator, job):
                if found := _PROGRESS.match(line):
                    screen.progress(step, int(found[1]), int(found[2]), found[3])

        threading.Thread(target=read, daemon=True).start()

    def _leaderboard(self) -> str:
        return names.repo_url(self._hub.endpoint, names.leaderboard(self._hub.org), "space")

    def _story(self, request: Request) -> dict[str, Any]:
        evaluation = manifest(self._hub, request, Step.EVALUATE)
        repos = {row.makes: steps.output(self._hub.org, request, row.step) for row in steps.TABLE}
        urls = {what: self._url(repo, kind) for what, (repo, kind, _) in repos.items()}
        return {
            "status": request.status.value,
            "table": [_line(score) for score in evaluation.scores] if evaluation else [],
            "urls": {
                "discussion": self.discussion_url(request.discussion),
                **urls,
                "leaderboard": self._leaderboard(),
                "chat": self._url(names.chat(self._hub.org), "space"),
            },
            "seconds": dict(self._seconds),
        }

    def _url(self, repo: str, kind: str) -> str:
        return names.repo_url(self._hub.endpoint, repo, kind)

    def until_listed(self, story: dict[str, Any], screen: Screen) -> None:
        """Wait until the leaderboard Space itself shows the new adapter."""
        adapter = story["urls"]["adapter"].removeprefix(f"{self._hub.endpoint}/")
        deadline = time.monotonic() + LISTING_PATIENCE
        while time.monotonic() < deadline:
            host = visitor.space_host(self._hub, names.leaderboard(self._hub.org))
            if host and adapter in _get(f"{host}/api/rows"):
                screen.line(f"the leaderboard shows {adapter}")
                return
            _get(self._leaderboard())
            time.sleep(PAUSE)
        raise Failure(f"the leaderboard does not show {adapter}: {self._leaderboard()}")


def _line(score: Score) -> dict[str, Any]:
    return {
        "benchmark": score.benchmark,
        "direction": score.direction,
        "metric": score.metric,
        "base": score.base,
        "adapter": score.adapter,
        "difference_ci": [score.low, score.high],
        "significant": score.significant,
    }


def _get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return str(answer.read().decode(errors="replace"))
    except OSError:  # URLError is one
        return ""
