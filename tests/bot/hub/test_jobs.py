"""What the listing of jobs lacks."""

from __future__ import annotations

from bot.domain.observation import Job, JobStage
from bot.domain.request import Step
from bot.hub.client import Connection
from bot.hub.jobs import cancel_reason, logs_to_read
from bot.localhub.testing import LocalHub
from tests.bot.hub.calls import ORG
from tests.bot.localhub.helpers import control


def test_why_the_hub_cancelled_a_job_is_read(hub: LocalHub, connection: Connection) -> None:
    control(hub, "account", name=ORG, spendLimitReached=True)
    try:
        job = connection.api.run_job(image="x", command=["true"], namespace=ORG)
    finally:
        control(hub, "account", name=ORG, spendLimitReached=False)
    assert job.status.stage == "CANCELED"
    assert cancel_reason(connection, job.id) == "SPEND_LIMIT"
    assert cancel_reason(connection, "0" * 24) == "", "a job that is gone stops no tick"


def test_a_tick_reads_few_logs_of_running_jobs_and_all_of_failed_ones() -> None:
    def job(number: int, stage: JobStage) -> Job:
        return Job(f"j{number}", "", "r1", Step.TRAIN, number, stage, 0.0)

    jobs = [job(n, JobStage.RUNNING) for n in range(5)] + [job(9, JobStage.ERROR)]
    turns = [logs_to_read(jobs, 60.0 * minute) for minute in range(5)]
    assert all(len(turn) == 3 and "j9" in turn for turn in turns)
    assert frozenset().union(*turns) == {job.id for job in jobs}
    assert logs_to_read([], 0.0) == frozenset()
