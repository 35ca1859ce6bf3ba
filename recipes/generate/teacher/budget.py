"""A budget that reserves the most a call can cost before it is made.

Tokens are reserved at the most that prompt and answer can be, and charged as the teacher counted
them. An endpoint that is paid by the hour costs until its last call ends: a call is only made when
one of usual length would end in time, and is cut off when the money runs out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from recipes.generate.teacher.failures import NoAnswer

CAP = "cap"


@dataclass(frozen=True)
class Price:
    """US dollars per hour of the endpoint, and per million tokens read and written."""

    usd_per_hour: float = 0.0
    usd_per_million_in: float = 0.0
    usd_per_million_out: float = 0.0

    def of_tokens(self, tokens_in: float, tokens_out: float) -> float:
        """Return the cost of tokens in US dollars."""
        millions = tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out
        return millions / 1e6

    def of_run(self, tokens_in: float, tokens_out: float, seconds: float) -> float:
        """Return the cost of a run in US dollars."""
        return self.of_tokens(tokens_in, tokens_out) + seconds / 3600 * self.usd_per_hour


class Budget:
    """What this process has spent and reserved, never more than `cap` US dollars."""

    def __init__(
        self, price: Price, cap: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.price = price
        self.cap = cap
        self.stop_reason = ""
        self._clock = clock
        self._started_at = self._charged_at = clock()
        self._tokens_usd = 0.0
        self._unconfirmed_usd = 0.0  # calls without an answer that may have been billed
        self._reserved_usd = 0.0
        self._calls = 0
        self._usual_seconds = 0.0  # of a call
        self._released: asyncio.Future[None] | None = None

    @property
    def spent(self) -> float:
        """US dollars so far, for the tokens of answers and the hours of the endpoint."""
        hours = (self._clock() - self._started_at) / 3600
        return self._tokens_usd + hours * self.price.usd_per_hour

    def seconds_left(self) -> float:
        """Return for how many more seconds the endpoint can be paid."""
        if self.cap is None or not self.price.usd_per_hour:
            return float("inf")
        left = self.cap - self.spent - self._unconfirmed_usd - self._reserved_usd
        return max(0.0, left / self.price.usd_per_hour * 3600)

    async def reserve(self, tokens_in: int, tokens_out: int) -> float:
        """Reserve and return the US dollars that a call can cost at most.

        Waits for calls that may turn out cheaper. Raises NoAnswer(`cap`) when no money is left,
        and from then on at once.
        """
        usd = self.price.of_tokens(tokens_in, tokens_out)
        while not self.stop_reason and not self._fits(usd):
            if not self._calls:
                self.stop_reason = CAP
                break
            await self._wait_for_release()
        if self.stop_reason:
            raise NoAnswer(self.stop_reason)
        self._reserved_usd += usd
        self._calls += 1
        return usd

    def charge(self, reserved: float, usd: float, seconds: float) -> float:
        """Replace a reservation by the actual cost of an answer, which took `seconds`.

        Returns the US dollars that the answer is billed: its tokens, and the endpoint's time since
        the answer before it.
        """
        self._tokens_usd += usd
        usual = self._usual_seconds
        self._usual_seconds = 0.9 * usual + 0.1 * seconds if usual else seconds
        self._release(reserved)
        since, self._charged_at = self._charged_at, self._clock()
        return usd + (self._charged_at - since) / 3600 * self.price.usd_per_hour

    def release(self, reserved: float, may_be_billed: bool) -> None:
        """Release the reservation of a call without an answer, unless it may be billed."""
        self._unconfirmed_usd += reserved if may_be_billed else 0.0
        self._release(reserved)

    def _release(self, reserved: float) -> None:
        self._calls -= 1
        self._reserved_usd = self._reserved_usd - reserved if self._calls else 0.0
        if self._released is not None:
            self._released.set_result(None)
            self._released = None

    def _fits(self, usd: float) -> bool:
        if self.cap is None:
            return True
        committed = self.spent + self._unconfirmed_usd + self._reserved_usd + usd
        return committed <= self.cap and self.seconds_left() > self._usual_seconds

    async def _wait_for_release(self) -> None:
        if self._released is None:
            self._released = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._released)
