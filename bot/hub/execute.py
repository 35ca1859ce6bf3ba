"""Orders → Hub. Each looks first whether it is done already, so that repeating one is harmless."""

from __future__ import annotations

from huggingface_hub.errors import HfHubHTTPError

from bot.domain import names
from bot.domain.actions import (
    EnsureCancelled,
    EnsureClosed,
    EnsureEndpoint,
    EnsureJob,
    EnsureReply,
    Order,
    Permit,
    labels,
)
from bot.domain.observation import Stage
from bot.domain.recipe import TeacherTerms
from bot.hub.client import Connection, TryLater, translated

ALIVE = (Stage.SCHEDULING.value, Stage.RUNNING.value)


def carry_out(
    hub: Connection, order: Order, permit: Permit, teacher: TeacherTerms, patience: float
) -> None:
    """Do one order under a permit that is younger than `patience` seconds.

    Raises TryLater (also when the permit went stale) and Refused.
    """
    _check(hub, order, permit, patience)
    match order:
        case EnsureJob():
            if not _stands(hub, order):
                _check(hub, order, permit, patience)  # the look may have taken long
                _launch(hub, order)
        case EnsureReply():
            if order.comment or not _said(hub, order):
                _check(hub, order, permit, patience)
                _reply(hub, order)
        case EnsureClosed(num):
            _closed(hub, num)
        case EnsureCancelled(job):
            with translated(f"cancel job {job}"):
                hub.api.cancel_job(job_id=job, namespace=hub.org)
        case EnsureEndpoint(name, running):
            _endpoint(hub, name, running, teacher)


def _check(hub: Connection, order: Order, permit: Permit, patience: float) -> None:
    age = hub.clock() - permit.seen
    if age > patience:
        raise TryLater(f"{type(order).__name__} is {age:.0f} s old: the next tick makes it again")


def _stands(hub: Connection, order: EnsureJob) -> bool:
    wanted = dict(labels(order))
    key, value = names.JOB_LABEL
    with translated(f"look for the job of {order.request} {order.step}"):
        alive = hub.api.list_jobs(namespace=hub.org, labels={key: value}, status=list(ALIVE))
        return any(wanted.items() <= (job.labels or {}).items() for job in alive)


def _launch(hub: Connection, order: EnsureJob) -> None:
    with translated(f"start the job of {order.request} {order.step}"):
        hub.api.run_job(
            image=order.image,
            command=list(order.command),
            secrets={"HF_TOKEN": hub.job_token},
            flavor=order.flavor,
            timeout=order.timeout_seconds,
            labels=dict(labels(order)),
            namespace=hub.org,
        )


def _said(hub: Connection, order: EnsureReply) -> bool:
    """Whether the bot has a comment of this kind there; the next tick sees if it is good."""
    there = own_markers(hub, order.discussion)
    return any(names.marker_kind(marker) == order.kind for marker in there)


def own_markers(hub: Connection, num: int) -> list[str]:
    """The markers of the bot's own comments in a discussion, empty for one that has none."""
    with translated(f"read discussion {num}"):
        details = hub.api.get_discussion_details(names.leaderboard(hub.org), num, repo_type="space")
    mine = [getattr(e, "content", None) or "" for e in details.events if e.author == hub.me]
    return [names.find_marker(text) for text in mine]


def _reply(hub: Connection, order: EnsureReply) -> None:
    repo, num = names.leaderboard(hub.org), order.discussion
    with translated(f"reply in discussion {num}"):
        if order.comment:
            hub.api.edit_discussion_comment(repo, num, order.comment, order.text, repo_type="space")
        else:
            hub.api.comment_discussion(repo, num, order.text, repo_type="space")


def _closed(hub: Connection, num: int) -> None:
    repo = names.leaderboard(hub.org)
    with translated(f"close discussion {num}"):
        details = hub.api.get_discussion_details(repo, num, repo_type="space")
        if details.status == "open":
            hub.api.change_discussion_status(repo, num, "closed", repo_type="space")


def _endpoint(hub: Connection, name: str, running: bool, terms: TeacherTerms) -> None:
    with translated(f"have the endpoint {name} {'running' if running else 'paused'}"):
        try:
            endpoint = hub.api.get_inference_endpoint(name, namespace=hub.org)
        except HfHubHTTPError as error:
            if error.response is None or error.response.status_code != 404:
                raise
            if running:
                create_endpoint(hub, terms)
            return
        state = str(getattr(endpoint.status, "value", endpoint.status))
        if running and state in ("paused", "scaledToZero", "failed", "updateFailed"):
            hub.api.resume_inference_endpoint(name, namespace=hub.org)
        elif not running and state not in ("paused", "scaledToZero"):
            hub.api.pause_inference_endpoint(name, namespace=hub.org)


def create_endpoint(hub: Connection, terms: TeacherTerms) -> None:
    """Raises the client's errors."""
    hub.api.create_inference_endpoint(
        terms.name,
        repository=terms.model,
        framework="custom",
        accelerator=terms.accelerator,
        instance_size=terms.instance_size,
        instance_type=terms.instance_type,
        region=terms.region,
        vendor=terms.vendor,
        namespace=hub.org,
        custom_image={"url": terms.image, "health_route": "/health"},
        container_command=list(terms.command),
        min_replica=1,
        max_replica=1,
    )
