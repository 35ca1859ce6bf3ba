"""One change of the installation → Hub. Each looks at nothing: it does what its line says.

Whatever is cut in the middle shows up as a line of the next difference. Secrets travel in request
bodies only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any, Literal

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, WebhookWatchedItem

from bot.domain import names
from bot.hub.client import Connection, translated
from bot.hub.execute import create_endpoint, endpoint_options
from bot.installation.diff import needs_start, space_changes
from bot.installation.state import BotJob, Endpoint, Schedule, Space, Webhook
from bot.settings import BOT_SECRETS

RepoType = Literal["model", "dataset", "space"]


def make_dataset(hub: Connection, repo: str) -> None:
    """What people send in is private until somebody has looked at it."""
    private = repo == names.feedback(hub.org)
    with translated(f"create the dataset {repo}"):
        hub.api.create_repo(repo, repo_type="dataset", exist_ok=True, private=private)


def push_wheel(hub: Connection, name: str, content: bytes) -> None:
    """The wheel that jobs install; the same bytes make no new commit."""
    with translated(f"push {name}"):
        hub.api.upload_file(
            path_or_fileobj=content,
            path_in_repo=name,
            repo_id=names.code(hub.org),
            repo_type="dataset",
            commit_message=f"Push {name}",
        )


def note_setup(hub: Connection, digest: str) -> None:
    """Remember on the code that the set-up was done: a tag moves nothing that is pinned."""
    with translated("note that the set-up is done"):
        hub.api.create_tag(
            names.code(hub.org), tag=names.setup_tag(digest), repo_type="dataset", exist_ok=True
        )


def ensure_space(
    hub: Connection,
    name: str,
    want: Space,
    seen: Space | None,
    contents: Mapping[str, bytes],
    secrets: Mapping[str, str],
) -> None:
    """Bring a Gradio Space from `seen` to `want`: values first, then one commit, then a start."""
    seen = seen or Space({}, {}, {})
    with translated(f"push the Space {name}"):
        hub.api.create_repo(name, repo_type="space", space_sdk="gradio", exist_ok=True)
        files, variables, hidden = space_changes(want, seen)
        for key in sorted(variables):
            if key in want.variables:
                hub.api.add_space_variable(name, key, want.variables[key])
            else:
                hub.api.delete_space_variable(name, key)
        for key in sorted(hidden):
            if key in want.secrets:
                mark = want.secrets[key]
                hub.api.add_space_secret(name, key, secrets[key], description=mark)
            else:
                hub.api.delete_space_secret(name, key)
        _commit(hub, name, {path: contents.get(path) for path in files})
        if needs_start(want, seen):
            hub.api.restart_space(name)


def _commit(hub: Connection, space: str, files: Mapping[str, bytes | None]) -> None:
    """One commit; None deletes."""
    there = set(hub.api.list_repo_files(space, repo_type="space"))
    operations: list[CommitOperationAdd | CommitOperationDelete] = []
    for path, content in sorted(files.items()):
        if content is not None:
            operations.append(CommitOperationAdd(path, content))
        elif path in there:
            operations.append(CommitOperationDelete(path))
    # The Hub writes a README of its own into a new Space: ours replaces it in the same commit.
    if operations:
        hub.api.create_commit(space, operations, commit_message="Deploy", repo_type="space")


def ensure_endpoint(hub: Connection, want: Endpoint, seen: Endpoint | None) -> None:
    """It is there as the recipe wants it, and rests unless the bot has woken it."""
    spec = want.terms
    with translated(f"set up the endpoint {spec.name}"):
        is_awake = seen is None or seen.awake
        if seen is None:
            create_endpoint(hub, want)
        elif replace(seen, awake=want.awake) != want:
            # The client cannot change who may call an endpoint, and the service not where it is.
            keys = attrgetter("access", "terms.vendor", "terms.region")
            if keys(seen) != keys(want):
                hub.api.delete_inference_endpoint(spec.name, namespace=hub.org)
                create_endpoint(hub, want)
                is_awake = True
            else:
                options = endpoint_options(want)
                hub.api.update_inference_endpoint(spec.name, namespace=hub.org, **options)
        if is_awake and not want.awake:
            hub.api.pause_inference_endpoint(spec.name, namespace=hub.org)


def ensure_schedule(
    hub: Connection, want: Schedule, seen: Schedule | None, secrets: Mapping[str, str]
) -> None:
    """A scheduled Job cannot be given another command: the new one is made, then the old goes."""
    with translated("schedule the bot"):
        hub.api.create_scheduled_job(
            **_spec(hub, want.job), schedule=want.cron, concurrency=False, secrets=dict(secrets)
        )
        if seen is not None:
            hub.api.delete_scheduled_job(scheduled_job_id=seen.id, namespace=hub.org)


def ensure_webhook(
    hub: Connection,
    want: Webhook,
    seen: Webhook | None,
    secret: str,
    secrets: Mapping[str, str],
) -> None:
    """One webhook of ours that rings at the bot's door, or starts it as a Job."""
    with translated("register the webhook"):
        url = names.with_secret_version(want.url, want.secret)
        given: dict[str, Any] = {"url": url, "secret": secret}
        if want.job is not None:
            # Its source is the bot's first shift, which sees to whatever has waited.
            first = hub.api.run_job(**_spec(hub, want.job), secrets=dict(secrets))
            given = {"job_id": first.id, "secrets": dict(secrets)}
            if seen is not None:  # the Hub keeps what is not listed, and removes what is empty
                given["secrets"] = dict.fromkeys(BOT_SECRETS, "") | dict(secrets)
        kinds: list[Any] = [WebhookWatchedItem(kind, name) for kind, name in want.watched]  # type: ignore[arg-type]
        given |= {"watched": kinds, "domains": list(want.domains)}
        if seen is not None and bool(seen.job) == bool(want.job):
            hub.api.update_webhook(seen.id, **given)
            if seen.disabled:
                hub.api.enable_webhook(seen.id)
            return
        hub.api.create_webhook(**given)
        if seen is not None:
            hub.api.delete_webhook(seen.id)


def _spec(hub: Connection, job: BotJob) -> dict[str, Any]:
    key, value = names.BOT_LABEL
    return {
        "image": job.image,
        "command": list(job.command),
        "env": dict(job.variables),
        "flavor": job.flavor,
        "timeout": job.timeout_seconds,
        "labels": {key: value, names.SECRETS_LABEL: job.secrets},
        "namespace": hub.org,
    }
