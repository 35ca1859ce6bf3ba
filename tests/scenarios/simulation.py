"""Simulate bots on a Hub in memory: the order of their calls, their duration, and kills.

The bot's controller, planner and ledger are real; the Hub, its jobs and the clock are simulated.
Each bot is a greenlet that stops at every call, so that the calls of several bots interleave like
those of processes. The same seed always gives the same run.
"""

from __future__ import annotations

import heapq
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from greenlet import getcurrent, greenlet
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

from bot.controller.ledger import Ledger
from bot.controller.tick import Controller
from bot.domain import names
from bot.domain.policy import Policy
from bot.domain.request import Request
from bot.hub.client import Connection, Refused, TryLater
from bot.hub.ledger_repo import LedgerRepo
from tests.scenarios.in_memory_client import Call, InMemoryClient, error
from tests.scenarios.in_memory_hub import ORG, URL, InMemoryHub

RESTART_SECONDS = 20.0
T = TypeVar("T")


class Kill(NamedTuple):
    """Kill the bot that makes this call (counted over all bots, from 1), before or after it."""

    call: int
    after: bool


class Faults:
    """Make a share of all calls fail, half of them after they have taken effect."""

    def __init__(self, share: float, seed: int) -> None:
        self._share, self._random = share, random.Random(seed)
        self.count: Counter[str] = Counter()

    def around(self, effect: Callable[[], T]) -> T:
        """Return the response of a call, or raise an error before or after it takes effect."""
        if self._random.random() >= self._share:
            return effect()
        name, make_error = self._random.choice(_ERRORS)
        self.count[name] += 1
        if name not in _WITHOUT_EFFECT and self._random.random() < 0.5:
            effect()
        raise make_error()


def _response(status: int, **headers: str) -> Callable[[], Exception]:
    return lambda: error(status, {k.replace("_", "-"): v for k, v in headers.items()})


_WITHOUT_EFFECT = ("busy", "rate limit")  # the Hub refuses these calls before it does anything
_ERRORS: tuple[tuple[str, Callable[[], Exception]], ...] = (
    ("busy", _response(429, retry_after="7")),
    ("rate limit", _response(429, ratelimit='"api";r=0;t=12')),
    ("internal error", _response(500)),
    ("bad gateway", _response(502)),
    ("unavailable", _response(503)),
    ("timeout", lambda: httpx.ReadTimeout("the response did not arrive")),
    ("no connection", lambda: httpx.ConnectError("refused")),
    ("truncated", lambda: httpx.RemoteProtocolError("the response is truncated")),
    ("invalid JSON", lambda: json.JSONDecodeError("the response is truncated", "{", 1)),
)


class Killed(BaseException):
    """The simulated SIGKILL; a BaseException, so that the bot does not catch it."""


@dataclass(frozen=True)
class InMemoryConnection(Connection):
    """A connection to the Hub in memory."""

    client: Any = None

    @property
    def api(self) -> Any:
        return self.client

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, **query)

    def content(self, repo: str, repo_type: str, path: str, revision: str = "main") -> bytes:
        return str(self.client.text(repo, path, revision)).encode()


Act = Callable[[InMemoryHub], float | None]
Event = tuple[float, Act]


def open_discussion(author: str, title: str, body: str = "") -> Act:
    """Return an event's act: somebody opens a discussion."""

    def act(hub: InMemoryHub) -> None:
        hub.open_discussion(author, title, body)

    return act


def add_comment(num: int, author: str, text: str) -> Act:
    """Return an event's act: somebody writes a comment."""

    def act(hub: InMemoryHub) -> None:
        hub.add_comment(num, author, text)

    return act


@dataclass
class Simulation:
    """Bots and people on one Hub.

    `script` is what people do, and after how many seconds; an act that returns seconds is repeated
    after them. What the call `stale_call` reads is as old as it may be. `before_call` may decide
    that, and the kill, when the call is due.
    """

    hub: InMemoryHub
    policy: Policy
    bots: int = 1
    kill: Kill | None = None
    seed: int = 0
    script: list[Event] = field(default_factory=list)
    faults: Faults = field(default_factory=lambda: Faults(0.0, 0))
    stale_call: int = 0
    before_call: Callable[[Simulation], None] = lambda _: None
    poll_seconds: float = 20.0
    max_seconds: float = 7200.0
    calls: int = 0
    kills: int = 0
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._main = getcurrent()
        self._due: list[tuple[float, int, Any]] = []
        self._turn = 0

    def run(self, is_done: Callable[[], bool], settle_seconds: float = 100.0) -> None:
        """Run until `is_done`, and then a while longer, in which nothing more must happen."""
        started_at, ends_at = self.hub.now, None
        for delay, act in self.script:
            self._push(started_at + delay, act)
        for number in range(self.bots):
            self._push(started_at + number * self.poll_seconds / self.bots, self._bot(number))
        while self._due and (ends_at is None or self.hub.now < ends_at):
            at, _, due = heapq.heappop(self._due)
            self.hub.advance_to(at)
            if isinstance(due, greenlet):
                due.switch()
            elif (delay := due(self.hub)) is not None:
                self._push(self.hub.now + delay, due)
            if ends_at is None and is_done():
                ends_at = self.hub.now + settle_seconds
            if self.hub.now - started_at > self.max_seconds:
                raise AssertionError(f"not done after {self.max_seconds} s: {self.log[-30:]}")
        assert ends_at is not None and is_done()

    def _push(self, at: float, due: Any) -> None:
        self._turn += 1
        heapq.heappush(self._due, (at, self._turn, due))

    def _bot(self, number: int) -> greenlet:
        return greenlet(lambda: self._run_bot(number))

    def _run_bot(self, number: int) -> None:
        try:
            controller = self.controller(self._call)
            while True:
                try:
                    report = controller.tick()
                    self.log += [
                        f"{self.hub.now:.0f} bot{number} {summary}" for summary in report.summaries
                    ]
                    self.log += [
                        f"{self.hub.now:.0f} bot{number} postponed: {action}"
                        for action in report.postponed
                    ]
                    pause = 1.0 if report.more else self.poll_seconds
                except (TryLater, Refused) as error:
                    self.log.append(f"{self.hub.now:.0f} bot{number} {error}")
                    pause = max(self.poll_seconds, getattr(error, "after", 0.0))
                self._wait(pause)
        except Killed:
            self.kills += 1
            self._push(self.hub.now + RESTART_SECONDS, self._bot(number))

    def controller(self, call: Call) -> Controller:
        """Return the controller of a new process, which remembers nothing."""
        connection = self._connect(InMemoryClient(self.hub, call))
        ledger = Ledger(LedgerRepo(connection, names.ledger(ORG)))
        return Controller(connection, ledger, self.policy)

    def _connect(self, client: InMemoryClient) -> InMemoryConnection:
        return InMemoryConnection(URL, ORG, "", "", "", lambda: self.hub.now, client=client)

    def _wait(self, seconds: float) -> None:
        self._push(self.hub.now + seconds, getcurrent())
        self._main.switch()

    def _call(self, name: str, effect: Callable[[], T]) -> T:
        self.calls += 1
        self.before_call(self)
        kill = self.kill if self.kill and self.kill.call == self.calls else None
        is_stale = self.calls == self.stale_call
        self._wait(self._random.choice((0.05, 0.1, 0.2, 0.4)))
        if kill and not kill.after:
            self.log.append(f"{self.hub.now:.0f} killed before {name}")
            raise Killed
        self.hub.is_stale = is_stale
        try:
            return self.faults.around(effect)
        finally:
            if kill:
                self.log.append(f"{self.hub.now:.0f} killed after {name}")
                raise Killed

    def requests(self) -> list[Request]:
        repo = LedgerRepo(self._connect(InMemoryClient(self.hub)), names.ledger(ORG))
        return list(Ledger(repo).read(self.hub.head).requests)


def all_reported(simulation: Simulation, count: int) -> Callable[[], bool]:
    """Return a check: all `count` requests are reported and the teacher is paused."""
    cached: dict[str, bool] = {}

    def check() -> bool:
        head = simulation.hub.head
        if head not in cached:
            requests = simulation.requests()
            cached[head] = len(requests) == count and all(r.reported for r in requests)
        return cached[head] and simulation.hub.endpoint.values[-1:] == ["paused"]

    return check
