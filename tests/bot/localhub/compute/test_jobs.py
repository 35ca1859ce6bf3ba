"""Jobs: real processes, started and watched through the real client."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, JobInfo, Volume, get_session
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, JobNotFoundError

from bot.localhub.compute.processes import PROGRAMS
from bot.localhub.testing import LocalHub
from tests.bot.localhub.compute.process_tree import tree_code
from tests.bot.localhub.helpers import auth_header, is_running, status_of, wait_until

PYTHON = "ghcr.io/astral-sh/uv:python3.12-bookworm"
Run = Callable[..., JobInfo]


@pytest.fixture
def run(alice: HfApi) -> Run:
    """Run Python code as a job of `practice`."""

    def run(code: str, **options: Any) -> JobInfo:
        command = ["uv", "run", "--with", "x", "python", "-c", code]
        return alice.run_job(image=PYTHON, command=command, namespace="practice", **options)

    return run


def finish(api: HfApi, job: JobInfo) -> JobInfo:
    done = api.wait_for_job(job_id=job.id, namespace="practice", timeout=30, poll_interval=0.05)
    assert isinstance(done, JobInfo)
    return done


def log(api: HfApi, job: JobInfo, **options: Any) -> list[str]:
    return list(api.fetch_job_logs(job_id=job.id, namespace="practice", **options))


def test_job_has_stages_a_log_and_times(alice: HfApi, run: Run) -> None:
    job = run("print('one'); import sys; print('two', file=sys.stderr)")
    assert job.status.stage in ("SCHEDULING", "RUNNING")
    assert log(alice, job, follow=True) == ["one", "two"]
    done = finish(alice, job)
    assert (done.status.stage, done.owner.name, done.flavor) == (
        "COMPLETED", "practice", "cpu-basic",
    )  # fmt: skip
    assert done.started_at and done.finished_at and done.created_at
    assert done.created_at <= done.started_at <= done.finished_at
    assert done.initiator is not None and done.initiator.name == "alice"
    assert log(alice, job) == ["one", "two"]
    assert log(alice, job, tail=1) == ["two"]


def test_log_is_streamed_while_the_job_runs(alice: HfApi, run: Run) -> None:
    job = run("import time\nfor n in range(3): print(n); time.sleep(0.5)")
    lines = []
    for line in alice.fetch_job_logs(job_id=job.id, namespace="practice", follow=True):
        stage = alice.inspect_job(job_id=job.id, namespace="practice").status.stage
        lines.append((line, stage))
    assert [line for line, _ in lines] == ["0", "1", "2"]
    assert lines[0][1] == "RUNNING"


def test_failed_job_shows_its_exit_code(alice: HfApi, run: Run) -> None:
    done = finish(alice, run("raise SystemExit(7)"))
    assert done.status.stage == "ERROR"
    assert "exit code: 7" in str(done.status.message)
    missing = alice.run_job(image=PYTHON, command=["no-such-program"], namespace="practice")
    done = finish(alice, missing)
    assert done.status.stage == "ERROR"
    assert "no-such-program" in " ".join(log(alice, missing))


def test_failing_job_is_attempted_again(alice: HfApi, run: Run) -> None:
    job = run("print('try'); raise SystemExit(1)", attempts=3)
    assert job.retry == 2
    assert finish(alice, job).status.stage == "ERROR"
    assert log(alice, job) == ["try"] * 3


def test_environment_is_clean_and_secrets_are_hidden(
    hub: LocalHub, alice: HfApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    job = run(code, env={"PLAIN": "1"}, secrets={"HF_TOKEN": "hf_very_secret"})
    inside = json.loads(log(alice, job, follow=True)[0])
    assert inside["HF_TOKEN"] == "hf_very_secret" and inside["PLAIN"] == "1"
    assert inside["HF_ENDPOINT"] == hub.url and inside["HF_HUB_DISABLE_XET"] == "1"
    assert inside["JOB_ID"] == job.id and inside["CPU_CORES"] == "2"
    # The uv that installs nothing comes first.
    assert inside["PATH"].split(":")[:2] == [str(PROGRAMS), str(Path(sys.executable).parent)]
    assert inside["HOME"] != os.environ.get("HOME") and inside["HF_HOME"].startswith(inside["HOME"])
    assert not {"PYTEST_CURRENT_TEST", "USER", "PWD"} & set(inside)
    headers = auth_header(hub)
    for path in ("/api/jobs/practice", f"/api/jobs/practice/{job.id}"):
        answer = get_session().get(hub.url + path, headers=headers).text
        assert "hf_very_secret" not in answer and "HF_TOKEN" in answer


def test_timeout_ends_the_whole_process_tree(alice: HfApi, run: Run) -> None:
    marker = f"marker{time.time_ns()}"
    done = finish(alice, run(tree_code(marker, ""), timeout=1))
    assert done.status.stage == "ERROR" and "timeout" in str(done.status.message)
    wait_until(lambda: not is_running(marker))


def test_cancelled_job_has_time_to_end(alice: HfApi, run: Run) -> None:
    """It gets more time than when the Hub itself ends, and its last output is kept."""
    marker = f"marker{time.time_ns()}"
    code = tree_code(
        marker,
        "def end(*_): time.sleep(3.5); print('x' * 200_000); print('ended'); sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, end)",
    )
    job = run(code)
    lines = alice.fetch_job_logs(job_id=job.id, namespace="practice", follow=True)
    assert next(iter(lines)) == "ready" and is_running(marker)
    alice.cancel_job(job_id=job.id, namespace="practice")
    assert finish(alice, job).status.stage == "CANCELED"
    assert log(alice, job, tail=1) == ["ended"]
    assert not is_running(marker)
    alice.cancel_job(job_id=job.id, namespace="practice")
    assert finish(alice, job).status.stage == "CANCELED"


def test_jobs_are_listed_by_stage_and_labels(alice: HfApi, run: Run) -> None:
    label = f"r{time.time_ns()}"
    jobs = [run("pass", labels={"request": label, "step": f"s{n}"}) for n in range(3)]
    for job in jobs:
        finish(alice, job)

    def ids(**which: Any) -> list[str]:
        return [job.id for job in alice.list_jobs(namespace="practice", **which)]

    assert ids(labels={"request": label}) == [job.id for job in reversed(jobs)]
    assert ids(labels={"request": label, "step": "s1"}) == [jobs[1].id]
    assert ids(labels={"request": label}, status="RUNNING") == []
    assert len(ids(labels={"request": label}, status=["COMPLETED", "ERROR"])) == 3


def test_exposed_ports_are_shown_while_the_job_runs(hub: LocalHub, alice: HfApi, run: Run) -> None:
    job = run("import time; time.sleep(60)")
    url = f"{hub.url}/api/jobs/practice/{job.id}/expose"
    body = {"ports": [8000], "portsPublic": []}
    get_session().put(url, json=body, headers=auth_header(hub)).raise_for_status()

    def urls() -> list[str] | None:
        status = get_session().get(url.removesuffix("/expose"), headers=auth_header(hub)).json()
        exposed: list[str] | None = status["status"].get("exposeUrls")
        return exposed

    wait_until(lambda: urls() == ["http://127.0.0.1:8000"])
    alice.cancel_job(job_id=job.id, namespace="practice")
    assert urls() is None


def test_log_size_is_limited(hub: LocalHub, alice: HfApi, run: Run) -> None:
    job = run("import sys\nfor _ in range(1200): sys.stdout.write('x' * 65535 + '\\n')")
    assert finish(alice, job).status.stage == "COMPLETED"
    size = (hub.data / "jobs" / job.id / "log.jsonl").stat().st_size
    assert 1_000_000 < size <= 33_600_000
    assert "limit" in log(alice, job, tail=1)[0]


def test_hardware_has_prices(alice: HfApi) -> None:
    by_name = {flavor.name: flavor for flavor in alice.list_jobs_hardware()}
    assert by_name["cpu-basic"].unit_cost_micro_usd == 167
    assert by_name["cpu-basic"].accelerator is None
    a10g = by_name["a10g-small"].accelerator
    assert a10g is not None and a10g.model == "A10G"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"volumes": [Volume(type="model", source="a/b", mount_path="/b")]}, "volumes"),
        ({"command": ["uv", "run", "--with", "x", "https://a.example/b.py"]}, "URL"),
    ],
)
def test_unserved_options_answer_501(alice: HfApi, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(HfHubHTTPError, match=reason) as error:
        alice.run_job(**{"image": PYTHON, "command": ["x"], "namespace": "practice", **options})
    assert status_of(error) == 501


@pytest.mark.parametrize(
    ("invalid", "reason"),
    [
        ({"flavor": "moon-base"}, "flavor"),
        ({"labels": {"name": "a.b"}}, "labels"),
        ({"command": []}, "command"),
        ({"env": {"A B": "1"}}, "environment"),
        ({"attempts": 0}, "attempts"),
    ],
)
def test_invalid_specs_are_rejected(alice: HfApi, invalid: dict[str, Any], reason: str) -> None:
    spec: dict[str, Any] = {"image": PYTHON, "command": ["true"], "namespace": "practice"}
    with pytest.raises(BadRequestError, match=re.escape(reason)):
        alice.run_job(**{**spec, **invalid})


def test_others_cannot_see_jobs_and_readers_cannot_cancel(
    hub: LocalHub, bob: HfApi, run: Run
) -> None:
    job = run("pass")
    with pytest.raises(JobNotFoundError):
        bob.inspect_job(job_id=job.id, namespace="practice")
    with pytest.raises(HfHubHTTPError):
        bob.run_job(image=PYTHON, command=["true"], namespace="practice")
    reader = HfApi(endpoint=hub.url, token=hub.read_token("alice"))
    assert reader.inspect_job(job_id=job.id, namespace="practice").id == job.id
    with pytest.raises(HfHubHTTPError):
        reader.cancel_job(job_id=job.id, namespace="practice")


def test_stopping_the_hub_ends_streams_and_jobs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    marker = f"marker{time.time_ns()}"
    hub = LocalHub(tmp_path).start()
    api = HfApi(endpoint=hub.url, token=hub.token("alice"))
    code = f"import time\nwhile True: print('on', flush=True); time.sleep(0.1)  # {marker}"
    job = api.run_job(image=PYTHON, command=["python", "-c", code], namespace="practice")
    url = f"{hub.url}/api/jobs/practice/{job.id}/logs"
    headers = auth_header(hub)
    with get_session().stream("GET", url, headers=headers) as stream:
        lines = stream.iter_lines()
        next(lines)
        begin = time.monotonic()
        assert hub.stop() == 0
        assert time.monotonic() - begin < 8
        assert list(lines)[-1] == ""
    assert not is_running(marker)
    assert "Traceback" not in capfd.readouterr().err


def test_rights_are_proven_without_starting_anything(hub: LocalHub) -> None:
    def status(path: str, token: str) -> int:
        url = f"{hub.url}/api/{path}"
        headers = {"Authorization": f"Bearer {token}"}
        return int(get_session().post(url, headers=headers).status_code)

    reader, writer, stranger = hub.read_token("alice"), hub.token("alice"), hub.token("bob")
    for path in ("jobs/practice", "inference-endpoints/practice"):
        assert status(f"{path}/auth-check/read", reader) == 200
        assert status(f"{path}/auth-check/write", reader) == 403
        assert status(f"{path}/auth-check/write", writer) == 200
        assert status(f"{path}/auth-check/read", stranger) in (401, 403)
    assert status("inference-endpoints/practice/auth-check/infer", reader) == 200
