"""Whatever is sent to whatever route, the answer is a 4xx with a reason, and the Hub lives on."""

from __future__ import annotations

import http.client
import json
import random
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from huggingface_hub import HfApi
from starlette.routing import Route

from bot.localhub import app
from bot.localhub.testing import LocalHub

WORDS = [
    "practice", "alice", "main", "refs%2Fpr%2F1", "%00", "%ff", "..", "%2e%2e%2fx", "a" * 300, "0",
    "-1", "1e999", "%F0%9F%8C%8D", "'", "%22", "README.md", "models", "%ed%a0%80", "9" * 40, "1",
    "x.git",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, -1, 10**30, 1.5, "", "x" * 70_000, "\0", "\ud800", "main", [], [None], ["a", 1], {},
    {"a": {"b": []}}, [[[[]]]], "../..", "2020-13-45", [{}], [{"path": 1}], {"id": 1, "type": 2},
]  # fmt: skip
FIELDS = (
    "name organization type private visibility sdk fromRepo toRepo gated startingPoint tag message"
    " files operation objects oid size title description status comment content pullRequest watched"
    " domains url secret secrets command arguments environment flavor timeoutSeconds timeout labels"
    " dockerImage spaceId key value item note position namespace theme user requestId repoType"
    " deletions sha repository paths expand schedule jobSpec suspend compute model provider volumes"
    " attempts sleepTimeSeconds seconds freeze advance"
).split()
UNSAFE = ("/control/reset", "/endpoints-api")


def routes() -> list[tuple[str, str]]:
    found = [
        (method, route.path)
        for route in app.routes()
        if isinstance(route, Route) and not route.path.startswith(UNSAFE)
        for method in sorted(route.methods or {"GET"})
    ]
    assert len(found) > 100
    return found


def filled(path: str, chance: random.Random, repo: str) -> str:
    """The path of a route with a value for each parameter, often those of a repo that exists."""
    real = {"namespace": repo.partition("/")[0], "name": repo.partition("/")[2], "rev": "main"}
    parts = []
    for part in path.split("/"):
        before, brace, rest = part.partition("{")
        if brace:
            name, _, after = rest.partition("}")
            name, _, kind = name.partition(":")
            value = chance.choice(WORDS)
            if kind == "kind":
                value = chance.choice(["models", "datasets", "spaces"])
            elif name in real and chance.random() < 0.7:
                value = quote(real[name], safe="")
            part = before + value + after
        parts.append(part)
    return "/".join(parts)


def body(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.1:
        return chance.randbytes(chance.randrange(200))
    if kind < 0.2:
        return json.dumps(chance.choice(VALUES)).encode()
    fields = chance.sample(FIELDS, 12)
    return json.dumps({field: chance.choice(VALUES) for field in fields}).encode()


@pytest.mark.parametrize("seed", range(4))
def test_nonsense_is_refused_with_a_reason(
    hub: LocalHub, alice: HfApi, repo: str, seed: int
) -> None:
    chance = random.Random(seed)
    wrong = []
    for method, path in routes():
        target = filled(path, chance, repo)
        if chance.random() < 0.4:
            key = chance.choice(["limit", "cursor", "expand", "sort", "p", "filter", "search", "x"])
            target += f"?{key}={chance.choice(WORDS)}"
        headers = {"Content-Type": "application/json"}
        if chance.random() < 0.8:
            headers["Authorization"] = f"Bearer {hub.token('alice')}"
        data = body(chance)
        status, reason = ask(hub, method, target, data, headers)
        api = target.startswith(("/api/", "/control/"))
        if (status >= 500 and status != 501) or (status >= 400 and api and not reason):
            wrong.append((status, method, target, data[:600]))
    assert not wrong, "\n".join(map(repr, wrong))
    assert alice.whoami(cache=False)["name"] == "alice"


def ask(
    hub: LocalHub, method: str, target: str, data: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    """The status and the stated reason of an answer."""
    connection = http.client.HTTPConnection(urlsplit(hub.url).netloc, timeout=10)
    try:
        connection.request(method, target, data, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("x-error-message", "")
    finally:
        connection.close()
