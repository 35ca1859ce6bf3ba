"""The teacher: each request is asked once, at the pace the endpoint takes, and paid within the cap.

It decides what is worth another try and counts what was used. What to ask is in `prompts.py`, what
an answer must look like in `shapes.py`, how one call ends in `chat.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from recipes.core.errors import UserError
from recipes.core.progress import say
from recipes.generate.journal.local import Journal
from recipes.generate.journal.usage import Payer
from recipes.generate.schema import Message
from recipes.generate.teacher.adaptive_concurrency import Pace
from recipes.generate.teacher.admission_queue import Turnstile
from recipes.generate.teacher.budget import CAP, Budget
from recipes.generate.teacher.openai import (
    TIMEOUT,
    Again,
    Answer,
    Ending,
    Endpoint,
    NoAnswer,
    Request,
    refuse,
    size_of,
)

LOOK_EVERY = 0.02  # seconds between two looks whether all answers have come home


@dataclass(frozen=True)
class TeacherSettings:
    """How to ask: times in seconds; each key of `generate.teacher` in the recipe.

    `concurrency` is never passed and `start` where the search for the right one begins; `attempts`
    to get an answer at all; `tries`, with another seed each, to get one of the shape; `grace` for
    answers that are under way when the run is told to stop.
    """

    model: str
    start: int
    concurrency: int
    temperature: float
    max_tokens: int
    timeout: float
    attempts: int
    tries: int
    backoff: float
    longest_backoff: float
    ready_within: float
    failures_in_a_row: int
    grace: float


@dataclass
class Usage:
    """Calls so far, and the tokens of those that were answered."""

    asked: int = 0
    reused: int = 0
    retried: int = 0
    refused: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


class Teacher:
    """Asks each request once, however often it is wanted: journal first, then the endpoint."""

    def __init__(
        self, endpoint: Endpoint, settings: TeacherSettings, journal: Journal, purse: Budget
    ) -> None:
        self.settings = settings
        self.usage = Usage()
        self.purse = purse
        self.pace = Pace(
            settings.start, settings.concurrency, settings.backoff, settings.longest_backoff
        )
        self._turnstile = Turnstile(self.pace)
        self._endpoint = endpoint
        self._journal = journal
        self.account = journal.account()
        self._flying: dict[str, asyncio.Future[Answer]] = {}
        self._failures = 0
        self._time = asyncio.get_running_loop().time

    async def ready(self) -> None:
        """Wait until it serves; raises UserError when it does not within `ready_within` seconds."""
        deadline = self._time() + self.settings.ready_within
        seen, told = "no answer", False
        while self._time() < deadline:
            try:
                status = await self._endpoint.look()
            except (aiohttp.ClientError, TimeoutError) as error:
                seen = type(error).__name__
            else:
                if status == 200:
                    return
                refuse(status, self._endpoint.base)
                seen = f"status {status}"
            if not told:
                told = True
                base, within = self._endpoint.base, self.settings.ready_within
                say(f"the teacher {base} does not serve yet ({seen}): waiting up to {within:g} s")
            await asyncio.sleep(self.settings.backoff)
        raise self._not_ready(seen)

    async def ask(
        self,
        messages: Sequence[Message],
        seed: int,
        common: bool = False,
        schema: Mapping[str, Any] | None = None,
    ) -> Answer:
        """The answer to a conversation, `common` when nothing in it is of one language.

        A schema only helps the teacher to keep the shape: it does not make another request. Raises
        NoAnswer, or UserError when it is no use going on.
        """
        numbers = self.settings
        said = tuple(messages)
        request = Request(
            numbers.model, said, numbers.temperature, numbers.max_tokens, seed, schema
        )
        key = key_of(request)
        if (known := self._journal.get(key)) is not None:
            self.usage.reused += 1
            answer = Answer(**known.answer)
            self._count(key, answer, known.usd, Payer.OTHERS if known.others else Payer.EARLIER)
            return answer
        if (flying := self._flying.get(key)) is not None:
            return await asyncio.shield(flying)
        return await self._fly(key, request, common)

    async def finish(self) -> None:
        """Send nothing more, and wait for what is under way, as long as the recipe grants."""
        self._turnstile.shut()
        deadline = self._time() + self.settings.grace
        while self.pace.in_flight and self._time() < deadline:
            await asyncio.sleep(LOOK_EVERY)

    async def _fly(self, key: str, request: Request, common: bool) -> Answer:
        """Ask for all who want the same answer while it is under way."""
        flying: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._flying[key] = flying
        try:
            answer, usd = await self._persist(request)
            self._journal.put(key, vars(answer), usd, common)
        except BaseException as error:
            flying.set_exception(error if isinstance(error, Exception) else NoAnswer("stopped"))
            flying.exception()  # perhaps nobody else waits for it
            raise
        finally:
            del self._flying[key]
        flying.set_result(answer)
        self.usage.asked += 1
        self.usage.tokens_in += answer.tokens_in
        self.usage.tokens_out += answer.tokens_out
        self._count(key, answer, usd, Payer.NOW)
        return answer

    def _count(self, key: str, answer: Answer, usd: float, payer: Payer) -> None:
        self.account.add(key, payer, answer.tokens_in, answer.tokens_out, usd)

    async def _persist(self, request: Request) -> tuple[Answer, float]:
        """Try up to `attempts` times, waiting longer each time, never in step with the others."""
        attempt = 0
        while True:
            try:
                paid = await self._once(request)
            except Again as again:
                attempt += not self._asleep(again)
                if attempt >= self.settings.attempts:
                    raise self._given_up(again.reason) from again
                self.usage.retried += 1
                if self.pace.asleep_since is None:
                    await asyncio.sleep(self._pause(attempt, again.after))
            except NoAnswer as failure:
                raise self._given_up(str(failure)) from failure
            else:
                self._failures = 0
                return paid

    def _asleep(self, again: Again) -> bool:
        """Whether nobody is answered: that is no failure of this request, but not for ever."""
        since = self.pace.asleep_since
        if since is None or again.ending is not Ending.NOT_READY:
            return False
        if self._time() - since > self.settings.ready_within:
            raise self._not_ready(again.reason)
        return True

    def _not_ready(self, seen: str) -> UserError:
        base, waited = self._endpoint.base, self.settings.ready_within
        return UserError(f"The teacher {base} is not ready after {waited:g} s: {seen}.")

    def _pause(self, attempt: int, asked_for: float) -> float:
        """Seconds to wait: never less than asked for, up to the recipe's longest, never in step."""
        longest = self.settings.longest_backoff
        wait = min(longest, self.settings.backoff * 2 ** max(0, attempt - 1))
        jitter: float = random.uniform(0.5, 1.0)
        return float(max(wait * jitter, min(asked_for, longest) * (1.5 - jitter / 2)))

    def _given_up(self, reason: str) -> Exception:
        if reason == CAP:
            return NoAnswer(reason)
        self.usage.failed += 1
        self._failures += 1
        if self._failures < self.settings.failures_in_a_row:
            return NoAnswer(reason)
        return UserError(
            f"The teacher {self._endpoint.base} failed {self._failures} requests in a row "
            f"({reason}): mend it and run again, what was answered is kept."
        )

    async def _once(self, request: Request) -> tuple[Answer, float]:
        """One call: set aside its price, wait for a place, send it, and tell both how it ended.

        Returns the answer and what it is billed in US dollars.
        """
        worst = size_of(request.messages), request.max_tokens
        held = await self.purse.hold(*worst)
        sent = await self._turnstile.enter()
        seconds = min(self.settings.timeout, self.purse.seconds_left())
        try:
            answer = await self._endpoint.complete(request, seconds)
        except Again as again:
            self.purse.lose(held, again.billed)
            self._ended(again, sent)
            if again.reason == TIMEOUT and seconds < self.settings.timeout:
                self.purse.stopped = CAP
                raise NoAnswer(CAP) from again
            raise
        except NoAnswer:
            self.purse.lose(held, False)
            self.pace.failed()
            raise
        else:
            return answer, self._paid(answer, held, worst, self._time() - sent)
        finally:
            self._turnstile.turn()

    def _paid(self, answer: Answer, held: float, worst: tuple[int, int], took: float) -> float:
        counted = answer.tokens_in, answer.tokens_out
        usd = self.purse.price.of_tokens(*(counted if any(counted) else worst))
        self.pace.answered(self._time(), 1.0 + answer.tokens_out)
        return round(self.purse.settle(held, usd, took), 9)

    def _ended(self, again: Again, sent: float) -> None:
        now = self._time()
        if again.ending is Ending.TOO_MANY:
            self.usage.refused += 1
            self.pace.refused(now, sent, min(again.after, self.settings.longest_backoff))
        elif again.ending is Ending.NOT_READY:
            self.pace.unready(now, sent, min(again.after, self.settings.longest_backoff))
        else:
            self.pace.failed()


def key_of(request: Request) -> str:
    """The sha256 (hex) of what determines the answer."""
    told = (
        request.model,
        request.messages,
        request.temperature,
        request.max_tokens,
        request.seed,
    )
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
