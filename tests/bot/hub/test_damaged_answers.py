"""Whatever the Hub answers, the bot reads it, says in a sentence that it cannot, or leaves it out.

The answers are those of the local Hub, damaged at many places; nothing is sent while they are read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

from bot.domain import names
from bot.domain.community import Consent
from bot.domain.request import Step
from bot.errors import UserError
from bot.hub import client, inventory, probes
from bot.hub.client import Connection
from bot.hub.endpoints import create_endpoint
from bot.hub.ledger_repo import LedgerRepo
from bot.hub.observe import Observer, Scope
from bot.installation.state import Endpoint
from bot.localhub.testing import LocalHub
from tests.bot import examples
from tests.bot.hub.calls import BOT, ORG
from tests.damaged_json import WRONG_TEXTS, damaged_texts

DAMAGES_PER_ANSWER = 3
KEPT = ("content-type", "date")  # headers
Answer = tuple[int, dict[str, str], bytes]


class Replay:
    """Records the answers to GET, and later gives them again, one of them damaged."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.damaged: dict[str, bytes] = {}
        self.recorder: Any = None

    def handle(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        if self.recorder is not None:
            response = self.recorder.send(request)
            headers = {k: v for k, v in response.headers.items() if k.startswith("x-") or k in KEPT}
            self.answers[url] = (response.status_code, headers, response.read())
        status, headers, content = self.answers.get(url, (404, {}, b"{}"))
        body = self.damaged.get(url, content)
        return httpx.Response(status, headers=headers, content=body, request=request)


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    replay = Replay()
    monkeypatch.setattr(
        client,
        "client_with_timeout",
        lambda: httpx.Client(transport=httpx.MockTransport(replay.handle)),
    )
    yield replay
    monkeypatch.undo()
    set_client_factory(client.client_with_timeout)


def fill(hub: LocalHub, connection: Connection) -> Scope:
    """Make one of everything that the bot reads, and return what to observe."""
    api = HfApi(endpoint=hub.url, token=connection.token)
    space = names.leaderboard(ORG)
    api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
    num = api.create_discussion(space, "Esperanto", description="hi", repo_type="space").num
    api.comment_discussion(space, num, "/status", repo_type="space")
    request = examples.request(id=names.request_id(num), discussion=num)
    dataset = names.dataset(ORG, "epo_Latn")
    files = {
        (names.code_repo(ORG), "some.whl"): b"wheel",
        (names.communities(ORG), "epo_Latn.yaml"): b"consent: ask\n",
        (names.ledger(ORG), names.ledger_path("r1")): b"{}\n",
        (dataset, "run.json"): b'{"schema": 2}',
    }
    for (repo, path), content in files.items():
        api.create_repo(repo, repo_type="dataset", exist_ok=True)
        api.upload_file(
            path_or_fileobj=content, path_in_repo=path, repo_id=repo, repo_type="dataset"
        )
    create_endpoint(connection, Endpoint(examples.endpoint()))
    api.create_webhook(
        url="http://127.0.0.1:9/webhook",
        watched=[{"type": "space", "name": space}],
        domains=["discussion"],
    )
    return Scope(
        active=[request],
        resting=[],
        left_alone=[],
        known=[],
        manifests=[(request, Step.GENERATE)],
        teacher=examples.recipe().teacher,
    )


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LocalHub]:
    """A Hub of its own, as its webhook would be one too many for other tests."""
    with LocalHub(tmp_path, orgs={ORG: (BOT, "alice")}) as running:
        yield running


def test_damaged_answers_are_no_tracebacks(
    hub: LocalHub, connection: Connection, replay: Replay
) -> None:
    with httpx.Client() as replay.recorder:
        scope = fill(hub, connection)
    readers: dict[str, Callable[[Connection], Any]] = {
        "observe": lambda fresh: Observer(fresh).observe(scope),
        "installation": lambda fresh: inventory.read_installation(
            fresh, "some.whl", scope.teacher.name
        ),
        "ledger": lambda fresh: (repo := LedgerRepo(fresh, names.ledger(ORG))).files(repo.head()),
        "billing": probes.read_billing,
    }
    random = Random(7)
    for name, read in readers.items():
        replay.answers.clear()
        with httpx.Client() as replay.recorder:
            read(replace(connection))
        replay.recorder = None
        for url, (status, _, content) in sorted(replay.answers.items()):
            if status != 200:
                continue
            texts = damages(content)
            for damage, text in random.sample(texts, min(DAMAGES_PER_ANSWER, len(texts))):
                replay.damaged = {url: text}
                try:
                    result = read(replace(connection))
                except UserError as error:
                    sentence = str(error)
                    assert len(sentence) < 600 and sentence.isprintable(), (url, damage)
                except Exception as error:
                    raise AssertionError(f"{name}, {url}: {damage}: {error!r}") from error
                else:
                    assert name != "observe" or is_sound(result), (url, damage)
        replay.damaged = {}


def damages(content: bytes) -> list[tuple[str, bytes]]:
    try:
        return list(damaged_texts(json.loads(content)))
    except ValueError:
        return [(str(text[:20]), text) for text in WRONG_TEXTS]


def is_sound(observation: Any) -> bool:
    """Whether only values of the annotated kind got through."""
    return (
        all(0 <= price < 1e12 for price in observation.prices.values())
        and all(isinstance(name, str) for name in observation.maintainers)
        and isinstance(observation.wheel_revision, str)
        and isinstance(observation.teacher.url, str)
        and all(c.consent in Consent for c in (observation.communities or {}).values())
        and all(
            isinstance(text, str)
            for discussion in observation.discussions.values()
            for text in (discussion.title, discussion.body, discussion.author)
        )
    )
