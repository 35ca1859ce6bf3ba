"""Orders → Hub. Each looks first whether it is done already, so that repeating one is harmless."""

from __future__ import annotations

from typing import Any

from huggingface_hub.errors import HfHubHTTPError

from bot.domain import names
from bot.domain.actions import (
    Action,
    EnsureCancelled,
    EnsureClosed,
    EnsureEndpoint,
    EnsureJob,
    EnsureReply,
    Permit,
    labels,
)
from bot.domain.observation import JobStage
from bot.domain.recipe import EndpointSpec
from bot.hub.client import Connection, TryLater, translated
from bot.installation.state import Endpoint

ALIVE = (JobStage.SCHEDULING.value, JobStage.RUNNING.value)


def carry_out(
    hub: Connection, action: Action, permit: Permit, teacher: EndpointSpec, patience: float
) -> None:
    """Do one order under a permit that is younger than `patience` seconds.

    Raises TryLater (also when the permit went stale) and Refused.
    """
    _check(hub, action, permit, patience)
    match action:
        case EnsureJob():
            if not _stands(hub, action):
                _check(hub, action, permit, patience)  # the look may have taken long
                _launch(hub, action)
        case EnsureReply():
            if action.comment_id or not _said(hub, action):
                _check(hub, action, permit, patience)
                _reply(hub, action)
        case EnsureClosed(num):
            _closed(hub, num)
        case EnsureCancelled(job):
            with translated(f"cancel job {job}"):
                hub.api.cancel_job(job_id=job, namespace=hub.org)
        case EnsureEndpoint(name, running):
            _endpoint(hub, name, running, teacher)


def _check(hub: Connection, action: Action, permit: Permit, patience: float) -> None:
    age = hub.clock() - permit.observed_at
    if age > patience:
        raise TryLater(f"{type(action).__name__} is {age:.0f} s old: the next tick makes it again")


def _stands(hub: Connection, action: EnsureJob) -> bool:
    wanted = dict(labels(action))
    key, value = names.JOB_LABEL
    with translated(f"look for the job of {action.request} {action.step}"):
        alive = hub.api.list_jobs(namespace=hub.org, labels={key: value}, status=list(ALIVE))
        return any(wanted.items() <= (job.labels or {}).items() for job in alive)


def _launch(hub: Connection, action: EnsureJob) -> None:
    with translated(f"start the job of {action.request} {action.step}"):
        hub.api.run_job(
            image=action.image,
            command=list(action.command),
            secrets={"HF_TOKEN": hub.job_token},
            flavor=action.flavor,
            timeout=action.timeout_seconds,
            labels=dict(labels(action)),
            namespace=hub.org,
        )


def _said(hub: Connection, action: EnsureReply) -> bool:
    """Whether the bot has a comment of this kind there; the next tick sees if it is good."""
    there = own_markers(hub, action.discussion)
    return any(names.marker_kind(marker) == action.kind for marker in there)


def own_markers(hub: Connection, num: int) -> list[str]:
    """The markers of the bot's own comments in a discussion, empty for one that has none."""
    with translated(f"read discussion {num}"):
        details = hub.api.get_discussion_details(names.leaderboard(hub.org), num, repo_type="space")
    mine = [getattr(e, "content", None) or "" for e in details.events if e.author == hub.me]
    return [names.find_marker(text) for text in mine]


def _reply(hub: Connection, action: EnsureReply) -> None:
    repo, num = names.leaderboard(hub.org), action.discussion
    with translated(f"reply in discussion {num}"):
        if action.comment_id:
            hub.api.edit_discussion_comment(
                repo, num, action.comment_id, action.text, repo_type="space"
            )
        else:
            hub.api.comment_discussion(repo, num, action.text, repo_type="space")


def _closed(hub: Connection, num: int) -> None:
    repo = names.leaderboard(hub.org)
    with translated(f"close discussion {num}"):
        details = hub.api.get_discussion_details(repo, num, repo_type="space")
        if details.status == "open":
            hub.api.change_discussion_status(repo, num, "closed", repo_type="space")


def _endpoint(hub: Connection, name: str, running: bool, spec: EndpointSpec) -> None:
    with translated(f"have the endpoint {name} {'running' if running else 'paused'}"):
        try:
            endpoint = hub.api.get_inference_endpoint(name, namespace=hub.org)
        except HfHubHTTPError as error:
            if error.response is None or error.response.status_code != 404:
                raise
            if running:
                create_endpoint(hub, Endpoint(spec))
            return
        state = str(getattr(endpoint.status, "value", endpoint.status))
        if running and state in ("paused", "scaledToZero", "failed", "updateFailed"):
            hub.api.resume_inference_endpoint(name, namespace=hub.org)
        elif not running and state != "paused":
            hub.api.pause_inference_endpoint(name, namespace=hub.org)


def create_endpoint(hub: Connection, endpoint: Endpoint) -> None:
    """Create the teacher's endpoint and start it; raises the client's errors."""
    spec = endpoint.terms
    hub.api.create_inference_endpoint(
        spec.name,
        namespace=hub.org,
        framework="custom",
        region=spec.region,
        vendor=spec.vendor,
        type=endpoint.access,
        **endpoint_options(endpoint),
    )


def endpoint_options(endpoint: Endpoint) -> dict[str, Any]:
    """Return what may be changed of an endpoint later, as arguments of the client's methods."""
    spec = endpoint.terms
    return {
        "repository": spec.model,
        "accelerator": spec.accelerator,
        "instance_size": spec.instance_size,
        "instance_type": spec.instance_type,
        "custom_image": {
            "url": spec.image,
            "healthRoute": endpoint.health_route,
            "port": endpoint.port,
        },
        "container_command": list(spec.command),
        "min_replica": 0,
        "max_replica": 1,
        "scale_to_zero_timeout": endpoint.idle_minutes,
    }
