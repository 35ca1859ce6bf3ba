"""Ask a teacher for its models, and call it as `generate` does: many calls, and long answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from huggingface_hub import get_session
from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

from bot.domain.recipe import TeacherSpec, TeacherUrl
from bot.hub.client import NETWORK_ERRORS, Connection, TryLater
from bot.hub.manifests import amount
from recipes.validation.teacher_urls import CANNOT_LIST, base_of, is_on_hub

LISTING_SECONDS = 10.0
IN_FLIGHT = 64
CALL_SECONDS = 300.0
_SCHEMA = {
    "type": "object",
    "properties": {"words": {"type": "array", "items": {"type": "string"}}},
    "required": ["words"],
}
_LONG = "Write a story of two thousand words about a lighthouse."
_WORDS = "List five words for weather."


@dataclass(frozen=True)
class ServedModel:
    """A model of a server, with prices by provider: US dollars per million tokens in and out."""

    name: str
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def read_models(hub: Connection, teacher: TeacherSpec) -> tuple[ServedModel, ...] | None:
    """Return the models at a teacher's URL; None if it has no URL or does not list them.

    Raises TryLater and the client's errors. Only a server on the Hub gets a token of the Hub.
    """
    if not isinstance(teacher, TeacherUrl):
        return None
    url = base_of(teacher.url)
    token = hub.teacher_token or (hub.job_token if is_on_hub(teacher.url, hub.endpoint) else "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        response = get_session().get(f"{url}/models", headers=headers, timeout=LISTING_SECONDS)
    except NETWORK_ERRORS as error:
        host = urlsplit(url).netloc
        raise TryLater(f"{host} does not answer: {type(error).__name__}") from error
    if response.status_code in CANNOT_LIST:
        return None
    hf_raise_for_status(response)
    return tuple(
        ServedModel(name, dict(_prices(item.get("providers") or ())))
        for item in response.json()["data"]
        if (name := str(item["id"])).isprintable()
    )


def _prices(providers: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield providers with their prices, as https://huggingface.co/docs/inference-providers has.

    Raises ValueError for a price that is no amount of money.
    """
    for item in providers:
        if pricing := item.get("pricing"):
            yield str(item["provider"]), (amount(pricing["input"]), amount(pricing["output"]))


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
