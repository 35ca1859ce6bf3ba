"""Follow one request as its author sees it, until its result is on the leaderboard."""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from bot import replies
from bot.controller.ledger import Ledger
from bot.demo.screen import Screen
from bot.domain import names, steps
from bot.domain.observation import Manifest, Score
from bot.domain.request import Request, Step, StepState
from bot.errors import UserError
from bot.hub import visitor
from bot.hub.client import Connection, TryLater
from bot.hub.ledger_repo import LedgerRepo
from bot.hub.observe import read_manifest

POLL_SECONDS = 1.0  # a person has 1,000 calls in 5 minutes, more with a plan
LISTING_TIMEOUT_SECONDS = 60.0

# What recipes print to their logs.
_PROGRESS = re.compile(r"progress: (\d+)/(\d+) (.*)")


class Follower:
    """Shows on the screen what happens to one request.

    `hub` is the connection of the request's author. Logs of jobs are readable for members of the
    organization only, so they come through the connection of the `operator`.
    """

    def __init__(self, hub: Connection, operator: Connection, screen: Screen) -> None:
        self._hub = hub
        self._operator = operator
        self._screen = screen
        self._ledger = Ledger(LedgerRepo(hub, names.ledger(hub.org)))
        self._states: dict[Step, StepState] = {}
        self._ordered_at: dict[Step, float] = {}
        self._seconds: dict[str, float] = {}
        self._replies_shown = 0

    def open_request(self, title: str) -> int:
        """Open a discussion, or find the one that is open already; return its number."""
        return visitor.open_discussion(self._hub, title)

    def discussion_url(self, num: int) -> str:
        return names.discussion_url(self._hub.endpoint, self._hub.org, num)

    def until_closed(
        self, num: int, check: Callable[[], None], timeout_seconds: float
    ) -> dict[str, Any]:
        """Show what happens until the request is over, and return its result.

        `check` is called again and again and may raise. Raises UserError after the timeout.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            check()
            if time.monotonic() > deadline:
                raise UserError(
                    f"there is no result after {timeout_seconds:.0f} s: "
                    f"see {self.discussion_url(num)}"
                )
            try:
                self._show_replies(num)
                request = self._show_steps(num)
            except TryLater:
                time.sleep(POLL_SECONDS)
                continue
            if request is not None and request.reported:
                return self._result(request)
            time.sleep(POLL_SECONDS)

    def until_listed(self, result: dict[str, Any]) -> None:
        """Wait until the leaderboard shows the new adapter. Raises UserError after a minute."""
        adapter = result["urls"]["adapter"].removeprefix(f"{self._hub.endpoint}/")
        deadline = time.monotonic() + LISTING_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            host = visitor.space_url(self._hub, names.leaderboard(self._hub.org))
            if host and adapter in _get(f"{host}/api/rows"):
                self._screen.line(f"the leaderboard shows {adapter}")
                return
            _get(self._leaderboard_url())
            time.sleep(POLL_SECONDS)
        raise UserError(f"the leaderboard does not show {adapter}: see {self._leaderboard_url()}")

    def _show_replies(self, num: int) -> None:
        _, replies = visitor.read_replies(self._hub, num, self._operator.me)
        for text in replies[self._replies_shown :]:
            if names.marker_kind(text) != "status":
                self._screen.reply(self._operator.me, text)
        self._replies_shown = max(self._replies_shown, len(replies))

    def _show_steps(self, num: int) -> Request | None:
        snapshot = self._ledger.load()
        request = next((each for each in snapshot.requests if each.discussion == num), None)
        if request is not None:
            for info in steps.NEW_MODEL:
                self._show_step(info.step, request)
        return request

    def _show_step(self, step: Step, request: Request) -> None:
        record = request.step(step)
        if record.state is self._states.get(step, StepState.WAITING):
            return
        self._states[step] = record.state
        if record.state is StepState.ORDERED:
            self._ordered_at.setdefault(step, time.monotonic())
        if record.state is StepState.RUNNING:
            self._read_log(step, record.job_id)
        if record.state is StepState.MADE and step in self._ordered_at:
            # A step that an earlier demo has made has no duration in this one.
            self._seconds[step.value] = round(time.monotonic() - self._ordered_at[step], 1)
        self._screen.step(step, record)
        if step is Step.EVALUATE and record.state is StepState.RUNNING:
            # Wake the leaderboard early, so that it is ready when the results are.
            threading.Thread(target=_get, args=(self._leaderboard_url(),), daemon=True).start()

    def _read_log(self, step: Step, job: str) -> None:
        def read() -> None:
            for line in visitor.follow_log(self._operator, job):
                if match := _PROGRESS.match(line):
                    self._screen.progress(step, int(match[1]), int(match[2]), match[3])

        threading.Thread(target=read, daemon=True).start()

    def _result(self, request: Request) -> dict[str, Any]:
        evaluation = read_manifest(self._hub, request, Step.EVALUATE)
        repos = {
            info.product: steps.output(self._hub.org, request, info.step)
            for info in steps.NEW_MODEL
        }
        urls = {name: self._repo_url(repo, kind) for name, (repo, kind, _) in repos.items()}
        return {
            "status": request.status.value,
            "table": _rows(evaluation) if evaluation else [],
            "chat": asdict(chat) if evaluation and (chat := evaluation.overall.chat) else None,
            "urls": {
                "discussion": self.discussion_url(request.discussion),
                **urls,
                "leaderboard": self._leaderboard_url(),
                "chat": self._repo_url(names.chat(self._hub.org), "space"),
            },
            "seconds": dict(self._seconds),
        }

    def _leaderboard_url(self) -> str:
        return self._repo_url(names.leaderboard(self._hub.org), "space")

    def _repo_url(self, repo: str, kind: str) -> str:
        return names.repo_url(self._hub.endpoint, repo, kind)


def _rows(evaluation: Manifest) -> list[dict[str, Any]]:
    """Return the scores as numbers, and as the bot's reply names and compares them."""
    return [_row(score, evaluation.titles) for score in evaluation.scores]


def _row(score: Score, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "test": replies.score_name(score, titles),
        "difference": replies.difference(score),
        "benchmark": score.benchmark,
        "direction": score.direction,
        "metric": score.metric,
        "base": score.base,
        "adapter": score.adapter,
        "difference_ci": [score.low, score.high],
        "significant": score.significant,
    }


def _get(url: str) -> str:
    """Return the page at a URL, or "" if it cannot be read."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return str(response.read().decode(errors="replace"))
    except OSError:  # includes URLError
        return ""
