"""The teacher: each request once, with journal, limiter, budget and retries.

The client decides which failures are worth another attempt and counts what was used. The texts of
requests are in `prompts/templates.py`, the formats of answers in `prompts/parsing.py`, and what a
failure means in `failures.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from recipes.core.errors import UserError
from recipes.core.progress import say
from recipes.generate.journal.local import Journal
from recipes.generate.journal.usage import Payer
from recipes.generate.schema import Message
from recipes.generate.teacher.adaptive_concurrency import ConcurrencyLimiter
from recipes.generate.teacher.admission_queue import AdmissionQueue
from recipes.generate.teacher.budget import CAP, Budget
from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.failures import (
    TIMEOUT,
    Failure,
    NoAnswer,
    RetryableError,
    in_words,
    readable,
)
from recipes.generate.teacher.openai import Effort, Endpoint, Request, max_tokens_of
from recipes.validation.ranges import Amount, PositiveAmount, PositiveCount, Text

MAX_SAME_ANSWERS = 3  # in a row, from which the endpoint does not heed seeds
POLL_SECONDS = 0.02  # between checks whether all calls have ended


@dataclass(frozen=True)
class TeacherSettings:
    """How the teacher is called; times in seconds."""

    model: Text
    start: PositiveCount
    """Calls in flight at first; the limiter adapts them to the endpoint."""
    concurrency: PositiveCount
    """Calls in flight at most."""
    temperature: Amount
    max_tokens: PositiveCount
    timeout: PositiveAmount
    """Of one call."""
    attempts: PositiveCount
    """Calls for one answer."""
    tries: PositiveCount
    """Answers to one request, each with another seed, until one has the requested format."""
    backoff: Amount
    """The first pause between attempts; it grows up to `longest_backoff`."""
    longest_backoff: Amount
    ready_within: Amount
    """The time that a teacher may take until it serves."""
    failures_in_a_row: PositiveCount
    """Failed requests after which the run ends."""
    grace: Amount
    """The time for calls in flight when the run is stopped."""
    effort: Effort | None = None
    """The reasoning effort; null leaves it to the model."""


@dataclass
class TeacherStats:
    """Counts of this run: requests that were answered, taken from the journal, or failed; calls
    that were repeated or refused; and the tokens of the answered ones."""

    answered: int = 0
    reused: int = 0
    retried: int = 0
    refused: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


class Teacher:
    """Answers each request once, from the journal or by the endpoint."""

    def __init__(
        self, endpoint: Endpoint, settings: TeacherSettings, journal: Journal, budget: Budget
    ) -> None:
        self.settings = settings
        self.stats = TeacherStats()
        self.budget = budget
        self.usage = journal.usage_counter()
        self.limiter = ConcurrencyLimiter(
            settings.start, settings.concurrency, settings.backoff, settings.longest_backoff
        )
        self._queue = AdmissionQueue(self.limiter)
        self._endpoint = endpoint
        self._journal = journal
        self._in_flight: dict[str, asyncio.Future[Answer]] = {}
        self._failures_in_a_row = 0
        self._said: set[str] = set()
        self._same_answers = 0  # in a row, to another seed
        self._time = asyncio.get_running_loop().time

    async def wait_until_ready(self) -> None:
        """Wait until the teacher serves its model.

        A server with a single model serves that one, by whatever name. Raises UserError after
        `ready_within` seconds, and if the server has other models only.
        """
        deadline = self._time() + self.settings.ready_within
        reason = "no answer"
        while self._time() < deadline:
            try:
                names = await self._endpoint.models()
            except RetryableError as error:
                reason = error.reason
                base, within = self._endpoint.base, self.settings.ready_within
                self.say_once(
                    "ready",
                    f"the teacher {base} is not ready ({in_words(reason)}): waiting up to "
                    f"{within:g} s",
                )
                await asyncio.sleep(self.settings.backoff)
            else:
                model = choose_model(self.settings.model, names, self._endpoint.base)
                if model != self.settings.model:
                    say(f"the teacher serves {model}, not {self.settings.model}: it is asked")
                self.settings = replace(self.settings, model=model)
                return
        raise self._not_ready(reason)

    @property
    def has_all_answers(self) -> bool:
        """Whether every request was answered, so that another run would find the same answers."""
        return not self.stats.failed and not self.budget.stop_reason and self.heeds_seeds

    @property
    def heeds_seeds(self) -> bool:
        """Whether another seed may bring another answer, as far as is known."""
        return self._same_answers < MAX_SAME_ANSWERS

    def note_second_answer(self, is_same: bool) -> None:
        """Note whether the answer to the same messages with another seed was the same."""
        self._same_answers = self._same_answers + 1 if is_same else 0
        if not self.heeds_seeds:
            self.say_once(
                "seeds",
                "the teacher gives the same answer to every seed: unusable answers are not tried "
                "again",
            )

    def say_once(self, topic: str, text: str) -> None:
        """Print a line of text unless this run has printed one about the topic already."""
        if topic not in self._said:
            self._said.add(topic)
            say(text)

    async def complete(
        self,
        messages: Sequence[Message],
        seed: int,
        common: bool = False,
        schema: Mapping[str, Any] | None = None,
        effort: Effort | None = None,
        sends_seed: bool = False,
    ) -> Answer:
        """Return the answer to a conversation; `common` if it has nothing of one language.

        A schema helps the teacher to keep the format, but is not part of a request's key. The
        `effort` replaces that of the settings. The seed is part of the key, but only sent where
        another answer than the first one is wanted. Raises NoAnswer, or UserError when the run
        cannot go on.
        """
        settings = self.settings
        request = Request(
            settings.model,
            tuple(messages),
            settings.temperature,
            settings.max_tokens,
            seed,
            schema,
            effort or settings.effort,
            sends_seed,
        )
        key = key_of(request)
        if (entry := self._journal.get(key)) is not None:
            self.stats.reused += 1
            answer = Answer(**entry.answer)
            payer = Payer.OTHER_LANGUAGE if entry.by_other_language else Payer.EARLIER_RUN
            self._count_usage(key, answer, entry.usd, payer)
            return answer
        if (in_flight := self._in_flight.get(key)) is not None:
            return await asyncio.shield(in_flight)
        return await self._complete_for_all(key, request, common)

    async def finish_calls(self) -> None:
        """Send nothing more, and wait up to `grace` seconds for the calls in flight."""
        self._queue.close()
        deadline = self._time() + self.settings.grace
        while self.limiter.in_flight and self._time() < deadline:
            await asyncio.sleep(POLL_SECONDS)

    async def _complete_for_all(self, key: str, request: Request, common: bool) -> Answer:
        """Complete a request, also for callers that make the same one while it is in flight."""
        in_flight: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._in_flight[key] = in_flight
        try:
            answer, usd = await self._complete_with_retries(request)
            self._journal.put(key, vars(answer), usd, common)
        except BaseException as error:
            in_flight.set_exception(error if isinstance(error, Exception) else NoAnswer("stopped"))
            in_flight.exception()  # mark it as retrieved, in case nobody else waits for it
            raise
        finally:
            del self._in_flight[key]
        in_flight.set_result(answer)
        self.stats.answered += 1
        self.stats.tokens_in += answer.tokens_in
        self.stats.tokens_out += answer.tokens_out
        self._count_usage(key, answer, usd, Payer.THIS_RUN)
        return answer

    def _count_usage(self, key: str, answer: Answer, usd: float, payer: Payer) -> None:
        self.usage.add(key, payer, answer.tokens_in, answer.tokens_out, usd)

    async def _complete_with_retries(self, request: Request) -> tuple[Answer, float]:
        """Make up to `attempts` calls, with longer and longer pauses between them."""
        attempt = 0
        while True:
            try:
                result = await self._complete_once(request)
            except RetryableError as error:
                if error.reason == TIMEOUT:  # unchanged, it would only time out again
                    request = replace(request, max_tokens=max(1, request.max_tokens // 2))
                attempt += not self._is_asleep(error)
                if attempt >= self.settings.attempts:
                    raise self._permanent_failure(error.reason, error.words) from error
                self.stats.retried += 1
                if self.limiter.asleep_since is None:
                    await asyncio.sleep(self._pause(attempt, error.retry_after))
            except NoAnswer as error:
                raise self._permanent_failure(str(error), error.words) from error
            else:
                self._failures_in_a_row = 0
                return result

    def _is_asleep(self, error: RetryableError) -> bool:
        """Whether the endpoint is asleep, which does not count as an attempt of this request.

        Raises UserError when that lasts longer than `ready_within` seconds.
        """
        since = self.limiter.asleep_since
        if since is None or error.failure is not Failure.NOT_READY:
            return False
        if self._time() - since > self.settings.ready_within:
            raise self._not_ready(error.reason)
        return True

    def _not_ready(self, reason: str) -> UserError:
        base, waited = self._endpoint.base, self.settings.ready_within
        why = in_words(reason)
        return UserError(f"The teacher {base} is not ready after {waited:g} s: {why}.")

    def _pause(self, attempt: int, retry_after: float) -> float:
        """Return a random number of seconds to wait, not less than the server asked for."""
        longest = self.settings.longest_backoff
        wait = min(longest, self.settings.backoff * 2 ** max(0, attempt - 1))
        jitter: float = random.uniform(0.5, 1.0)
        return float(max(wait * jitter, min(retry_after, longest) * (1.5 - jitter / 2)))

    def _permanent_failure(self, reason: str, words: str) -> Exception:
        """Return what a request ends with, and print once for each reason what the server says."""
        if reason == CAP:
            return NoAnswer(reason)
        self.stats.failed += 1
        self._failures_in_a_row += 1
        if words:
            self.say_once(reason, f"the teacher failed a request ({reason}) and says: {words}")
        if self._failures_in_a_row < self.settings.failures_in_a_row:
            return NoAnswer(reason, words)
        return UserError(
            f"The teacher {self._endpoint.base} failed {self._failures_in_a_row} requests in a row "
            f"({reason}). Fix it and run the same command again; all answers so far are kept."
        )

    async def _complete_once(self, request: Request) -> tuple[Answer, float]:
        """Make one call within the budget and the limiter, and report the result to both.

        Returns the answer and the US dollars billed for it.
        """
        max_tokens = max_tokens_of(request.messages), request.max_tokens
        reserved = await self.budget.reserve(*max_tokens)
        sent_at = await self._queue.enter()
        seconds = min(self.settings.timeout, self.budget.seconds_left())
        try:
            answer = await self._endpoint.complete(request, seconds)
        except RetryableError as error:
            self.budget.release(reserved, error.may_be_billed)
            self._note_failure(error, sent_at)
            if error.reason == TIMEOUT and seconds < self.settings.timeout:
                self.budget.stop_reason = CAP
                raise NoAnswer(CAP) from error
            raise
        except NoAnswer:
            self.budget.release(reserved, may_be_billed=False)
            self.limiter.on_failed()
            raise
        else:
            return answer, self._charge(answer, reserved, max_tokens, self._time() - sent_at)
        finally:
            self._queue.admit()

    def _charge(
        self, answer: Answer, reserved: float, max_tokens: tuple[int, int], seconds: float
    ) -> float:
        tokens = answer.tokens_in, answer.tokens_out
        usd = self.budget.price.of_tokens(*(tokens if any(tokens) else max_tokens))
        self.limiter.on_answered(self._time(), 1.0 + answer.tokens_out)
        return round(self.budget.charge(reserved, usd, seconds), 9)

    def _note_failure(self, error: RetryableError, sent_at: float) -> None:
        now = self._time()
        retry_after = min(error.retry_after, self.settings.longest_backoff)
        if error.failure is Failure.OVERLOADED:
            self.stats.refused += 1
            self.limiter.on_refused(now, sent_at, retry_after)
        elif error.failure is Failure.NOT_READY:
            self.limiter.on_unavailable(now, sent_at, retry_after)
        else:
            self.limiter.on_failed()


def choose_model(wanted: str, served: Sequence[str], base: str) -> str:
    """Return the name of the model to ask: the wanted one, or the only one that is served.

    Inference Providers take names with a suffix such as `:cheapest`. Raises UserError if there are
    several others.
    """
    if not served or wanted in served or wanted.partition(":")[0] in served:
        return wanted
    if len(served) == 1:
        return served[0]
    names = ", ".join(map(readable, served[:5])) + (", …" if len(served) > 5 else "")
    raise UserError(
        f"The teacher {base} does not serve {wanted!r}, but {names}: name one of them as the "
        "teacher's model."
    )


def key_of(request: Request) -> str:
    """Return the sha256 (hex) of everything that determines the answer."""
    parts: tuple[object, ...] = (
        request.model,
        request.messages,
        request.temperature,
        request.max_tokens,
        request.seed,
    )
    if request.effort is not None:  # older journals have keys without one
        parts += (request.effort,)
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
