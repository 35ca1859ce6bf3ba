"""Hub → Observation. One look at everything that the next decision needs; nothing is changed here.

The number of calls depends on what is going on, not on how many requests wait: discussions are
looked at when the listing shows that something was said (`talk.py`), manifests where a step is
under way or about to be, logs of jobs at work.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import takewhile

from huggingface_hub import JobInfo
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
)

from bot.domain import names, steps
from bot.domain.observation import (
    Job,
    JobStage,
    Manifest,
    Observation,
    Teacher,
)
from bot.domain.request import Request, Step
from bot.hub.client import Connection, Refused, TryLater, translated
from bot.hub.discussions import DiscussionReader
from bot.hub.manifests import parse_manifest
from bot.hub.profiles import Communities
from bot.parsing.redaction import last_lines

log = logging.getLogger(__name__)

_PER_HOUR = {"second": 3600.0, "minute": 60.0, "hour": 1.0}
_LAG = 300.0
_ALIVE = [JobStage.SCHEDULING.value, JobStage.RUNNING.value]
_LOG_LINES = 20
# Reading the log of a running job takes as long as the client waits for its next line: 5 seconds
# for a quiet one. More of them in a tick would make its decisions stale.
_RUNNING_LOGS = 2


def observe(
    hub: Connection,
    reader: DiscussionReader,
    active: Collection[Request],
    known: Collection[int],
    wanted: Iterable[tuple[Request, Step]],
    teacher: str,
    prices: Mapping[str, float],
    maintainers: frozenset[str],
    profiles: Communities,
) -> Observation:
    """Look at what the `active` requests need; `known` are the numbers of all discussions of ours.

    `wanted`: the manifests to look for. Raises TryLater and Refused.
    """
    now = hub.clock()
    discussions, gone = reader.read(hub, active, known, now)
    jobs = _jobs(hub, active)
    agrees = _may_agree(active, known, discussions.keys())
    manifests = {
        (request.id, step): found
        for request, step in wanted
        if (found := manifest(hub, request, step)) is not None
    }
    return Observation(
        now=now,
        discussions=discussions,
        deleted=gone,
        maintainers=maintainers,
        jobs=_with_details(hub, jobs, active, manifests),
        manifests=manifests,
        teacher=_teacher(hub, teacher),
        prices=prices,
        wheel_revision=_code(hub) if agrees else "",
        communities=profiles.read(hub) if agrees else {},
    )


def _may_agree(active: Collection[Request], known: Collection[int], seen: Collection[int]) -> bool:
    """Whether something may be agreed now (a wheel pinned, a community asked): something is new, or
    something may have been answered."""
    fresh = any(num not in known for num in seen)
    return fresh or any(request.may_pin_wheel for request in active if request.discussion in seen)


def prices(hub: Connection) -> dict[str, float]:
    """US dollars an hour of every job flavor that the Hub offers."""
    with translated("read the price list of the hardware"):
        return {
            str(hardware.name): hardware.unit_cost_usd * _PER_HOUR[str(hardware.unit_label)]
            for hardware in hub.api.list_jobs_hardware()
            if str(hardware.unit_label) in _PER_HOUR  # any text, by the API's document
        }


def members(hub: Connection) -> frozenset[str]:
    """Who belongs to the organisation; nobody where the namespace is a person's own."""
    with translated(f"list the members of {hub.org}"):
        try:
            listing = list(hub.api.list_organization_members(hub.org))
        except HfHubHTTPError as error:
            if error.response is not None and error.response.status_code in (403, 404):
                return frozenset()
            raise
    return frozenset(member.username for member in listing) - {hub.me}


def _jobs(hub: Connection, active: Collection[Request]) -> tuple[Job, ...]:
    """Our jobs that are not over, and all back to the oldest that a record waits for."""
    if not active:
        return ()
    key, value = names.JOB_LABEL
    with translated("list the jobs"):
        listing = hub.api.list_jobs(namespace=hub.org, labels={key: value}, status=_ALIVE)
        seen = {info.id: info for info in listing}
        oldest = _oldest_missing(active, seen.values())
        if oldest is not None:
            listing = hub.api.list_jobs(namespace=hub.org, labels={key: value})
            recent = takewhile(lambda info: _epoch(info.created_at) >= oldest - _LAG, listing)
            seen.update((info.id, info) for info in recent)
    return tuple(job for info in seen.values() if (job := _job(info)) is not None)


def _oldest_missing(active: Collection[Request], alive: Iterable[JobInfo]) -> float | None:
    """When the oldest job was ordered that should stand somewhere and does not run."""
    there = {(labels.get("request"), labels.get("step"), labels.get("attempt"))
             for info in alive if (labels := info.labels or {})}  # fmt: skip
    ordered = [
        record.ordered_at
        for request in active
        for step, record in request.steps.items()
        if record.is_active and (request.id, step.value, str(record.attempt)) not in there
    ]
    return min(ordered, default=None)


def _with_details(
    hub: Connection,
    jobs: tuple[Job, ...],
    active: Collection[Request],
    manifests: Mapping[tuple[str, Step], Manifest],
) -> tuple[Job, ...]:
    """Add what the listing lacks, for jobs that records wait for.

    The last lines of the logs of failed jobs and of some running ones, in turn, and why the Hub
    cancelled a job.
    """
    waiting = {
        (request.id, step, record.attempt)
        for request in active
        for step, record in request.steps.items()
        if record.is_active and (request.id, step) not in manifests
    }
    mine = [job for job in jobs if (job.request, job.step, job.attempt) in waiting]
    logs = logs_to_read(mine, hub.clock())
    cancelled = {job.id for job in mine if job.stage is JobStage.CANCELED}
    return tuple(
        replace(job, log_tail=_log(hub, job.id))
        if job.id in logs
        else replace(job, cancel_reason=cancel_reason(hub, job.id))
        if job.id in cancelled
        else job
        for job in jobs
    )


def logs_to_read(jobs: Collection[Job], now: float) -> frozenset[str]:
    """Return the ids of all failed jobs and, in turn, of a few running ones."""
    ids = {stage: sorted(job.id for job in jobs if job.stage is stage) for stage in JobStage}
    running = ids[JobStage.RUNNING]
    first = int(now / 60) * _RUNNING_LOGS
    turn = {running[(first + n) % len(running)] for n in range(min(_RUNNING_LOGS, len(running)))}
    return frozenset({*ids[JobStage.ERROR], *turn})


def cancel_reason(hub: Connection, job: str) -> str:
    """Return why the Hub cancelled a job by itself, empty if it did not or does not say.

    The client does not pass the reason on.
    """
    try:
        with translated(f"look at the cancelled job {job}"):
            response, _ = hub.get(f"jobs/{hub.org}/{job}")
    except (TryLater, Refused) as error:
        log.info("%s", error)
        return ""
    return str(response["status"].get("cancelReason") or "")


def _log(hub: Connection, job: str) -> tuple[str, ...]:
    """A log that cannot be read now is no reason not to go on."""
    try:
        with translated(f"read the log of job {job}"):
            lines = hub.api.fetch_job_logs(job_id=job, namespace=hub.org, tail=_LOG_LINES)
            return last_lines(lines, (hub.token, hub.job_token))
    except (TryLater, Refused) as error:
        log.info("%s", error)
        return ()


def _job(info: JobInfo) -> Job | None:
    labels = info.labels or {}
    try:
        return Job(
            id=info.id,
            url=info.url,
            request=labels["request"],
            step=Step(labels["step"]),
            attempt=int(labels["attempt"]),
            stage=JobStage(str(getattr(info.status.stage, "value", info.status.stage))),
            created_at=_epoch(info.created_at),
            started_at=_epoch(info.started_at),
            finished_at=_epoch(info.finished_at),
        )
    except (KeyError, ValueError) as error:
        log.warning("job %s carries our label but is not ours: %r", info.id, error)
        return None


def _epoch(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def manifest(hub: Connection, request: Request, step: Step) -> Manifest | None:
    """What a step has made so far; None when there is nothing, or nothing readable."""
    repo, repo_type, path = steps.output(hub.org, request, step)
    with translated(f"look for the manifest of {repo}"):
        try:
            text = hub.text(repo, repo_type, path)
        except (EntryNotFoundError, RepositoryNotFoundError):
            return None
    try:
        return parse_manifest(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("%s in %s is no manifest: %r", path, repo, error)
        return None


def _teacher(hub: Connection, name: str) -> Teacher:
    with translated("look at the teacher's endpoint"):
        try:
            endpoint = hub.api.get_inference_endpoint(name, namespace=hub.org)
        except HfHubHTTPError as error:
            if error.response is not None and error.response.status_code == 404:
                return Teacher()
            raise
    return Teacher(str(getattr(endpoint.status, "value", endpoint.status)), endpoint.url or "")


def _code(hub: Connection) -> str:
    with translated("find the wheel's commit"):
        return str(hub.api.repo_info(names.code(hub.org), repo_type="dataset").sha)
