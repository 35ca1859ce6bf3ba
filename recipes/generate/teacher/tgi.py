"""TGI's own protocol through the `text-generation` client; chosen by a URL like `tgi+https://…`.

The client builds and checks what is sent and what comes; the server applies the model's chat
template. Only the sending is ours: the client opens a connection for each call, reads without bound
and forgets Retry-After.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from text_generation import AsyncClient
from text_generation.types import ChatComplete, ChatRequest, Message

from recipes.generate.teacher.openai import (
    NOT_SO,
    Again,
    Answer,
    Ending,
    Got,
    Request,
    counted,
    look,
    parted,
    post,
    settle,
)

FINISH = {"eos_token": "stop", "stop_sequence": "stop"}  # TGI's words for what OpenAI calls stop


class Client(AsyncClient):  # type: ignore[misc]  # it has no types
    """The client for one call, over a connection that is kept, with a schema as its grammar."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        base: str,
        seconds: float,
        schema: Mapping[str, Any] | None,
    ) -> None:
        super().__init__(base)
        self._http = http
        self._seconds = seconds
        self._schema = schema

    async def _chat_single_response(self, request: ChatRequest) -> Got:
        wire = request.model_dump(exclude_none=True)
        if self._schema is not None:
            wire["response_format"] = {"type": "json", "value": self._schema}
        url = f"{self.base_url}/v1/chat/completions"
        return await post(self._http, url, wire, self._seconds)


class Tgi:
    """A text-generation-inference server."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.base = url.rstrip("/").removesuffix("/v1")
        self._http = http
        self._structured = True

    async def look(self) -> int:
        """The status of `/info`, which answers once the model is loaded."""
        return await look(self._http, f"{self.base}/info")

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Ask, with the schema as long as the server takes it: one that does not is remembered."""
        if request.schema is None or not self._structured:
            return self._read(await self._chat(request, seconds, None))
        got = await self._chat(request, seconds, request.schema)
        if got.status not in NOT_SO:
            return self._read(got)
        answer = self._read(await self._chat(request, seconds, None))
        self._structured = False
        return answer

    async def _chat(
        self, request: Request, seconds: float, schema: Mapping[str, Any] | None
    ) -> Got:
        got: Got = await Client(self._http, self.base, seconds, schema).chat(
            messages=[Message(**turn) for turn in request.messages],
            max_tokens=request.max_tokens,
            seed=request.seed,
            temperature=request.temperature or None,  # TGI takes no 0: without one it is greedy
        )
        return got

    def _read(self, got: Got) -> Answer:
        settle(got, self.base)
        try:
            told = ChatComplete(**orjson.loads(got.body))
            choice, usage = told.choices[0], told.usage or {}
            reasoning, text = parted(choice.message.content or "")  # TGI leaves them in one
            return Answer(
                text=text,
                reasoning=reasoning,
                finish=FINISH.get(choice.finish_reason, choice.finish_reason),
                tokens_in=counted(usage, "prompt_tokens"),
                tokens_out=counted(usage, "completion_tokens"),
            )
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            raise Again(Ending.BROKEN, "no_completion", billed=True) from error
