"""What the bot reads of jobs beyond their listing: cancel reasons and logs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from bot.domain.observation import Job, JobStage
from bot.domain.request import Step, StepRecord, StepState
from bot.hub.client import Connection
from bot.hub.jobs import _oldest_missing, cancel_reason, logs_to_read
from bot.localhub.testing import LocalHub
from tests.bot import examples
from tests.bot.hub.calls import ORG
from tests.bot.localhub.helpers import control


def test_the_reason_of_a_cancelled_job_is_read(hub: LocalHub, connection: Connection) -> None:
    control(hub, "account", name=ORG, spendLimitReached=True)
    try:
        job = connection.api.run_job(image="x", command=["true"], namespace=ORG)
    finally:
        control(hub, "account", name=ORG, spendLimitReached=False)
    assert job.status.stage == "CANCELED"
    assert cancel_reason(connection, job.id) == "SPEND_LIMIT"
    assert cancel_reason(connection, "0" * 24) == "", "a missing job does not stop the tick"


def test_a_tick_reads_few_logs_of_running_jobs_and_all_of_failed_jobs() -> None:
    def job(number: int, stage: JobStage) -> Job:
        return Job(f"j{number}", "", "r1", Step.TRAIN, number, stage, 0.0)

    jobs = [job(n, JobStage.RUNNING) for n in range(5)] + [job(9, JobStage.ERROR)]
    ticks = [logs_to_read(jobs, 60.0 * minute) for minute in range(5)]
    assert all(len(read) == 3 and "j9" in read for read in ticks)
    assert frozenset().union(*ticks) == {job.id for job in jobs}
    assert logs_to_read([], 0.0) == frozenset()


def test_a_job_is_looked_for_while_its_cost_or_its_manifest_is_missing() -> None:
    record = StepRecord(StepState.RUNNING, 1, 1, examples.NOW - 300, "j1")
    running = examples.request(steps={Step.GENERATE: record})
    settled = replace(running, unsettled=())
    alive: Any = SimpleNamespace(labels={"request": "r1", "step": "generate", "attempt": "1"})
    for request in (running, settled):
        assert _oldest_missing([request], []) == examples.NOW - 300
        assert _oldest_missing([request], [alive]) is None
    made = settled.with_step(Step.GENERATE, replace(record, state=StepState.MADE))
    assert _oldest_missing([made], []) is None
