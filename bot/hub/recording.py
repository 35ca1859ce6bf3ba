"""Write down what the Hub answers, without tokens, names and addresses of people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import constants, set_client_factory

from bot.hub.client import Connection, client_with_timeout
from bot.parsing.redaction import SECRETS

ENDPOINTS_PATH = "/endpoints-api/v2"  # where the contract has the API of Inference Endpoints
MAX_BYTES = 200_000  # of one answer
HIDDEN = "hidden"
_PRIVATE_KEYS = re.compile(r"(?i)token|secret|password|email|fullname|avatar|^ip$|^orgs$|gravatar")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


@dataclass(frozen=True)
class Answer:
    """One answer of the Hub; `body` is JSON, or None for anything else."""

    method: str
    path: str
    status: int
    body: Any


@dataclass
class Recorder:
    """Collects the answers of the Hub while `recording` is active."""

    hub: Connection
    answers: list[Answer] = field(default_factory=list)

    def add(self, response: Any) -> None:
        """Keep the answer of an API, in the form in which it may be published."""
        path = _api_path(str(response.request.url), self.hub.endpoint)
        kind = response.headers.get("content-type", "")
        if not path or kind.startswith("text/event-stream"):
            return
        response.read()
        if len(response.content) > MAX_BYTES:
            return
        try:
            body = response.json() if kind.startswith("application/json") else None
        except ValueError:
            body = None
        names = {self.hub.org: "ORG", self.hub.me: "USER"}
        clean = scrub(body, names, self.hub.secrets)
        path = scrub(path, names, self.hub.secrets)
        self.answers.append(Answer(response.request.method, path, response.status_code, clean))

    def take(self) -> list[Answer]:
        """Return the answers since the last call."""
        answers, self.answers = self.answers, []
        return answers


@contextmanager
def recording(hub: Connection) -> Iterator[Recorder]:
    """Record every answer that the client gets within this block."""
    recorder = Recorder(hub)
    _ = hub.me  # which also sets up the client

    def factory() -> Any:
        client = client_with_timeout()
        client.event_hooks["response"].append(recorder.add)
        return client

    set_client_factory(factory)
    try:
        yield recorder
    finally:
        set_client_factory(client_with_timeout)


def scrub(value: Any, names: Mapping[str, str], secrets: tuple[str, ...]) -> Any:
    """Return JSON without secrets and people. `names` maps names to what replaces them.

    Values of keys that are about secrets or people keep only their type.
    """
    if isinstance(value, Mapping):
        return {
            key: _hidden(item) if _PRIVATE_KEYS.search(key) else scrub(item, names, secrets)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [scrub(item, names, secrets) for item in value]
    if not isinstance(value, str):
        return value
    for secret in filter(None, secrets):
        value = value.replace(secret, HIDDEN)
    for name, replacement in names.items():
        value = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w])", replacement, value)
    return _EMAIL.sub(HIDDEN, SECRETS.sub(HIDDEN, value))


def _hidden(value: Any) -> Any:
    """Return a value of the same type that says nothing."""
    if isinstance(value, Mapping):
        return {key: _hidden(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return HIDDEN if isinstance(value, str) else value


def _api_path(url: str, endpoint: str) -> str:
    """Return the path of an API's URL as the contract has it; empty for any other URL."""
    url = url.partition("?")[0]
    if url.startswith(constants.INFERENCE_ENDPOINTS_ENDPOINT):
        return ENDPOINTS_PATH + url.removeprefix(constants.INFERENCE_ENDPOINTS_ENDPOINT)
    path = url.removeprefix(endpoint)
    return path if url.startswith(endpoint) and path.startswith("/api/") else ""


def to_json(answers: list[Answer]) -> str:
    """Write answers as JSON."""
    items = [vars(answer) for answer in answers]
    return json.dumps(items, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
