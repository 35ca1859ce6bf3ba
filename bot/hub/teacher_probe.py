"""Call a teacher as `generate` does: one long answer, structured output, many calls in flight."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from huggingface_hub import get_session

from bot.hub.client import NETWORK_ERRORS, Connection

IN_FLIGHT = 64
CALL_SECONDS = 300.0
_SCHEMA = {
    "type": "object",
    "properties": {"words": {"type": "array", "items": {"type": "string"}}},
    "required": ["words"],
}
_LONG = "Write a story of two thousand words about a lighthouse."
_WORDS = "List five words for weather."


def call_teacher(hub: Connection, url: str, model: str) -> str:
    """Return what the teacher answered to all calls, in words. Raises ValueError if one failed."""
    long = _answer(hub, url, model, _LONG, {"max_tokens": 8192})
    form = {"type": "json_schema", "json_schema": {"name": "words", "schema": _SCHEMA}}
    structured = _answer(hub, url, model, _WORDS, {"max_tokens": 4096, "response_format": form})
    try:
        words = json.loads(structured)["words"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError("the answer to a call with a JSON schema does not follow it") from error
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        calls = [
            pool.submit(_answer, hub, url, model, f"{_WORDS} ({n})", {"max_tokens": 1024})
            for n in range(IN_FLIGHT)
        ]
        answered = sum(bool(call.result()) for call in calls)
    return (
        f"a long answer of {len(long)} characters, {len(words)} words as JSON, {answered} at once"
    )


def status(url: str, hub: Connection | None = None) -> int:
    """Return the HTTP status with the token of `hub`, or without one; 0 if nobody answers."""
    headers = hub.api._build_hf_headers() if hub else None
    try:
        return int(get_session().get(url, headers=headers, timeout=CALL_SECONDS).status_code)
    except NETWORK_ERRORS:
        return 0


def _answer(hub: Connection, url: str, model: str, prompt: str, options: dict[str, Any]) -> str:
    """Return the text of one answer. Raises ValueError."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], **options}
    try:
        response = get_session().post(
            f"{url}/v1/chat/completions",
            json=body,
            headers=hub.api._build_hf_headers(),
            timeout=CALL_SECONDS,
        )
        text = response.json()["choices"][0]["message"]["content"]
    except (*NETWORK_ERRORS, ValueError, LookupError, TypeError) as error:
        raise ValueError(f"a call failed ({type(error).__name__})") from error
    if not text:
        raise ValueError("an answer is empty")
    return str(text)
