"""A first-come, first-served queue of calls in front of the limiter."""

from __future__ import annotations

import asyncio
from collections import deque

from recipes.generate.teacher.adaptive_concurrency import ConcurrencyLimiter


class AdmissionQueue:
    """Every call enters before it is sent; `admit` lets waiting calls in after each result."""

    def __init__(self, limiter: ConcurrencyLimiter) -> None:
        self.limiter = limiter
        self._is_closed = False
        self._waiting: deque[asyncio.Future[float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._time = asyncio.get_running_loop().time

    async def enter(self) -> float:
        """Wait until the call may be sent; return the event loop's time then."""
        now = self._time()
        if not self._waiting and self._may_send(now):
            self.limiter.on_sent(now)
            return now
        place: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self.admit()
        return await place

    def close(self) -> None:
        """Admit no more calls; those that wait do so until they are cancelled."""
        self._is_closed = True

    def admit(self) -> None:
        """Admit as many calls as the limiter allows; try again when a closed endpoint opens."""
        now = self._time()
        while self._waiting and self._may_send(now):
            place = self._waiting.popleft()
            if not place.done():  # a call that was cancelled meanwhile takes no place
                self.limiter.on_sent(now)
                place.set_result(now)
        if self._waiting and self._timer is None and now < self.limiter.closed_until:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self.limiter.closed_until, self._on_timer)

    def _may_send(self, now: float) -> bool:
        return not self._is_closed and self.limiter.may_send(now)

    def _on_timer(self) -> None:
        self._timer = None
        self.admit()
