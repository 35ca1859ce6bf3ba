"""TGI's own protocol, for URLs like `tgi+https://…`.

The `text-generation` client builds and validates requests; the server applies the model's chat
template. Sending is the same as for OpenAI's protocol, because the client opens a connection for
each call, reads responses of any size and ignores Retry-After.
"""

from __future__ import annotations

from typing import Any

from text_generation.types import ChatRequest, Message

from recipes.generate.teacher.openai import OpenAIEndpoint, Request


class TgiEndpoint(OpenAIEndpoint):
    """A text-generation-inference server."""

    async def models(self) -> tuple[str, ...]:
        """Return no names: it serves one model, whatever a request calls it."""
        return await self._list_models(f"{self.base.removesuffix('/v1')}/info")

    def body(self, request: Request) -> dict[str, Any]:
        """Return the JSON of a request, with the schema as TGI expects it."""
        chat = ChatRequest(
            model=request.model,
            messages=[Message(**turn) for turn in request.messages],
            max_tokens=request.max_tokens,
            seed=request.seed if request.sends_seed else None,
            temperature=request.temperature or None,  # TGI refuses 0, and is greedy without one
            stream=True,
        )
        body: dict[str, Any] = chat.model_dump(exclude_none=True)
        body["stream_options"] = {"include_usage": True}
        if request.schema is not None:
            body["response_format"] = {"type": "json", "value": request.schema}
        return body
