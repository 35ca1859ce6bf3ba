"""What the doctor asks a teacher's URL, and who gets which token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest

from bot.domain.recipe import TeacherUrl
from bot.hub.client import Connection, Refused, TryLater, translate_errors
from bot.hub.teacher_probe import ServedModel, read_models
from recipes.validation.teacher_urls import CANNOT_LIST

PROVIDERS = [
    {"provider": "fast", "status": "live", "pricing": {"input": 0.2, "output": 0.7}},
    {"provider": "unpriced", "status": "live"},
]


class ModelServer(BaseHTTPRequestHandler):
    """Answers with the status and the body that a test sets, and keeps the token."""

    base: ClassVar[str] = "/v1"
    status: ClassVar[int]
    body: ClassVar[Any]
    token: ClassVar[str | None]

    def do_GET(self) -> None:
        assert self.path == f"{self.base}/models"
        ModelServer.token = self.headers["Authorization"]
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps(self.body).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def teacher() -> Iterator[TeacherUrl]:
    with ThreadingHTTPServer(("127.0.0.1", 0), ModelServer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield TeacherUrl(f"http://127.0.0.1:{server.server_address[1]}/v1", 0.1, 0.5)
        server.shutdown()


def ask(connection: Connection, teacher: TeacherUrl) -> tuple[ServedModel, ...] | None:
    with translate_errors("ask the teacher"):
        return read_models(connection, teacher)


def test_models_are_read_with_their_prices(connection: Connection, teacher: TeacherUrl) -> None:
    ModelServer.status = 200
    ModelServer.body = {"data": [{"id": "a", "providers": PROVIDERS}, {"id": "b"}]}
    assert ask(connection, teacher) == (ServedModel("a", {"fast": (0.2, 0.7)}), ServedModel("b"))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [(401, {"error": "who are you"}, Refused), (503, {}, TryLater), (200, [], TryLater)],
)
def test_a_refusal_and_a_malformed_list_are_reasons(
    connection: Connection, teacher: TeacherUrl, status: int, body: object, error: type[Exception]
) -> None:
    ModelServer.status, ModelServer.body = status, body
    with pytest.raises(error):
        ask(connection, teacher)


def test_a_server_without_a_list_is_unknown_and_one_that_is_away_is_named(
    connection: Connection, teacher: TeacherUrl
) -> None:
    for ModelServer.status in CANNOT_LIST:
        ModelServer.body = {"error": "there is no list"}
        assert ask(connection, teacher) is None
    with pytest.raises(TryLater, match="127.0.0.1:9 does not answer: ConnectError"):
        ask(connection, replace(teacher, url="http://127.0.0.1:9"))


def test_the_models_are_where_the_recipes_ask_for_them(
    connection: Connection, teacher: TeacherUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    ModelServer.status, ModelServer.body = 200, {"data": []}
    monkeypatch.setattr(ModelServer, "base", "/api/v4")
    url = teacher.url.replace("/v1", "/api/v4/chat/completions")
    assert ask(connection, replace(teacher, url=url)) == ()


def test_only_a_server_on_the_hub_gets_the_jobs_token(
    connection: Connection, teacher: TeacherUrl
) -> None:
    ModelServer.status, ModelServer.body = 200, {"data": []}
    elsewhere = replace(connection, job_token="hf_job")
    on_hub = replace(elsewhere, endpoint=teacher.url.removesuffix("/v1"))
    for hub, token in (
        (elsewhere, None),
        (on_hub, "Bearer hf_job"),
        (replace(elsewhere, teacher_token="own"), "Bearer own"),
        (replace(on_hub, teacher_token="own"), "Bearer own"),
    ):
        assert ask(hub, teacher) == () and ModelServer.token == token
