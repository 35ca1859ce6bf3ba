"""Lets calls through, first come first served, as the pace allows; only the waiting is here."""

from __future__ import annotations

import asyncio
from collections import deque

from recipes.generate.teacher.adaptive_concurrency import Pace


class Turnstile:
    """Every call enters before it is sent; after each ending `turn` lets the next ones in."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._shut = False
        self._waiting: deque[asyncio.Future[float]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._time = asyncio.get_running_loop().time

    async def enter(self) -> float:
        """Wait for a place and take it; the loop's time at which that was."""
        now = self._time()
        if not self._waiting and self._room(now):
            self.pace.sent(now)
            return now
        place: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self.turn()
        return await place

    def shut(self) -> None:
        """Let nobody in any more: who waits, waits until cancelled."""
        self._shut = True

    def turn(self) -> None:
        """Let in as many as there is room for; come again when a closed endpoint opens."""
        now = self._time()
        while self._waiting and self._room(now):
            place = self._waiting.popleft()
            if not place.done():  # who was cancelled while waiting takes no place
                self.pace.sent(now)
                place.set_result(now)
        if self._waiting and self._alarm is None and now < self.pace.closed_until:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_at(self.pace.closed_until, self._ring)

    def _room(self, now: float) -> bool:
        return not self._shut and self.pace.room(now)

    def _ring(self) -> None:
        self._alarm = None
        self.turn()
