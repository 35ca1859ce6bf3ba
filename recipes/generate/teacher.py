"""The teacher's client: OpenAI chat completions over aiohttp, which keeps up with many open calls.

It decides what is worth another try and counts what was used. What to ask is in `prompts.py`, what
an answer must look like in `shapes.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from recipes.generate.journal import Journal
from recipes.generate.row import Message
from recipes.refusal import Refusal

AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
NEVER = {401: "refuses the token", 403: "refuses the token", 404: "does not know the model or path"}


@dataclass(frozen=True)
class Settings:
    """How to ask: times in seconds; each key of `generate.teacher` in the recipe.

    `attempts` to get an answer at all; `tries`, with another seed each, to get one of the shape.
    """

    model: str
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


@dataclass(frozen=True)
class Answer:
    """What the teacher said; `finish` is OpenAI's finish_reason."""

    text: str
    reasoning: str
    finish: str
    tokens_in: int
    tokens_out: int


@dataclass
class Usage:
    """Calls and tokens so far; reused answers count with the tokens they once cost."""

    asked: int = 0
    reused: int = 0
    retried: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


class NoAnswer(Exception):
    """The teacher gave none to this request; the text is a reason for the counts."""


class _Again(Exception):
    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class Teacher:
    """Asks each request once, however often it is wanted: journal first, then the wire."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, settings: Settings, journal: Journal
    ) -> None:
        self.settings = settings
        self.usage = Usage()
        self._session = session
        self._base = url.rstrip("/").removesuffix("/v1") + "/v1"
        self._journal = journal
        self._flying: dict[str, asyncio.Task[Answer]] = {}
        self._failures = 0

    async def ready(self) -> None:
        """Wait until it serves; raises Refusal when it does not within `ready_within` seconds."""
        deadline = asyncio.get_running_loop().time() + self.settings.ready_within
        seen = "no answer"
        while asyncio.get_running_loop().time() < deadline:
            try:
                async with self._session.get(f"{self._base}/models") as response:
                    if response.status == 200:
                        return
                    _refuse(response.status, self._base)
                    seen = f"status {response.status}"
            except (aiohttp.ClientError, TimeoutError) as error:
                seen = type(error).__name__
            await asyncio.sleep(self.settings.backoff)
        waited = self.settings.ready_within
        raise Refusal(f"The teacher {self._base} is not ready after {waited:g} s: {seen}.")

    async def ask(self, messages: Sequence[Message], seed: int, common: bool = False) -> Answer:
        """The answer to a conversation, `common` when nothing in it is of one language.

        Raises NoAnswer, or Refusal when it is no use going on.
        """
        request = self._request(messages, seed)
        key = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        known = self._journal.get(key)
        if known is not None:
            self.usage.reused += 1
            return self._count(Answer(**known))
        if key not in self._flying:
            self._flying[key] = asyncio.ensure_future(self._pay(key, request, common))
            self._flying[key].add_done_callback(lambda _: self._flying.pop(key))
        return await self._flying[key]

    def _request(self, messages: Sequence[Message], seed: int) -> dict[str, Any]:
        return {
            "model": self.settings.model,
            "messages": list(messages),
            "temperature": self.settings.temperature,
            "max_tokens": self.settings.max_tokens,
            "seed": seed,
        }

    async def _pay(self, key: str, request: dict[str, Any], common: bool) -> Answer:
        answer = await self._persist(request)
        self._journal.put(key, asdict(answer), common)
        self.usage.asked += 1
        return self._count(answer)

    def _count(self, answer: Answer) -> Answer:
        self.usage.tokens_in += answer.tokens_in
        self.usage.tokens_out += answer.tokens_out
        return answer

    async def _persist(self, request: dict[str, Any]) -> Answer:
        """Try up to `attempts` times, waiting longer each time, never in step with the others."""
        reason = "no attempt"
        for attempt in range(self.settings.attempts):
            try:
                answer = await self._once(request)
            except _Again as again:
                reason = str(again)
                if attempt + 1 < self.settings.attempts:
                    self.usage.retried += 1
                    await asyncio.sleep(self._pause(attempt, again.after))
            else:
                self._failures = 0
                return answer
        self._give_up(reason)
        raise NoAnswer(reason)

    def _pause(self, attempt: int, asked_for: float) -> float:
        wait: float = max(asked_for, self.settings.backoff * 2**attempt)
        jitter: float = random.uniform(0.5, 1.0)
        return min(wait, self.settings.longest_backoff) * jitter

    def _give_up(self, reason: str) -> None:
        self.usage.failed += 1
        self._failures += 1
        if self._failures >= self.settings.failures_in_a_row:
            raise Refusal(
                f"The teacher {self._base} failed {self._failures} requests in a row ({reason}): "
                "mend it and run again, what was answered is kept."
            )

    async def _once(self, request: dict[str, Any]) -> Answer:
        try:
            async with self._session.post(f"{self._base}/chat/completions", json=request) as got:
                body = await got.read()
                return _read(got.status, got.headers.get("Retry-After"), body, self._base)
        except TimeoutError as error:
            raise _Again("timeout") from error
        except aiohttp.ClientError as error:
            raise _Again("connection") from error


def _read(status: int, retry_after: str | None, body: bytes, base: str) -> Answer:
    _refuse(status, base)
    if status in AGAIN:
        seconds = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
        raise _Again(f"status_{status}", seconds)
    if status != 200:
        raise NoAnswer(f"status_{status}")
    try:
        wire = json.loads(body)
        choice = wire["choices"][0]
        said = choice["message"]
        usage = wire.get("usage") or {}
        return Answer(
            text=_text(said.get("content")),
            reasoning=_text(said.get("reasoning_content") or said.get("reasoning")),
            finish=str(choice.get("finish_reason") or "stop"),
            tokens_in=int(usage.get("prompt_tokens") or 0),
            tokens_out=int(usage.get("completion_tokens") or 0),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise _Again("no_completion") from error


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("text is wanted")
    return value


def _refuse(status: int, base: str) -> None:
    if status in NEVER:
        raise Refusal(f"The teacher {base} {NEVER[status]} (status {status}).")
