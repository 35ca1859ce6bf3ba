"""Scheduled jobs through the real client: they are launched when they are due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub._jobs_api import ScheduledJobInfo
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, JobNotFoundError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import wait_until

PYTHON = "python:3.12"


def schedule(api: HfApi, code: str = "print('ran')", **options: Any) -> ScheduledJobInfo:
    return api.create_scheduled_job(
        image=PYTHON, command=["python", "-c", code], namespace="practice",
        **{"schedule": "@hourly", **options},
    )  # fmt: skip


def inspect(api: HfApi, scheduled: ScheduledJobInfo) -> ScheduledJobInfo:
    return api.inspect_scheduled_job(scheduled_job_id=scheduled.id, namespace="practice")


def delete(api: HfApi, scheduled: ScheduledJobInfo) -> None:
    api.delete_scheduled_job(scheduled_job_id=scheduled.id, namespace="practice")


def test_job_is_launched_when_it_is_due(alice: HfApi, advance: Callable[[float], None]) -> None:
    scheduled = schedule(alice, secrets={"S": "secret value"}, labels={"kind": "nightly"})
    assert scheduled.schedule == "@hourly" and not scheduled.suspend and not scheduled.concurrency
    assert scheduled.status.last_job is None and scheduled.status.next_job_run_at is not None
    assert "secret value" not in repr(scheduled) and scheduled.owner.name == "practice"
    advance(3600)
    wait_until(lambda: inspect(alice, scheduled).status.last_job)
    last = inspect(alice, scheduled).status.last_job
    assert last is not None
    job = alice.wait_for_job(job_id=last.id, namespace="practice", timeout=30, poll_interval=0.05)
    assert job.status.stage == "COMPLETED" and job.labels and job.labels["kind"] == "nightly"
    assert job.initiator and job.initiator.type == "scheduled-job"
    following = inspect(alice, scheduled).status.next_job_run_at
    assert following is not None and following > scheduled.status.next_job_run_at
    delete(alice, scheduled)
    with pytest.raises(JobNotFoundError):
        inspect(alice, scheduled)


def test_suspended_job_waits_and_no_job_runs_twice_at_once(
    alice: HfApi, advance: Callable[[float], None]
) -> None:
    suspended = schedule(alice, suspend=True)
    slow = schedule(alice, "import time; time.sleep(60)")
    advance(3600)
    wait_until(lambda: inspect(alice, slow).status.last_job)
    first = inspect(alice, slow)
    assert first.status.last_job is not None and first.status.next_job_run_at is not None
    advance(3600)
    wait_until(lambda: inspect(alice, slow).status.next_job_run_at != first.status.next_job_run_at)
    last = inspect(alice, slow).status.last_job
    assert last is not None and last.id == first.status.last_job.id, "a second job was started"
    status = inspect(alice, suspended).status
    assert status.last_job is None and status.next_job_run_at is not None
    alice.cancel_job(job_id=last.id, namespace="practice")
    delete(alice, suspended)
    delete(alice, slow)


def test_listing_by_labels_and_permissions(hub: LocalHub, alice: HfApi, bob: HfApi) -> None:
    one = schedule(alice, labels={"of": "one"}, suspend=True)
    other = schedule(alice, labels={"of": "other"}, suspend=True)

    def ids(**which: Any) -> list[str]:
        listed = alice.list_scheduled_jobs(namespace="practice", **which)
        return [scheduled.id for scheduled in listed]

    assert ids()[:2] == [other.id, one.id] and ids(labels={"of": "one"}) == [one.id]
    with pytest.raises(BadRequestError, match="schedule"):
        schedule(alice, schedule="sometimes")
    with pytest.raises(BadRequestError, match="day-of-month"):
        schedule(alice, schedule="0 0 31 2 *")
    with pytest.raises(JobNotFoundError):
        inspect(bob, one)
    reader = HfApi(endpoint=hub.url, token=hub.read_token("alice"))
    assert inspect(reader, one).id == one.id
    with pytest.raises(HfHubHTTPError):
        delete(reader, one)
    delete(alice, one)
    delete(alice, other)
