"""Carry out the planner's actions; each first checks whether its result exists already."""

from __future__ import annotations

from bot.domain import names, steps
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
from bot.domain.recipe import TeacherSpec, TeacherUrl
from bot.hub.client import Connection, TryLater, translate_errors
from bot.hub.discussions import own_markers, read_details
from bot.hub.jobs import alive_jobs, cancel_job
from bot.hub.teachers import run_or_stop


def execute(
    hub: Connection, action: Action, permit: Permit, teacher: TeacherSpec, max_age: float
) -> None:
    """Carry out one action with a permit that is at most `max_age` seconds old.

    Raises TryLater (also if the permit is too old) and Refused.
    """
    _check_age(hub, action, permit, max_age)
    match action:
        case EnsureJob():
            if not _is_alive(hub, action):
                _check_age(hub, action, permit, max_age)  # the listing may have taken long
                _start_job(hub, action, teacher)
        case EnsureReply():
            if action.comment_id or not _has_reply(hub, action):
                _check_age(hub, action, permit, max_age)
                _reply(hub, action)
        case EnsureClosed(num):
            close_discussion(hub, num)
        case EnsureCancelled(job_id):
            cancel_job(hub, job_id)
        case EnsureEndpoint():
            run_or_stop(hub, teacher, action.running)


def close_discussion(hub: Connection, num: int) -> None:
    """Close a discussion that is open. Raises TryLater and Refused."""
    details = read_details(hub, num)
    if details.status == "open":
        with translate_errors(f"close discussion {num}"):
            hub.api.change_discussion_status(
                names.leaderboard(hub.org), num, "closed", repo_type="space"
            )


def _check_age(hub: Connection, action: Action, permit: Permit, max_age: float) -> None:
    age = hub.clock() - permit.observed_at
    if age > max_age:
        name = type(action).__name__
        raise TryLater(f"{name} is {age:.0f} s old: the next tick orders it again")


def _is_alive(hub: Connection, action: EnsureJob) -> bool:
    wanted = labels(action).items()
    with translate_errors(f"look for the job of {action.request} {action.step}"):
        return any(wanted <= (job.labels or {}).items() for job in alive_jobs(hub, names.JOB_LABEL))


def _start_job(hub: Connection, action: EnsureJob, teacher: TeacherSpec) -> None:
    secrets = {"HF_TOKEN": hub.job_token}
    # For any other teacher it would take the place of the Hub's token.
    is_asking_url = isinstance(teacher, TeacherUrl) and steps.info(action.step).needs_teacher
    if hub.teacher_token and is_asking_url:
        secrets["KAKUGO_TEACHER_TOKEN"] = hub.teacher_token
    with translate_errors(f"start the job of {action.request} {action.step}"):
        hub.api.run_job(
            image=action.image,
            command=list(action.command),
            secrets=secrets,
            flavor=action.flavor,
            timeout=action.timeout_seconds,
            name=names.job_name(action.request, action.step.value),
            labels=dict(labels(action)),
            namespace=hub.org,
        )


def _has_reply(hub: Connection, action: EnsureReply) -> bool:
    """Whether the bot has a reply of this kind there; the next tick checks its text."""
    markers = own_markers(read_details(hub, action.discussion), hub.me)
    return any(names.marker_kind(marker) == action.kind for marker in markers)


def _reply(hub: Connection, action: EnsureReply) -> None:
    repo, num = names.leaderboard(hub.org), action.discussion
    with translate_errors(f"reply in discussion {num}"):
        if action.comment_id:
            hub.api.edit_discussion_comment(
                repo, num, action.comment_id, action.text, repo_type="space"
            )
        else:
            hub.api.comment_discussion(repo, num, action.text, repo_type="space")
