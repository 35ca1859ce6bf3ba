"""Taking an installation away again, what spends or acts first. Each may be repeated: what is gone
already is no failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from huggingface_hub.errors import HfHubHTTPError

from bot.domain import names
from bot.hub.client import Connection, translated
from bot.installation.state import Part

KINDS: dict[Part, Literal["model", "dataset", "space"]] = {
    Part.MODEL: "model",
    Part.DATASET: "dataset",
    Part.SPACE: "space",
}
ALIVE = ["SCHEDULING", "RUNNING"]


def live_jobs(hub: Connection) -> list[str]:
    """The ids of the bot's and the recipes' jobs that are not over."""
    with translated("list the jobs"):
        return [
            job.id
            for key, value in (names.BOT_LABEL, names.JOB_LABEL)
            for job in hub.api.list_jobs(namespace=hub.org, labels={key: value}, status=ALIVE)
        ]


def made(hub: Connection) -> list[tuple[Part, str]]:
    """Every repo that the installation consists of or has made."""
    with translated(f"list the repos of {hub.org}"):
        found: list[tuple[Part, str]] = [
            *((Part.MODEL, repo.id) for repo in hub.api.list_models(author=hub.org)),
            *((Part.DATASET, repo.id) for repo in hub.api.list_datasets(author=hub.org)),
            *((Part.SPACE, repo.id) for repo in hub.api.list_spaces(author=hub.org)),
        ]
    return sorted((part, repo) for part, repo in found if names.is_ours(repo, hub.org))


def cancel(hub: Connection, job: str) -> None:
    _gone(f"cancel job {job}", lambda: hub.api.cancel_job(job_id=job, namespace=hub.org))


def delete_webhook(hub: Connection, webhook: str) -> None:
    _gone("delete the webhook", lambda: hub.api.delete_webhook(webhook))


def delete_schedule(hub: Connection, schedule: str) -> None:
    _gone(
        "delete the schedule",
        lambda: hub.api.delete_scheduled_job(scheduled_job_id=schedule, namespace=hub.org),
    )


def delete_endpoint(hub: Connection, name: str) -> None:
    _gone(
        f"delete the endpoint {name}",
        lambda: hub.api.delete_inference_endpoint(name, namespace=hub.org),
    )


def delete_repo(hub: Connection, part: Part, repo: str) -> None:
    _gone(
        f"delete the {part} {repo}",
        lambda: hub.api.delete_repo(repo, repo_type=KINDS[part], missing_ok=True),
    )


def delete_wheel(hub: Connection, name: str) -> None:
    """The file, not the history: what was agreed before stays pinned to a commit that is there."""
    repo = names.code(hub.org)
    _gone(f"delete {name}", lambda: hub.api.delete_file(name, repo, repo_type="dataset"))


def pause_space(hub: Connection, repo: str) -> None:
    _gone(f"pause the Space {repo}", lambda: hub.api.pause_space(repo))


def _gone(what: str, act: Callable[[], Any]) -> None:
    with translated(what):
        try:
            act()
        except HfHubHTTPError as error:
            if error.response is None or error.response.status_code != 404:
                raise
