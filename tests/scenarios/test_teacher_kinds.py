"""A request from its discussion to its result, with a teacher in a job and one at a URL.

Hub, jobs, the teacher and its token are real; recipes are fake, and only ask for the models.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bot.domain.recipe import TeacherJob, TeacherUrl
from bot.domain.request import Request, Status
from bot.localhub.compute.processes import free_port
from bot.localhub.testing import LocalHub
from tests.scenarios.local_scenario import BOT, ORG, LocalScenario

pytestmark = pytest.mark.xdist_group("teacher-kinds")

PERSON, TOKEN = "ludoviko", "t0ken-of-a-server-elsewhere"
SERVER = (
    "import sys, http.server as h;"
    "q = type('Q', (h.BaseHTTPRequestHandler,), {'do_GET': lambda s: (s.send_response(200),"
    " s.end_headers())});"
    "h.HTTPServer(('127.0.0.1', int(sys.argv[1])), q).serve_forever()"
)


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[LocalScenario]:
    with LocalHub(tmp_path, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        yield LocalScenario(hub, lambda labels: "ask")


class TokenServer(BaseHTTPRequestHandler):
    """A server that wants its own token."""

    def do_GET(self) -> None:
        is_known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        self.send_response(200 if is_known else 401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), TokenServer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def finish(scenario: LocalScenario, teacher: TeacherJob | TeacherUrl) -> Request:
    """Open a discussion and tick until its request is reported."""
    recipe = replace(scenario.policy.recipe, teacher=teacher)
    scenario.policy = replace(scenario.policy, recipe=recipe)
    scenario.open_discussion(PERSON, "Esperanto")
    bot, deadline = scenario.bot(), time.monotonic() + 90
    while time.monotonic() < deadline:
        bot.tick()
        requests = bot.ledger.load().requests
        if requests and requests[0].reported:
            return requests[0]
        time.sleep(0.2)
    raise AssertionError(f"not reported: {requests}")


def test_a_request_with_a_teacher_in_a_job_is_done_and_the_job_ends(
    scenario: LocalScenario,
) -> None:
    port = free_port()
    command = (sys.executable, "-c", SERVER, str(port))
    teacher = TeacherJob("t", "image", command, "cpu-basic", port, 60, 0.01)
    assert finish(scenario, teacher).status is Status.DONE
    jobs = [job for job in scenario.api.list_jobs(namespace=ORG, labels={"kakugo": "teacher"})]
    assert [job.status.stage for job in jobs] == ["CANCELED"], "one job for both steps"


def test_a_request_with_a_teacher_at_a_url_is_done_and_its_token_stays_secret(
    scenario: LocalScenario, server_url: str
) -> None:
    scenario.teacher_token = TOKEN
    request = finish(scenario, TeacherUrl(server_url, 0.1, 0.5))
    assert request.status is Status.DONE and all(s.attempt == 1 for s in request.steps.values())
    jobs = {job.labels["step"]: job for job in scenario.api.list_jobs(namespace=ORG) if job.labels}
    asking = {step for step, job in jobs.items() if "KAKUGO_TEACHER_TOKEN" in str(job.secrets)}
    assert asking == {"check", "generate"} and len(jobs) == 4
    texts = [str(job) for job in jobs.values()] + scenario.bot_comments(1)
    texts += [
        line
        for job in jobs.values()
        for line in scenario.api.fetch_job_logs(job_id=job.id, namespace=ORG)
    ]
    assert TOKEN not in "".join(texts)
