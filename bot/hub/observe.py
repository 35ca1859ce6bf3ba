"""Hub → World. One look at everything that the next decision needs; nothing is changed here."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from huggingface_hub import DiscussionComment, DiscussionWithDetails, JobInfo
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
)

from bot import names, steps
from bot.hub.connect import Connection, translated
from bot.request import Request, State, Step
from bot.world import Comment, Discussion, Job, Manifest, Score, Stage, Teacher, World

log = logging.getLogger(__name__)

_PER_HOUR = {"second": 3600.0, "minute": 60.0, "hour": 1.0}
_LAG = 300.0


def observe(
    hub: Connection, requests: Collection[Request], teacher: str, prices: Mapping[str, float]
) -> World:
    """Look at the jobs, the open discussions, the active requests' manifests and the teacher.

    Raises TryLater and Refused.
    """
    now = hub.clock()
    active = [request for request in requests if not request.told]
    known = {request.discussion for request in requests}
    with translated("look at the discussions"):
        fresh = [num for num in _open_discussions(hub) if num not in known]
        discussions = _discussions(hub, [*fresh, *(r.discussion for r in active)])
    return World(
        now=now,
        discussions=discussions,
        jobs=_jobs(hub, active),
        manifests={
            (request.id, step): found
            for request in active
            for step in _looked_for(request)
            if (found := manifest(hub, request, step)) is not None
        },
        teacher=_teacher(hub, teacher),
        prices=prices,
        code=_code(hub) if fresh else "",
    )


def prices(hub: Connection) -> dict[str, float]:
    """US dollars an hour of every job flavor that the Hub offers."""
    with translated("read the price list of the hardware"):
        return {
            str(hardware.name): hardware.unit_cost_usd * _PER_HOUR[str(hardware.unit_label)]
            for hardware in hub.api.list_jobs_hardware()
        }


def _open_discussions(hub: Connection) -> list[int]:
    listing = hub.api.get_repo_discussions(
        names.leaderboard(hub.org),
        repo_type="space",
        discussion_type="discussion",
        discussion_status="open",
    )
    return [summary.num for summary in listing if summary.author != hub.me]


def _discussions(hub: Connection, nums: Iterable[int]) -> dict[int, Discussion]:
    found: dict[int, Discussion] = {}
    for num in nums:
        try:
            details = hub.api.get_discussion_details(
                names.leaderboard(hub.org), num, repo_type="space"
            )
        except HfHubHTTPError as error:
            if error.response is None or error.response.status_code != 404:
                raise
            continue  # deleted: there is no place left to say anything
        found[num] = _discussion(details, hub.me)
    return found


def _discussion(details: DiscussionWithDetails, me: str) -> Discussion:
    comments = [event for event in details.events if isinstance(event, DiscussionComment)]
    return Discussion(
        num=details.num,
        title=details.title,
        body=comments[0].content if comments else "",
        author=details.author,
        open=details.status == "open",
        created=details.created_at.timestamp(),
        said=tuple(
            Comment(comment.id, marker)
            for comment in comments
            if comment.author == me and (marker := names.find_marker(comment.content or ""))
        ),
    )


def _jobs(hub: Connection, active: Collection[Request]) -> tuple[Job, ...]:
    """Our jobs, newest first, back to the oldest request that still waits for one."""
    if not active:
        return ()
    oldest = min(request.opened for request in active) - _LAG
    key, value = names.JOB_LABEL
    with translated("list the jobs"):
        listing = hub.api.list_jobs(namespace=hub.org, labels={key: value})
        recent = takewhile(lambda info: _epoch(info.created_at) >= oldest, listing)
        jobs = [_job(info) for info in recent]
    return tuple(job for job in jobs if job is not None)


def _job(info: JobInfo) -> Job | None:
    labels = info.labels or {}
    try:
        return Job(
            id=info.id,
            url=info.url,
            request=labels["request"],
            step=Step(labels["step"]),
            attempt=int(labels["attempt"]),
            stage=Stage(str(getattr(info.status.stage, "value", info.status.stage))),
            created=_epoch(info.created_at),
            finished=_epoch(info.finished_at),
        )
    except (KeyError, ValueError) as error:
        log.warning("job %s carries our label but is not ours: %r", info.id, error)
        return None


def _epoch(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def _looked_for(request: Request) -> list[Step]:
    """Steps whose manifest matters now: those not made, and the scores until they are told."""
    if request.spec is None:
        return []
    unmade = [step for step in Step if request.step(step).state is not State.MADE]
    return unmade or [Step.EVALUATE]


def manifest(hub: Connection, request: Request, step: Step) -> Manifest | None:
    """What a step has made so far; None when there is nothing, or nothing readable."""
    repo, repo_type, path = steps.output(hub.org, request, step)
    with translated(f"look for the manifest of {repo}"):
        try:
            local = hub.api.hf_hub_download(repo, path, repo_type=repo_type)
        except (EntryNotFoundError, RepositoryNotFoundError):
            return None
    try:
        return read_manifest(json.loads(Path(local).read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        log.warning("%s in %s is no manifest: %r", path, repo, error)
        return None


def read_manifest(wire: Any) -> Manifest:
    """Parse `run.json`; raises ValueError, KeyError or TypeError for anything else."""
    metrics = wire.get("metrics", {})
    return Manifest(
        digest=str(wire["digest"]),
        attempt=int(wire["attempt"]),
        kept=int(wire["counts"]["kept"]),
        dropped=sum(map(int, wire["counts"]["dropped"].values())),
        seconds=float(wire["seconds"]),
        cost_usd=float(wire["cost_usd"]),
        scores=tuple(_score(line) for line in metrics.get("results", ())),
        not_covered=tuple(map(str, metrics.get("not_covered", ()))),
    )


def _score(line: Mapping[str, Any]) -> Score:
    low, high = line["difference_ci"]
    return Score(
        benchmark=str(line["benchmark"]),
        direction=str(line.get("direction") or ""),
        metric=str(line["metric"]),
        base=float(line["base"]),
        adapter=float(line["adapter"]),
        low=float(low),
        high=float(high),
        significant=bool(line["significant"]),
    )


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
