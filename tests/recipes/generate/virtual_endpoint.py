"""An endpoint in virtual time: slots, a queue, refusals beyond it, changes and cold starts.

It drives the real controller with events in the order of their times, so that minutes of a run take
milliseconds and always go the same way.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from recipes.generate.teacher.adaptive_concurrency import Pace

ALWAYS = 10**9


@dataclass
class Endpoint:
    """`slots` calls are served at once at `speed(busy)` tokens a second each; `queue` more wait,
    all others are refused and told `retry_after`; nothing is served before `cold`. What comes back
    is seen every `batch` seconds, in any order, as by a process that has to wait for a core."""

    slots: int
    queue: int = ALWAYS
    retry_after: float = 0.0
    cold: float = 0.0
    batch: float = 0.0
    speed: Callable[[int], float] = lambda busy: 100.0
    busy: int = 0
    waiting: deque[tuple[float, float]] = field(default_factory=deque)


@dataclass
class Run:
    """What happened: (when, tokens) of each call served, and the times of refusals."""

    pace: Pace
    served: list[tuple[float, float]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    calls: int = 0

    def share(self, since: float, until: float, tokens_a_second: float) -> float:
        """Tokens served over those that the endpoint could have served."""
        done = sum(tokens for when, tokens in self.served if since <= when < until)
        return done / ((until - since) * tokens_a_second)


def play(
    endpoint: Endpoint,
    seconds: float,
    *changes: tuple[float, Callable[[Endpoint], None]],
    start: int = 16,
    most: int = 1024,
    seed: int = 1,
) -> Run:
    """Let a controller with enough to do use the endpoint for so long."""
    return _Play(endpoint, Run(Pace(start, most, 0.5, 10.0)), Random(seed)).run(seconds, changes)


@dataclass
class _Play:
    endpoint: Endpoint
    result: Run
    chance: Random
    now: float = 0.0
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)
    half_way: float = 0.001  # seconds

    def run(
        self, seconds: float, changes: tuple[tuple[float, Callable[[Endpoint], None]], ...]
    ) -> Run:
        for when, change in changes:
            self.at(when, lambda change=change: change(self.endpoint))
        self.at(0.0, lambda: None)
        while self.events and self.now < seconds:
            self.now, _, happen = heapq.heappop(self.events)
            happen()
            self.send()
        return self.result

    def at(self, when: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self.events, (when, next(self.numbers), happen))

    def back(self, happen: Callable[[], None]) -> None:
        """Let the client see what has happened."""
        when, batch = self.now + self.half_way, self.endpoint.batch
        if batch:
            when = (when // batch + 1 + self.chance.random() / 1e6) * batch
        self.at(when, happen)

    def send(self) -> None:
        pace = self.result.pace
        while pace.room(self.now):
            pace.sent(self.now)
            self.result.calls += 1
            sent, tokens = self.now, self.chance.lognormvariate(0, 0.5) * 50
            self.at(self.now + self.half_way, lambda s=sent, t=tokens: self.arrive(s, t))
        if self.now < pace.closed_until:
            self.at(pace.closed_until + 1e-6, lambda: None)

    def arrive(self, sent: float, tokens: float) -> None:
        endpoint = self.endpoint
        if self.now < endpoint.cold:
            self.back(lambda: self.result.pace.unready(self.now, sent, 0.0))
        elif endpoint.busy < endpoint.slots:
            self.serve(sent, tokens)
        elif len(endpoint.waiting) < endpoint.queue:
            endpoint.waiting.append((sent, tokens))
        else:
            self.back(lambda: self.refuse(sent))

    def refuse(self, sent: float) -> None:
        self.result.refused.append(self.now)
        self.result.pace.refused(self.now, sent, self.endpoint.retry_after)

    def serve(self, sent: float, tokens: float) -> None:
        self.endpoint.busy += 1
        took = tokens / self.endpoint.speed(self.endpoint.busy)
        self.at(self.now + took, lambda: self.finish(tokens))

    def finish(self, tokens: float) -> None:
        endpoint = self.endpoint
        endpoint.busy -= 1
        self.result.served.append((self.now, tokens))
        self.back(lambda: self.result.pace.answered(self.now, tokens))
        while endpoint.waiting and endpoint.busy < endpoint.slots:
            self.serve(*endpoint.waiting.popleft())
