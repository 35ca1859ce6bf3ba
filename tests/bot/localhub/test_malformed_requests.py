"""Malformed requests to every route get a 4xx with a reason, and the Hub keeps running."""

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
from bot.localhub.testing import LocalHub, take_findings

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
    " paths expand schedule jobSpec suspend compute model provider volumes attempts"
    " sleepTimeSeconds jobSourceId expose ports freeze advance"
).split()
UNSAFE = ("/control/reset", "/endpoints-api")


def routes() -> list[tuple[str, str]]:
    pairs = [
        (method, route.path)
        for route in app.routes()
        if isinstance(route, Route) and not route.path.startswith(UNSAFE)
        for method in sorted(route.methods or {"GET"})
    ]
    assert len(pairs) > 100
    return pairs


def fill_in(path: str, rng: random.Random, repo: str) -> str:
    """Return the path with a value for each parameter, often that of an existing repo."""
    existing = {"namespace": repo.partition("/")[0], "name": repo.partition("/")[2], "rev": "main"}
    parts = []
    for part in path.split("/"):
        before, brace, rest = part.partition("{")
        if brace:
            name, _, after = rest.partition("}")
            name, _, convertor = name.partition(":")
            value = rng.choice(WORDS)
            if convertor == "repo_type":
                value = rng.choice(["models", "datasets", "spaces"])
            elif name in existing and rng.random() < 0.7:
                value = quote(existing[name], safe="")
            part = before + value + after
        parts.append(part)
    return "/".join(parts)


def random_body(rng: random.Random) -> bytes:
    draw = rng.random()
    if draw < 0.1:
        return rng.randbytes(rng.randrange(200))
    if draw < 0.2:
        return json.dumps(rng.choice(VALUES)).encode()
    fields = rng.sample(FIELDS, 12)
    return json.dumps({field: rng.choice(VALUES) for field in fields}).encode()


@pytest.mark.parametrize("seed", range(2))
def test_malformed_requests_are_rejected_with_a_reason(
    hub: LocalHub, alice: HfApi, repo: str, seed: int
) -> None:
    rng = random.Random(seed)
    failures = []
    for method, path in routes():
        target = fill_in(path, rng, repo)
        if rng.random() < 0.4:
            key = rng.choice(["limit", "cursor", "expand", "sort", "p", "filter", "search", "x"])
            target += f"?{key}={rng.choice(WORDS)}"
        headers = {"Content-Type": "application/json"}
        if rng.random() < 0.8:
            headers["Authorization"] = f"Bearer {hub.token('alice')}"
        body = random_body(rng)
        status, reason = send(hub, method, target, body, headers)
        is_api = target.startswith(("/api/", "/control/"))
        if (status >= 500 and status != 501) or (status >= 400 and is_api and not reason):
            failures.append((status, method, target, body[:600]))
    assert not failures, "\n".join(map(repr, failures))
    assert alice.whoami(cache=False)["name"] == "alice"
    assert all("the Hub ignores" in finding for finding in take_findings())


def send(
    hub: LocalHub, method: str, target: str, body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    """Return the status of the response and the reason in its header."""
    connection = http.client.HTTPConnection(urlsplit(hub.url).netloc, timeout=10)
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return response.status, response.headers.get("x-error-message", "")
    finally:
        connection.close()
