"""Read the jobs of requests, and the logs of those that a record waits for."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import takewhile

from huggingface_hub import JobInfo

from bot.domain import names
from bot.domain.observation import Job, JobStage
from bot.domain.request import Request, Step
from bot.hub.client import (
    MALFORMED,
    Connection,
    Refused,
    TryLater,
    translate_errors,
    value_of,
)
from bot.parsing.redaction import last_lines

log = logging.getLogger(__name__)

ALIVE = [JobStage.SCHEDULING.value, JobStage.RUNNING.value]
CLOCK_DIFFERENCE_SECONDS = 300.0
LOG_LINES = 20
# Reading the log of a running job takes until its next line, or 5 seconds. More of them in a tick
# would make its decisions outdated.
MAX_RUNNING_LOGS = 2


def alive_jobs(hub: Connection, label: tuple[str, str]) -> Iterable[JobInfo]:
    """List the jobs with this label that wait or run. Raises the client's errors."""
    return hub.api.list_jobs(namespace=hub.org, labels=dict([label]), status=ALIVE)


def observe_jobs(
    hub: Connection, active: Collection[Request], left_alone: Collection[Request]
) -> tuple[tuple[Job, ...], frozenset[int]]:
    """Return the jobs that are alive, and all others since the oldest that a record waits for.

    Also return the discussions of requests with a job that cannot be parsed: it must not look as if
    they had none. For requests that are `left_alone`, only jobs that are alive matter. Raises
    TryLater and Refused.
    """
    if not active and not left_alone:
        return (), frozenset()
    with translate_errors("list the jobs"):
        jobs = {info.id: info for info in alive_jobs(hub, names.JOB_LABEL)}
        oldest_at = _oldest_missing(active, jobs.values())
        if oldest_at is not None:
            newest_first = hub.api.list_jobs(namespace=hub.org, labels=dict([names.JOB_LABEL]))
            since = oldest_at - CLOCK_DIFFERENCE_SECONDS
            recent = takewhile(lambda info: _epoch(info.created_at) >= since, newest_first)
            jobs.update((info.id, info) for info in recent)
    parsed = {info.id: _parse(info) for info in jobs.values()}
    unparseable = (jobs[id_].labels for id_, job in parsed.items() if job is None)
    discussions = {
        names.discussion_of(str((labels or {}).get("request"))) for labels in unparseable
    }
    return tuple(filter(None, parsed.values())), frozenset(discussions - {0})


def with_details(
    hub: Connection,
    jobs: Collection[Job],
    active: Collection[Request],
    finished: Collection[tuple[str, Step]],
) -> tuple[Job, ...]:
    """Add what the listing lacks, for jobs that a record waits for.

    That is the end of the log of each failed job and of some running ones in turn, and why the Hub
    cancelled a job. `finished` are requests' ids and steps whose manifest exists.
    """
    awaited = {
        (request.id, step, record.attempt)
        for request in active
        for step, record in request.steps.items()
        if record.is_active and (request.id, step) not in finished
    }
    relevant = [job for job in jobs if (job.request, job.step, job.attempt) in awaited]
    logs = logs_to_read(relevant, hub.clock())
    detailed = {job.id: _with_details(hub, job, job.id in logs) for job in relevant}
    return tuple(detailed.get(job.id, job) for job in jobs)


def logs_to_read(jobs: Collection[Job], now: float) -> frozenset[str]:
    """Return the ids of all failed jobs and, in turn, of a few running ones."""
    failed = {job.id for job in jobs if job.stage is JobStage.ERROR}
    running = sorted(job.id for job in jobs if job.stage is JobStage.RUNNING)
    first = int(now / 60) * MAX_RUNNING_LOGS
    count = min(MAX_RUNNING_LOGS, len(running))
    return frozenset(failed | {running[(first + n) % len(running)] for n in range(count)})


def _with_details(hub: Connection, job: Job, has_log: bool) -> Job:
    if has_log:
        return replace(job, log_tail=log_tail(hub, job.id))
    if job.stage is JobStage.CANCELED:
        return replace(job, cancel_reason=cancel_reason(hub, job.id))
    return job


def cancel_job(hub: Connection, job: str) -> None:
    """Cancel a job; one that has ended stays as it is. Raises TryLater and Refused."""
    with translate_errors(f"cancel job {job}"):
        hub.api.cancel_job(job_id=job, namespace=hub.org)


def stop_jobs(hub: Connection, requests: Collection[str]) -> Iterator[str]:
    """Cancel all jobs of these requests and yield the id of each. Raises TryLater and Refused."""
    with translate_errors("list the jobs"):
        jobs = list(alive_jobs(hub, names.JOB_LABEL))
    for job in (info.id for info in jobs if (info.labels or {}).get("request") in requests):
        cancel_job(hub, job)
        yield job


def cancel_reason(hub: Connection, job: str) -> str:
    """Return why the Hub cancelled a job by itself; empty if it did not, or if that is unknown.

    The client does not expose the reason.
    """
    try:
        with translate_errors(f"read the cancelled job {job}"):
            info, _ = hub.get(f"jobs/{hub.org}/{job}")
    except (TryLater, Refused) as error:
        log.info("%s", error)
        return ""
    return str(info["status"].get("cancelReason") or "")


def _oldest_missing(active: Collection[Request], alive: Iterable[JobInfo]) -> float | None:
    """Return when the oldest of the jobs that are not alive but still awaited was ordered.

    A job whose cost is settled is awaited until its manifest has been read.
    """
    labels = [info.labels or {} for info in alive]
    present = {(each.get("request"), each.get("step"), each.get("attempt")) for each in labels}
    waited_for = [
        *((each.id, held.step, held.attempt, held.ordered_at)
          for each in active for held in each.unsettled),
        *((each.id, step, record.attempt, record.ordered_at)
          for each in active for step, record in each.steps.items() if record.is_active),
    ]  # fmt: skip
    missing = (
        ordered_at
        for request, step, attempt, ordered_at in waited_for
        if (request, step.value, str(attempt)) not in present
    )
    return min(missing, default=None)


def log_tail(hub: Connection, job: str) -> tuple[str, ...]:
    """Return the redacted end of a log; empty if it cannot be read, which stops nothing."""
    try:
        with translate_errors(f"read the log of job {job}"):
            lines = hub.api.fetch_job_logs(job_id=job, namespace=hub.org, tail=LOG_LINES)
            return last_lines(lines, hub.secrets)
    except (TryLater, Refused) as error:
        log.info("%s", error)
        return ()


def _parse(info: JobInfo) -> Job | None:
    labels = info.labels or {}
    try:
        return Job(
            id=info.id,
            url=info.url,
            request=labels["request"],
            step=Step(labels["step"]),
            attempt=int(labels["attempt"]),
            stage=JobStage(value_of(info.status.stage)),
            created_at=_epoch(info.created_at),
            started_at=_epoch(info.started_at),
            finished_at=_epoch(info.finished_at),
        )
    except MALFORMED as error:
        log.warning("job %s has the bot's label but cannot be parsed: %r", info.id, error)
        return None


def _epoch(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
