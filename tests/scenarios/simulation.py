"""Simulate bots on a Hub in memory: the order of their calls, their duration, and kills.

Each bot is a greenlet that stops at every call, so that the calls of several bots interleave as
those of processes do, and the same seed always gives the same story.
"""

from __future__ import annotations

import heapq
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from greenlet import getcurrent, greenlet
from huggingface_hub.utils import httpx

from bot.controller.ledger import Ledger
from bot.controller.tick import Controller
from bot.domain import names
from bot.domain.policy import Policy
from bot.domain.request import Request
from bot.hub.client import Connection, Refused, TryLater
from bot.hub.ledger_repo import LedgerRepo
from tests.scenarios.memory_client import Client, error
from tests.scenarios.memory_hub import BOT, ORG, URL, HubModel

RESTART = 20.0


class Cut(NamedTuple):
    """The bot that makes this call (counted over all bots, from 1) dies before or after it."""

    call: int
    after: bool


class Faults:
    """What goes wrong with a share of all calls: half of them had already taken effect."""

    def __init__(self, share: float, seed: int) -> None:
        self._share, self._random = share, random.Random(seed)
        self.count: Counter[str] = Counter()

    def around(self, effect: Callable[[], Any]) -> Any:
        """The answer of a call, or an error before or after it takes effect."""
        if self._random.random() >= self._share:
            return effect()
        name, problem = self._random.choice(_PROBLEMS)
        self.count[name] += 1
        if name not in _REFUSED and self._random.random() < 0.5:
            effect()
        raise problem()


def _problem(status: int, **headers: str) -> Callable[[], Exception]:
    return lambda: error(status, {k.replace("_", "-"): v for k, v in headers.items()})


_REFUSED = ("busy", "limit")  # these are said before anything is done
_PROBLEMS: tuple[tuple[str, Callable[[], Exception]], ...] = (
    ("busy", _problem(429, retry_after="7")),
    ("limit", _problem(429, ratelimit='"api";r=0;t=12')),
    ("broken", _problem(500)),
    ("gateway", _problem(502)),
    ("away", _problem(503)),
    ("timeout", lambda: httpx.ReadTimeout("the answer did not come")),
    ("no connection", lambda: httpx.ConnectError("refused")),
    ("cut", lambda: httpx.RemoteProtocolError("the answer ended in the middle")),
    ("no JSON", lambda: json.JSONDecodeError("the answer ended in the middle", "{", 1)),
)


class Killed(BaseException):
    """SIGKILL: nothing of the bot gets to see it."""


@dataclass(frozen=True)
class Wire(Connection):
    """A connection whose client is the model's."""

    client: Any = None

    @property
    def api(self) -> Any:  # type: ignore[override]
        return self.client

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, **query)

    def text(self, repo: str, repo_type: str, path: str, revision: str = "main") -> str:
        return self.client.text(repo, path, revision)


Event = tuple[float, Callable[[HubModel], float | None]]


@dataclass
class Simulation:
    """`script`: what people do, and when; a deed is done again after the seconds it returns."""

    hub: HubModel
    policy: Policy
    bots: int = 1
    cut: Cut | None = None
    seed: int = 0
    script: list[Event] = field(default_factory=list)
    faults: Faults = field(default_factory=lambda: Faults(0.0, 0))
    pause: float = 20.0
    longest: float = 7200.0
    calls: int = 0
    cuts: int = 0
    trail: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._main = getcurrent()
        self._due: list[tuple[float, int, Any]] = []
        self._turn = 0

    def play(self, until: Callable[[], bool], rest: float = 100.0) -> None:
        """Play until the story is told, then watch for a while that nothing more happens."""
        begun, ends = self.hub.now, None
        for delay, deed in self.script:
            self._push(begun + delay, deed)
        for number in range(self.bots):
            self._push(begun + number * self.pause / self.bots, self._bot(number))
        while self._due and (ends is None or self.hub.now < ends):
            at, _, what = heapq.heappop(self._due)
            self.hub.move(at)
            if isinstance(what, greenlet):
                what.switch()
            elif (again := what(self.hub)) is not None:
                self._push(self.hub.now + again, what)
            if ends is None and until():
                ends = self.hub.now + rest
            if self.hub.now - begun > self.longest:
                raise AssertionError(f"not told after {self.longest} s: {self.trail[-30:]}")
        assert ends is not None and until()

    def _push(self, at: float, what: Any) -> None:
        self._turn += 1
        heapq.heappush(self._due, (at, self._turn, what))

    def _bot(self, number: int) -> greenlet:
        return greenlet(lambda: self._live(number))

    def _live(self, number: int) -> None:
        try:
            controller = self.controller(self._call)
            while True:
                try:
                    report = controller.tick()
                    self.trail += [f"{self.hub.now:.0f} bot{number} {w}" for w in report.summaries]
                    self.trail += [
                        f"{self.hub.now:.0f} bot{number} left: {w}" for w in report.postponed
                    ]
                    pause = 1.0 if report.more else self.pause
                except (TryLater, Refused) as error:
                    self.trail.append(f"{self.hub.now:.0f} bot{number} {error}")
                    pause = max(self.pause, getattr(error, "after", 0.0))
                self._wait(pause)
        except Killed:
            self.cuts += 1
            self._push(self.hub.now + RESTART, self._bot(number))

    def controller(self, call: Callable[[str, Callable[[], Any]], Any]) -> Controller:
        """A new process: nothing is remembered."""
        wire = Wire(URL, ORG, "", "", "", lambda: self.hub.now, Client(self.hub, call))
        return Controller(wire, Ledger(LedgerRepo(wire, names.ledger(ORG))), self.policy)

    def _wait(self, seconds: float) -> None:
        self._push(self.hub.now + seconds, getcurrent())
        self._main.switch()

    def _call(self, name: str, effect: Callable[[], Any]) -> Any:
        self.calls += 1
        cut = self.cut if self.cut and self.cut.call == self.calls else None
        self._wait(self._random.choice((0.05, 0.1, 0.2, 0.4)))
        if cut and not cut.after:
            self.trail.append(f"{self.hub.now:.0f} killed before {name}")
            raise Killed
        try:
            return self.faults.around(effect)
        finally:
            if cut:
                self.trail.append(f"{self.hub.now:.0f} killed after {name}")
                raise Killed

    def requests(self) -> list[Request]:
        wire = Wire(URL, ORG, "", "", "", lambda: self.hub.now, Client(self.hub))
        repo = LedgerRepo(wire, names.ledger(ORG))
        return list(Ledger(repo).read(self.hub.head).requests)


def told(simulation: Simulation, count: int) -> Callable[[], bool]:
    """Whether all `count` requests are at rest and the teacher costs nothing."""
    seen: dict[str, bool] = {}

    def look() -> bool:
        head = simulation.hub.head
        if head not in seen:
            requests = simulation.requests()
            seen[head] = len(requests) == count and all(r.reported for r in requests)
        return seen[head] and simulation.hub.endpoint.values[-1:] == ["paused"]

    return look


__all__ = ["BOT", "Cut", "Simulation", "Wire", "told"]
