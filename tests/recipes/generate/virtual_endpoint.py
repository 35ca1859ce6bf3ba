"""An endpoint in virtual time: slots, a queue, refusals beyond it, changes and cold starts.

It drives the real limiter with events in the order of their times, so that minutes of a run take
milliseconds and are reproducible.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from recipes.generate.teacher.adaptive_concurrency import ConcurrencyLimiter

ALWAYS = 10**9


@dataclass
class Endpoint:
    """A simulated endpoint; times in seconds.

    slots: calls that are served at once, each at `speed(busy)` tokens a second
    queue: calls that wait; all others are refused with `retry_after`
    cold: time before which nothing is served
    batch: interval at which the client sees results, in any order, like a process without a core
    """

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
    """The time and tokens of each served call, and the times of refusals."""

    limiter: ConcurrencyLimiter
    served: list[tuple[float, float]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    calls: int = 0

    def share(self, since: float, until: float, tokens_a_second: float) -> float:
        """Return the served tokens as a share of those that the endpoint could have served."""
        served = sum(tokens for when, tokens in self.served if since <= when < until)
        return served / ((until - since) * tokens_a_second)


def play(
    endpoint: Endpoint,
    seconds: float,
    *changes: tuple[float, Callable[[Endpoint], None]],
    start: int = 16,
    most: int = 1024,
    seed: int = 1,
) -> Run:
    """Let a limiter with enough to do use the endpoint for so many seconds."""
    return _Play(endpoint, Run(ConcurrencyLimiter(start, most, 0.5, 10.0)), Random(seed)).run(
        seconds, changes
    )


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

    def return_later(self, happen: Callable[[], None]) -> None:
        """Let the client see a result."""
        when, batch = self.now + self.half_way, self.endpoint.batch
        if batch:
            when = (when // batch + 1 + self.chance.random() / 1e6) * batch
        self.at(when, happen)

    def send(self) -> None:
        limiter = self.result.limiter
        while limiter.may_send(self.now):
            limiter.on_sent(self.now)
            self.result.calls += 1
            sent, tokens = self.now, self.chance.lognormvariate(0, 0.5) * 50
            self.at(self.now + self.half_way, lambda s=sent, t=tokens: self.arrive(s, t))
        if self.now < limiter.closed_until:
            self.at(limiter.closed_until + 1e-6, lambda: None)

    def arrive(self, sent: float, tokens: float) -> None:
        endpoint = self.endpoint
        if self.now < endpoint.cold:
            self.return_later(lambda: self.result.limiter.on_unavailable(self.now, sent, 0.0))
        elif endpoint.busy < endpoint.slots:
            self.serve(sent, tokens)
        elif len(endpoint.waiting) < endpoint.queue:
            endpoint.waiting.append((sent, tokens))
        else:
            self.return_later(lambda: self.refuse(sent))

    def refuse(self, sent: float) -> None:
        self.result.refused.append(self.now)
        self.result.limiter.on_refused(self.now, sent, self.endpoint.retry_after)

    def serve(self, sent: float, tokens: float) -> None:
        self.endpoint.busy += 1
        took = tokens / self.endpoint.speed(self.endpoint.busy)
        self.at(self.now + took, lambda: self.finish(tokens))

    def finish(self, tokens: float) -> None:
        endpoint = self.endpoint
        endpoint.busy -= 1
        self.result.served.append((self.now, tokens))
        self.return_later(lambda: self.result.limiter.on_answered(self.now, tokens))
        while endpoint.waiting and endpoint.busy < endpoint.slots:
            self.serve(*endpoint.waiting.popleft())
