"""Jobs: real processes, asked for and watched through the real client."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, JobInfo, Volume
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, JobNotFoundError
from huggingface_hub.utils import get_session

from bot.localhub.compute import processes
from bot.localhub.compute.processes import local_command
from bot.localhub.testing import LocalHub

PYTHON = "ghcr.io/astral-sh/uv:python3.12-bookworm"
Run = Callable[..., JobInfo]


@pytest.fixture
def run(alice: HfApi) -> Run:
    """Run Python code as a job of `practice`."""

    def run(code: str, **how: Any) -> JobInfo:
        command = ["uv", "run", "--with", "x", "python", "-c", code]
        return alice.run_job(image=PYTHON, command=command, namespace="practice", **how)

    return run


def finish(api: HfApi, job: JobInfo) -> JobInfo:
    done = api.wait_for_job(job_id=job.id, namespace="practice", timeout=30, poll_interval=0.05)
    assert isinstance(done, JobInfo)
    return done


def log(api: HfApi, job: JobInfo, **how: Any) -> list[str]:
    return list(api.fetch_job_logs(job_id=job.id, namespace="practice", **how))


def gone(marker: str, seconds: float = 8.0) -> bool:
    """Whether no process with this in its command line is left, or soon will be."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not running(marker):
            return True
        time.sleep(0.05)
    return False


def running(marker: str) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in entry.read_bytes() and int(entry.parent.name) != os.getpid():
                return True
        except OSError:
            continue
    return False


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        ("kakugo-recipe train", "kakugo-recipe train"),
        ("uv run kakugo-recipe --config x", "kakugo-recipe --config x"),
        ("uv run --with a --with=b -p 3.12 --no-project python -c 1", "python -c 1"),
        ("uv run --python 3.11 -- run.py --with x", "python run.py --with x"),
        ("uv run script.py a", "python script.py a"),
        ("uv pip install x", "uv pip install x"),
    ],
)
def test_uv_run_is_taken_off(given: str, runs: str) -> None:
    assert local_command(given.split()) == runs.split()


def test_stages_log_and_durations(alice: HfApi, run: Run) -> None:
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


def test_the_log_is_followed_while_it_grows(alice: HfApi, run: Run) -> None:
    job = run("import time\nfor n in range(3): print(n); time.sleep(0.5)")
    seen = []
    for line in alice.fetch_job_logs(job_id=job.id, namespace="practice", follow=True):
        stage = alice.inspect_job(job_id=job.id, namespace="practice").status.stage
        seen.append((line, stage))
    assert [line for line, _ in seen] == ["0", "1", "2"]
    assert seen[0][1] == "RUNNING"


def test_failure_has_an_exit_code(alice: HfApi, run: Run) -> None:
    done = finish(alice, run("raise SystemExit(7)"))
    assert done.status.stage == "ERROR"
    assert "exit code: 7" in str(done.status.message)
    missing = alice.run_job(image=PYTHON, command=["no-such-program"], namespace="practice")
    done = finish(alice, missing)
    assert done.status.stage == "ERROR"
    assert "no-such-program" in " ".join(log(alice, missing))


def test_attempts(alice: HfApi, run: Run) -> None:
    job = run("print('try'); raise SystemExit(1)", attempts=3)
    assert job.retry == 2
    assert finish(alice, job).status.stage == "ERROR"
    assert log(alice, job) == ["try"] * 3


def test_environment_is_clean_and_secrets_stay_secret(
    hub: LocalHub, alice: HfApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    job = run(code, env={"PLAIN": "1"}, secrets={"HF_TOKEN": "hf_very_secret"})
    inside = json.loads(log(alice, job, follow=True)[0])
    assert inside["HF_TOKEN"] == "hf_very_secret" and inside["PLAIN"] == "1"
    assert inside["HF_ENDPOINT"] == hub.url and inside["HF_HUB_DISABLE_XET"] == "1"
    assert inside["JOB_ID"] == job.id and inside["CPU_CORES"] == "2"
    assert inside["PATH"].split(":")[0] == str(Path(sys.executable).parent)
    assert inside["HOME"] != os.environ.get("HOME") and inside["HF_HOME"].startswith(inside["HOME"])
    assert not {"PYTEST_CURRENT_TEST", "USER", "PWD"} & set(inside)
    headers = {"Authorization": f"Bearer {hub.token('alice')}"}
    for path in ("/api/jobs/practice", f"/api/jobs/practice/{job.id}"):
        answer = get_session().get(hub.url + path, headers=headers).text
        assert "hf_very_secret" not in answer and "HF_TOKEN" in answer


@pytest.mark.filterwarnings("ignore:.*experimental:UserWarning")
def test_a_script_is_run_by_its_url(alice: HfApi, name: str, hub: LocalHub) -> None:
    alice.create_repo(name, private=True)
    script = b"import sys; print('ran with', sys.argv[1:])"
    alice.upload_file(path_or_fileobj=script, path_in_repo="run me.py", repo_id=name)
    url = f"{hub.url}/{name}/resolve/main/run%20me.py"
    how: dict[str, Any] = {"namespace": "practice", "script_args": ["--n", "1"]}
    job = alice.run_uv_job(url, secrets={"HF_TOKEN": hub.token("alice")}, **how)
    assert log(alice, job, follow=True) == ["ran with ['--n', '1']"]
    blind = alice.run_uv_job(url, **how)
    assert finish(alice, blind).status.stage == "ERROR"
    assert "cannot fetch" in log(alice, blind)[0]


def test_volumes_are_snapshots_of_repos(alice: HfApi, bob: HfApi, name: str, run: Run) -> None:
    alice.create_repo(name, repo_type="dataset", private=True)
    for path, content in (("a.txt", b"first"), ("in/b.bin", b"second\0")):
        alice.upload_file(
            path_or_fileobj=content, path_in_repo=path, repo_id=name, repo_type="dataset"
        )
    whole = Volume(type="dataset", source=name, mount_path="/data")
    inner = Volume(type="dataset", source=name, mount_path="/inner", path="in", revision="main")
    code = "import os, sys; print(open('/data/a.txt').read(), os.listdir(os.environ['IN']))"
    job = run(code, volumes=[whole, inner], env={"IN": "/inner"})
    assert job.volumes is not None and [each.source for each in job.volumes] == [name, name]
    assert job.volumes[0].mount_path == "/data" and job.volumes[0].read_only
    assert log(alice, job, follow=True) == ["first ['b.bin']"]
    with pytest.raises(HfHubHTTPError) as hidden:
        bob.run_job(image=PYTHON, command=["true"], volumes=[whole], namespace="bob")
    assert hidden.value.response.status_code == 404
    bucket = Volume(type="bucket", source="practice/b", mount_path="/b")
    with pytest.raises(HfHubHTTPError, match="no buckets") as missing:
        run("pass", volumes=[bucket])
    assert missing.value.response.status_code == 501


def test_timeout_ends_the_whole_tree(alice: HfApi, run: Run) -> None:
    marker = f"marker{time.time_ns()}"
    code = (
        "import subprocess, sys, time\n"
        f"child = 'import time; time.sleep(300)  # {marker}'\n"
        "subprocess.Popen([sys.executable, '-c', child], start_new_session=True)\n"
        "time.sleep(300)"
    )
    done = finish(alice, run(code, timeout=1))
    assert done.status.stage == "ERROR" and "timeout" in str(done.status.message)
    assert gone(marker)


def tree(marker: str, at_sigterm: str) -> str:
    """Code that leaves its process group through a child."""
    return (
        f"import signal, subprocess, sys, time\n{at_sigterm}\n"
        f"child = 'import time; time.sleep(300)  # {marker}'\n"
        "subprocess.Popen([sys.executable, '-c', child], start_new_session=True)\n"
        "print('ready', flush=True); time.sleep(300)"
    )


def test_cancel_leaves_a_job_time_to_end_and_then_nothing_of_it(alice: HfApi, run: Run) -> None:
    """As much as Kubernetes does: more than a Hub that ends itself, and what it says is kept."""
    marker = f"marker{time.time_ns()}"
    job = run(
        tree(
            marker,
            "def end(*_): time.sleep(3.5); print('x' * 200_000); print('ended'); sys.exit(1)\n"
            "signal.signal(signal.SIGTERM, end)",
        )
    )
    said = alice.fetch_job_logs(job_id=job.id, namespace="practice", follow=True)
    assert next(iter(said)) == "ready" and running(marker)
    alice.cancel_job(job_id=job.id, namespace="practice")
    assert finish(alice, job).status.stage == "CANCELED"
    assert log(alice, job, tail=1) == ["ended"]
    assert not running(marker)
    alice.cancel_job(job_id=job.id, namespace="practice")
    assert finish(alice, job).status.stage == "CANCELED"


def test_a_hub_that_ends_does_not_wait_for_a_stubborn_job(tmp_path: Path) -> None:
    marker = f"marker{time.time_ns()}"
    code = tree(marker, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")

    async def play() -> None:
        minded = await processes.start(
            [sys.executable, "-c", code], dict(os.environ), tmp_path / "work", tmp_path / "log"
        )
        while not running(marker):
            await asyncio.sleep(0.05)
        cancelled = asyncio.create_task(minded.stop_within(120))
        await asyncio.sleep(0.2)
        await asyncio.wait_for(minded.stop(), 20)
        await cancelled

    asyncio.run(play())
    assert not running(marker)


def test_list_by_stage_and_label_in_pages(alice: HfApi, run: Run) -> None:
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


def test_labels_and_rerun(alice: HfApi, run: Run) -> None:
    job = run("import os; print(os.environ['S'])", secrets={"S": "kept"}, labels={"a": "1"})
    changed = alice.update_job_labels(job_id=job.id, labels={"b": "2"}, namespace="practice")
    assert changed.labels == {"b": "2"}
    again = alice.rerun_job(job_id=job.id, namespace="practice")
    assert again.id != job.id and again.labels == {"b": "2"}
    assert log(alice, again, follow=True) == ["kept"]


def test_metrics(alice: HfApi, run: Run) -> None:
    job = run("import time; time.sleep(20)")
    sample = next(iter(alice.fetch_job_metrics(job_id=job.id, namespace="practice")))
    assert sample["memory_used_bytes"] > 1_000_000
    assert sample["memory_total_bytes"] > sample["memory_used_bytes"]
    alice.cancel_job(job_id=job.id, namespace="practice")


def test_output_flood_is_bounded(hub: LocalHub, alice: HfApi, run: Run) -> None:
    job = run("import sys\nfor _ in range(1200): sys.stdout.write('x' * 65535 + '\\n')")
    assert finish(alice, job).status.stage == "COMPLETED"
    size = (hub.data / "jobs" / job.id / "log.jsonl").stat().st_size
    assert 1_000_000 < size <= 33_600_000
    assert "limit" in log(alice, job, tail=1)[0]


def test_hardware_has_prices(alice: HfApi) -> None:
    by_name = {each.name: each for each in alice.list_jobs_hardware()}
    assert by_name["cpu-basic"].unit_cost_micro_usd == 167
    assert by_name["cpu-basic"].accelerator is None
    a10g = by_name["a10g-small"].accelerator
    assert a10g is not None and a10g.model == "A10G"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"flavor": "moon-base"}, "flavor"),
        ({"labels": {"name": "a.b"}}, "Label"),
        ({"command": []}, "command"),
        ({"env": {"A B": "1"}}, "variable"),
        ({"attempts": 0}, "attempts"),
    ],
)
def test_wrong_specs_are_refused(alice: HfApi, wrong: dict[str, Any], says: str) -> None:
    spec: dict[str, Any] = {"image": PYTHON, "command": ["true"], "namespace": "practice"}
    with pytest.raises(BadRequestError, match=re.escape(says)):
        alice.run_job(**{**spec, **wrong})


def test_strangers_and_readers_are_kept_out(hub: LocalHub, bob: HfApi, run: Run) -> None:
    job = run("pass")
    with pytest.raises(JobNotFoundError):
        bob.inspect_job(job_id=job.id, namespace="practice")
    with pytest.raises(HfHubHTTPError):
        bob.run_job(image=PYTHON, command=["true"], namespace="practice")
    reader = HfApi(endpoint=hub.url, token=hub.read_token("alice"))
    assert reader.inspect_job(job_id=job.id, namespace="practice").id == job.id
    with pytest.raises(HfHubHTTPError):
        reader.cancel_job(job_id=job.id, namespace="practice")


def test_a_killed_hub_leaves_no_orphans_and_says_so(tmp_path: Path) -> None:
    marker = f"marker{time.time_ns()}"
    with LocalHub(tmp_path) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        code = f"import time; print('up'); time.sleep(300)  # {marker}"
        job = api.run_job(image=PYTHON, command=["python", "-c", code], namespace="practice")
        next(iter(api.fetch_job_logs(job_id=job.id, namespace="practice", follow=True)))
        hub.kill()
        assert gone(marker)
        hub.start()
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        after = api.inspect_job(job_id=job.id, namespace="practice")
        assert after.status.stage == "ERROR"
        assert "Hub was stopped" in str(after.status.message)
        assert log(api, job) == ["up"]
        code = code.replace("300", "299")
        api.run_job(image=PYTHON, command=["python", "-c", code], namespace="practice")
    assert gone(marker, 1.0)


def test_stopping_the_hub_ends_open_streams_and_jobs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    marker = f"marker{time.time_ns()}"
    hub = LocalHub(tmp_path).start()
    api = HfApi(endpoint=hub.url, token=hub.token("alice"))
    code = f"import time\nwhile True: print('on', flush=True); time.sleep(0.1)  # {marker}"
    job = api.run_job(image=PYTHON, command=["python", "-c", code], namespace="practice")
    url = f"{hub.url}/api/jobs/practice/{job.id}/logs"
    headers = {"Authorization": f"Bearer {hub.token('alice')}"}
    with get_session().stream("GET", url, headers=headers) as stream:
        lines = stream.iter_lines()
        next(lines)
        begin = time.monotonic()
        assert hub.stop() == 0
        assert time.monotonic() - begin < 8
        assert list(lines)[-1] == ""
    assert not running(marker)
    assert "Traceback" not in capfd.readouterr().err
