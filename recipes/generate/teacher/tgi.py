"""One call by TGI's own protocol, for URLs like `tgi+https://…`.

The `text-generation` client builds and validates requests and responses; the server applies the
model's chat template. Sending is done here, because the client opens a connection for each call,
reads responses of any size and ignores Retry-After.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from text_generation import AsyncClient
from text_generation.types import ChatComplete, ChatRequest, Message

from recipes.generate.teacher.openai import (
    UNKNOWN_FIELD,
    Answer,
    Failure,
    HttpResponse,
    Request,
    RetryableError,
    get_status,
    post,
    raise_for_status,
    split_reasoning,
    token_count,
)

FINISH_REASONS = {"eos_token": "stop", "stop_sequence": "stop"}  # TGI's to OpenAI's


class Client(AsyncClient):  # type: ignore[misc]  # it has no types
    """The client for one call, over a shared connection, with a schema as its grammar."""

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

    async def _chat_single_response(self, request: ChatRequest) -> HttpResponse:
        body = request.model_dump(exclude_none=True)
        if self._schema is not None:
            body["response_format"] = {"type": "json", "value": self._schema}
        url = f"{self.base_url}/v1/chat/completions"
        return await post(self._http, url, body, self._seconds)


class TgiEndpoint:
    """A text-generation-inference server."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.base = url.rstrip("/").removesuffix("/v1")
        self._http = http
        self._supports_schemas = True

    async def status(self) -> int:
        """Return the status of `/info`, which is 200 once the model is loaded."""
        return await get_status(self._http, f"{self.base}/info")

    async def complete(self, request: Request, seconds: float) -> Answer:
        """Make one call, without the schema once the server has refused one."""
        if request.schema is None or not self._supports_schemas:
            return self._parse(await self._chat(request, seconds, None))
        response = await self._chat(request, seconds, request.schema)
        if response.status not in UNKNOWN_FIELD:
            return self._parse(response)
        answer = self._parse(await self._chat(request, seconds, None))
        self._supports_schemas = False
        return answer

    async def _chat(
        self, request: Request, seconds: float, schema: Mapping[str, Any] | None
    ) -> HttpResponse:
        response: HttpResponse = await Client(self._http, self.base, seconds, schema).chat(
            messages=[Message(**turn) for turn in request.messages],
            max_tokens=request.max_tokens,
            seed=request.seed,
            temperature=request.temperature or None,  # TGI refuses 0, and is greedy without one
        )
        return response

    def _parse(self, response: HttpResponse) -> Answer:
        raise_for_status(response, self.base)
        try:
            completion = ChatComplete(**orjson.loads(response.body))
            choice, usage = completion.choices[0], completion.usage or {}
            reasoning, text = split_reasoning(choice.message.content or "")
            return Answer(
                text=text,
                reasoning=reasoning,
                finish=FINISH_REASONS.get(choice.finish_reason, choice.finish_reason),
                tokens_in=token_count(usage, "prompt_tokens"),
                tokens_out=token_count(usage, "completion_tokens"),
            )
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            raise RetryableError(Failure.BROKEN, "no_completion", may_be_billed=True) from error
