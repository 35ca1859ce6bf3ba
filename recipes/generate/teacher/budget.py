"""Money: what a call can cost at worst is set aside before it is made, so that no cap is passed.

Tokens are set aside at the most that prompt and answer can be, and settled by what the teacher
counted. An endpoint that is paid by the hour costs until the last call is over: a call is made only
when one of usual length ends in time, and is cut off where the money does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from recipes.generate.teacher.openai import NoAnswer

CAP = "cap"


@dataclass(frozen=True)
class Price:
    """US dollars: of an hour of the endpoint, of a million tokens read and of a million written."""

    usd_per_hour: float = 0.0
    usd_per_million_in: float = 0.0
    usd_per_million_out: float = 0.0

    def of_tokens(self, tokens_in: float, tokens_out: float) -> float:
        """What so many tokens cost."""
        millions = tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out
        return millions / 1e6

    def estimate(self, tokens_in: float, tokens_out: float, seconds: float) -> float:
        """What a run of this size will cost."""
        return self.of_tokens(tokens_in, tokens_out) + seconds / 3600 * self.usd_per_hour


class Budget:
    """What this process has spent and set aside, never more than `cap` US dollars."""

    def __init__(
        self, price: Price, cap: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.price = price
        self.cap = cap
        self.stopped = ""
        self._clock = clock
        self._began = self._settled_at = clock()
        self._tokens = 0.0
        self._risk = 0.0
        self._held = 0.0
        self._calls = 0
        self._usual = 0.0
        self._settled: asyncio.Future[None] | None = None

    @property
    def spent(self) -> float:
        """US dollars so far: the tokens of answers and the hours of the endpoint."""
        return self._tokens + (self._clock() - self._began) / 3600 * self.price.usd_per_hour

    def seconds_left(self) -> float:
        """How long the endpoint can still be paid for."""
        if self.cap is None or not self.price.usd_per_hour:
            return float("inf")
        left = self.cap - self.spent - self._risk - self._held
        return max(0.0, left / self.price.usd_per_hour * 3600)

    async def hold(self, tokens_in: int, tokens_out: int) -> float:
        """Set aside the worst case, waiting for calls that may turn out cheaper.

        Raises NoAnswer(`cap`) once no money is left for it, and from then on at once.
        """
        usd = self.price.of_tokens(tokens_in, tokens_out)
        while not self.stopped and not self._fits(usd):
            if not self._calls:
                self.stopped = CAP
                break
            await self._wait()
        if self.stopped:
            raise NoAnswer(self.stopped)
        self._held += usd
        self._calls += 1
        return usd

    def settle(self, held: float, usd: float, seconds: float) -> float:
        """Give back what was held and take what it cost, for an answer after so many seconds.

        Returns what the answer is billed: its tokens, and the endpoint's time since the one before.
        """
        self._tokens += usd
        self._usual = 0.9 * self._usual + 0.1 * seconds if self._usual else seconds
        self._give_back(held)
        since, self._settled_at = self._settled_at, self._clock()
        return usd + (self._settled_at - since) / 3600 * self.price.usd_per_hour

    def lose(self, held: float, billed: bool) -> None:
        """Give back what was held for a call without an answer, unless it may have been billed."""
        self._risk += held if billed else 0.0
        self._give_back(held)

    def _give_back(self, held: float) -> None:
        self._calls -= 1
        self._held = self._held - held if self._calls else 0.0
        if self._settled is not None:
            self._settled.set_result(None)
            self._settled = None

    def _fits(self, usd: float) -> bool:
        if self.cap is None:
            return True
        sure = self.spent + self._risk + self._held + usd
        return sure <= self.cap and self.seconds_left() > self._usual

    async def _wait(self) -> None:
        if self._settled is None:
            self._settled = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._settled)
