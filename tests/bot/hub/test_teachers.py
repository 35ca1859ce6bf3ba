"""Each kind of teacher, on a local Hub."""

from __future__ import annotations

import socket
import sys
import time
import urllib.request
from dataclasses import replace

from bot.domain.observation import Teacher
from bot.domain.recipe import TeacherJob, TeacherUrl
from bot.hub.client import Connection
from bot.hub.teachers import observe_teacher, run_or_stop
from tests.bot import examples


def _job() -> TeacherJob:
    """Return a teacher in a job: a server of files on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    spec = examples.recipe_with(examples.JOB).teacher
    assert isinstance(spec, TeacherJob)
    return replace(spec, command=command, port=port)


def test_a_teacher_in_a_job_runs_once_answers_and_is_cancelled(connection: Connection) -> None:
    spec = _job()
    assert observe_teacher(connection, spec) == Teacher()
    run_or_stop(connection, spec, running=True)
    run_or_stop(connection, spec, running=True)
    jobs = list(connection.api.list_jobs(namespace=connection.org, labels={"kakugo": "teacher"}))
    assert len(jobs) == 1
    deadline = time.monotonic() + 30
    while not (teacher := observe_teacher(connection, spec)).is_running:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    _wait_for_answer(teacher.url)
    run_or_stop(connection, spec, running=False)
    assert observe_teacher(connection, spec) == Teacher()


def test_a_teacher_at_a_url_is_running_and_costs_nothing_to_end(connection: Connection) -> None:
    spec = TeacherUrl("https://router.huggingface.co/v1", 0.1, 0.5)
    assert observe_teacher(connection, spec).is_running
    run_or_stop(connection, spec, running=False)
    assert observe_teacher(connection, spec) == Teacher("running", spec.url)


def _wait_for_answer(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                assert response.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
