"""Responses of servers as they really are, streamed and not, and what the client makes of them."""

from __future__ import annotations

import json
from typing import Any

from recipes.generate.teacher.completion import Answer, parse_completion
from recipes.generate.teacher.http import HttpResponse

USAGE = {"prompt_tokens": 7, "completion_tokens": 3}
TEXT, THOUGHT = "Saluton.", "Hm."


def parse(body: object, status: int = 200, retry_after: float = 0.0) -> Answer:
    return parse_completion(response(body, status, retry_after), "http://t/v1", "m")


def response(body: object, status: int = 200, retry_after: float = 0.0) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, retry_after, content)


def completion(finish: str | None = "stop", **message: object) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": USAGE}


def stream(*deltas: object, finish: str | None = "stop", end: bytes = b"data: [DONE]") -> bytes:
    """Return the events of a stream with these deltas, and usage in the last."""
    choices = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    choices.append([{"index": 0, "delta": {}, "finish_reason": finish}])
    chunks = [{"choices": each} for each in choices] + [{"choices": [], "usage": USAGE}]
    return b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks) + end


def error(message: str, code: object = None, **more: object) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, **more}}
