"""Remove the parts of an installation. Everything may be repeated: what is gone is no error.

All functions raise TryLater and Refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from huggingface_hub.errors import HfHubHTTPError

from bot.domain import names
from bot.hub import inventory
from bot.hub.client import Connection, RepoType, status_code, translate_errors
from bot.hub.jobs import alive_jobs
from bot.installation.state import Part

REPO_TYPES: dict[Part, RepoType] = {
    Part.MODEL: "model",
    Part.DATASET: "dataset",
    Part.SPACE: "space",
}


def list_alive_jobs(hub: Connection) -> list[str]:
    """Return the ids of jobs of the bot, of requests and of the teacher that wait or run."""
    with translate_errors("list the jobs"):
        labels = (names.BOT_LABEL, names.JOB_LABEL, names.TEACHER_LABEL)
        return [job.id for label in labels for job in alive_jobs(hub, label)]


def list_repos(hub: Connection) -> list[tuple[Part, str]]:
    """Return every repo that is part of the installation or was created by it."""
    parts = {repo_type: part for part, repo_type in REPO_TYPES.items()}
    return sorted((parts[repo_type], repo.id) for repo_type, repo in inventory.list_repos(hub))


def cancel_job(hub: Connection, job: str) -> None:
    _ignore_missing(f"cancel job {job}", lambda: hub.api.cancel_job(job_id=job, namespace=hub.org))


def delete_webhook(hub: Connection, webhook: str) -> None:
    _ignore_missing("delete the webhook", lambda: hub.api.delete_webhook(webhook))


def delete_schedule(hub: Connection, schedule: str) -> None:
    _ignore_missing(
        "delete the schedule",
        lambda: hub.api.delete_scheduled_job(scheduled_job_id=schedule, namespace=hub.org),
    )


def delete_endpoint(hub: Connection, name: str) -> None:
    _ignore_missing(
        f"delete the endpoint {name}",
        lambda: hub.api.delete_inference_endpoint(name, namespace=hub.org),
    )


def delete_repo(hub: Connection, part: Part, repo: str) -> None:
    _ignore_missing(
        f"delete the {part} {repo}",
        lambda: hub.api.delete_repo(repo, repo_type=REPO_TYPES[part], missing_ok=True),
    )


def delete_collection(hub: Connection, slug: str) -> None:
    """Delete the collection; what it lists stays."""
    _ignore_missing("delete the collection", lambda: hub.api.delete_collection(slug))


def delete_wheel(hub: Connection, name: str) -> None:
    """Delete the file but not the history, to which requests are pinned."""
    repo = names.code_repo(hub.org)
    _ignore_missing(f"delete {name}", lambda: hub.api.delete_file(name, repo, repo_type="dataset"))


def pause_space(hub: Connection, repo: str) -> None:
    _ignore_missing(f"pause the Space {repo}", lambda: hub.api.pause_space(repo))


def _ignore_missing(task: str, call: Callable[[], Any]) -> None:
    with translate_errors(task):
        try:
            call()
        except HfHubHTTPError as error:
            if status_code(error) != 404:
                raise
