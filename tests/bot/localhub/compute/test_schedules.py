"""Scheduled jobs: when they are due, and that they run then, through the real client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub._jobs_api import ScheduledJobInfo
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, JobNotFoundError
from huggingface_hub.utils import get_session  # type: ignore[attr-defined]
from hypothesis import given
from hypothesis import strategies as st

from bot.localhub.compute import cron
from bot.localhub.testing import LocalHub

PYTHON = "python:3.12"


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("@hourly", "2026-01-31 23:15", "2026-02-01 00:00"),
        ("@daily", "2026-01-31 00:00", "2026-02-01 00:00"),
        ("@weekly", "2026-01-31 00:00", "2026-02-01 00:00"),
        ("@monthly", "2026-01-31 00:00", "2026-02-01 00:00"),
        ("@yearly", "2026-01-31 00:00", "2027-01-01 00:00"),
        ("0 9 * * 1", "2026-01-31 00:00", "2026-02-02 09:00"),
        ("0 9 * * mon-fri", "2026-01-30 09:00", "2026-02-02 09:00"),
        ("*/20 * * * *", "2026-01-31 10:41", "2026-01-31 11:00"),
        ("5-10/5,30 0 * * *", "2026-01-31 00:05", "2026-01-31 00:10"),
        ("0 0 29 feb *", "2026-01-31 00:00", "2028-02-29 00:00"),
        ("0 0 13 * 5", "2026-01-31 00:00", "2026-02-06 00:00"),
        ("0 0 * * 7", "2026-01-31 00:00", "2026-02-01 00:00"),
    ],
)
def test_due_times(schedule: str, after: str, due: str) -> None:
    then = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert cron.parse(schedule).after(then) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "nonsense",
    ["", "@never", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "a * * * *"],
)
def test_nonsense_is_no_schedule(nonsense: str) -> None:
    with pytest.raises(ValueError):
        cron.parse(nonsense)


def test_a_day_that_never_comes_is_refused() -> None:
    with pytest.raises(ValueError, match="calendar"):
        cron.parse("0 0 30 feb *").after(datetime(2026, 1, 1, tzinfo=UTC))


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),
    st.integers(0, 59), st.integers(0, 23), st.integers(1, 28), st.integers(1, 12),
)  # fmt: skip
def test_due_is_later_and_fits(
    after: datetime, minute: int, hour: int, day: int, month: int
) -> None:
    then = after.replace(tzinfo=UTC)
    due = cron.parse(f"{minute} {hour} {day} {month} *").after(then)
    assert due > then
    assert (due.minute, due.hour, due.day, due.month) == (minute, hour, day, month)


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A Hub whose clock may be moved."""
    with LocalHub(tmp_path_factory.mktemp("clocked")) as hub:
        yield hub


@pytest.fixture
def api(clocked: LocalHub) -> HfApi:
    return HfApi(endpoint=clocked.url, token=clocked.token("alice"))


def advance(hub: LocalHub, seconds: float) -> None:
    headers = {"Authorization": f"Bearer {hub.token('alice')}"}
    get_session().post(
        f"{hub.url}/control/clock", json={"advance": seconds}, headers=headers
    ).raise_for_status()


def schedule(api: HfApi, code: str = "print('ran')", **how: Any) -> ScheduledJobInfo:
    return api.create_scheduled_job(
        image=PYTHON, command=["python", "-c", code], namespace="practice",
        **{"schedule": "@hourly", **how},
    )  # fmt: skip


def wait_for(true: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def test_it_runs_when_it_is_due(clocked: LocalHub, api: HfApi) -> None:
    made = schedule(api, secrets={"S": "hush"}, labels={"kind": "nightly"})
    assert made.schedule == "@hourly" and not made.suspend and not made.concurrency
    assert made.status.last_job is None and made.status.next_job_run_at is not None
    assert "hush" not in repr(made) and made.owner.name == "practice"

    def now() -> ScheduledJobInfo:
        return api.inspect_scheduled_job(scheduled_job_id=made.id, namespace="practice")

    advance(clocked, 3600)
    wait_for(lambda: now().status.last_job is not None)
    last = now().status.last_job
    assert last is not None
    job = api.wait_for_job(job_id=last.id, namespace="practice", timeout=30, poll_interval=0.05)
    assert job.status.stage == "COMPLETED" and job.labels and job.labels["kind"] == "nightly"
    assert job.initiator.type == "scheduled-job"
    following = now().status.next_job_run_at
    assert following is not None and following > made.status.next_job_run_at
    api.delete_scheduled_job(scheduled_job_id=made.id, namespace="practice")
    with pytest.raises(JobNotFoundError):
        now()


def test_suspended_ones_rest_and_each_runs_alone(clocked: LocalHub, api: HfApi) -> None:
    rests = schedule(api, suspend=True)
    slow = schedule(api, "import time; time.sleep(60)")
    first = api.trigger_scheduled_job(scheduled_job_id=slow.id, namespace="practice")
    with pytest.raises(HfHubHTTPError) as twice:
        api.trigger_scheduled_job(scheduled_job_id=slow.id, namespace="practice")
    assert twice.value.response.status_code == 409
    advance(clocked, 3600)

    def told(which: ScheduledJobInfo) -> ScheduledJobInfo:
        return api.inspect_scheduled_job(scheduled_job_id=which.id, namespace="practice")

    due = slow.status.next_job_run_at
    assert due is not None
    wait_for(lambda: (told(slow).status.next_job_run_at or due) > due)
    last = told(slow).status.last_job
    assert last is not None and last.id == first.id, "a second one started beside it"
    assert told(rests).status.last_job is None and told(rests).status.next_job_run_at is None
    api.resume_scheduled_job(scheduled_job_id=rests.id, namespace="practice")
    assert told(rests).status.next_job_run_at is not None
    api.suspend_scheduled_job(scheduled_job_id=slow.id, namespace="practice")
    assert told(slow).suspend
    api.cancel_job(job_id=first.id, namespace="practice")
    for each in (rests, slow):
        api.delete_scheduled_job(scheduled_job_id=each.id, namespace="practice")


def test_list_labels_and_another_schedule(clocked: LocalHub, api: HfApi) -> None:
    one = schedule(api, labels={"of": "one"}, suspend=True)
    other = schedule(api, labels={"of": "other"}, suspend=True)

    def ids(**which: Any) -> list[str]:
        return [each.id for each in api.list_scheduled_jobs(namespace="practice", **which)]

    assert ids()[:2] == [other.id, one.id] and ids(labels={"of": "one"}) == [one.id]
    how: dict[str, Any] = {"scheduled_job_id": one.id, "namespace": "practice"}
    assert api.update_scheduled_job_labels(labels={"of": "two"}, **how).job_spec.labels == {
        "of": "two"
    }
    assert api.update_scheduled_job_schedule(schedule="0 9 * * 1", **how).schedule == "0 9 * * 1"
    with pytest.raises(BadRequestError, match="five fields"):
        api.update_scheduled_job_schedule(schedule="sometimes", **how)
    with pytest.raises(BadRequestError, match="calendar"):
        schedule(api, schedule="0 0 31 2 *")
    bob = HfApi(endpoint=clocked.url, token=clocked.token("bob"))
    with pytest.raises(JobNotFoundError):
        bob.inspect_scheduled_job(**how)
    reader = HfApi(endpoint=clocked.url, token=clocked.read_token("alice"))
    assert reader.inspect_scheduled_job(**how).id == one.id
    with pytest.raises(HfHubHTTPError):
        reader.delete_scheduled_job(**how)


def test_what_fell_due_while_the_hub_was_down_runs_once(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        made = schedule(api, schedule="@yearly")
        due = made.status.next_job_run_at
        assert due is not None
        hub.kill()
        hub.start()
        advance(hub, 3 * 366 * 24 * 3600)
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        wait_for(lambda: len(list(api.list_jobs(namespace="practice"))) > 0)
        time.sleep(1.2)
        assert len(list(api.list_jobs(namespace="practice"))) == 1
