"""Make one change to the installation; the caller has compared its desired and actual state.

An interrupted change shows up in the next comparison. Secrets are only sent in request bodies. All
functions raise TryLater and Refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    SpaceHardware,
    WebhookWatchedItem,
)

from bot.domain import names
from bot.hub.client import Connection, TryLater, translate_errors
from bot.hub.endpoints import create_endpoint, update_arguments
from bot.installation.dataset_cards import dataset_card
from bot.installation.diff import needs_start, space_changes
from bot.installation.state import BotJob, Checkout, Collection, Endpoint, Schedule, Space, Webhook
from bot.settings import BOT_SECRETS


def create_dataset(hub: Connection, repo: str) -> None:
    """Create a dataset with its card; people's feedback is private until it is reviewed."""
    private = repo == names.feedback(hub.org)
    with translate_errors(f"create the dataset {repo}"):
        hub.api.create_repo(repo, repo_type="dataset", exist_ok=True, private=private)
        if card := dataset_card(repo, hub.org, hub.endpoint):
            hub.api.upload_file(
                path_or_fileobj=card.encode(),
                path_in_repo="README.md",
                repo_id=repo,
                repo_type="dataset",
                commit_message="Explain what this is for",
            )


def push_wheel(hub: Connection, name: str, checkout: Checkout) -> None:
    """Upload the wheel that jobs install, with its page and the hashes of all packages.

    The same content makes no new commit.
    """
    with translate_errors(f"push {name}"):
        hub.api.create_commit(
            names.code_repo(hub.org),
            [CommitOperationAdd(*file) for file in checkout.code_files().items()],
            commit_message=f"Push {name}",
            repo_type="dataset",
        )


def record_setup(hub: Connection, digest: str) -> None:
    """Record in the code repo that the setup was done; a tag does not move its head."""
    with translate_errors("record that the setup is done"):
        hub.api.create_tag(
            names.code_repo(hub.org),
            tag=names.setup_tag(digest),
            repo_type="dataset",
            exist_ok=True,
        )


def ensure_space(
    hub: Connection,
    name: str,
    desired: Space,
    actual: Space | None,
    contents: Mapping[str, bytes],
    secrets: Mapping[str, str],
    zero_gpu: bool,
) -> None:
    """Create or update a Gradio Space: variables and secrets, then one commit, then a restart.

    `contents` maps paths to new contents, `secrets` names to values. `zero_gpu` is the hardware of
    a new Space; a Space that exists keeps what its owner gave it.
    """
    actual = actual or Space({}, {}, {})
    with translate_errors(f"push the Space {name}"):
        hardware = SpaceHardware.ZERO_A10G if zero_gpu else None
        hub.api.create_repo(
            name, repo_type="space", space_sdk="gradio", space_hardware=hardware, exist_ok=True
        )
        files, variables, secret_names = space_changes(desired, actual)
        for key in sorted(variables):
            if key in desired.variables:
                hub.api.add_space_variable(name, key, desired.variables[key])
            else:
                hub.api.delete_space_variable(name, key)
        for key in sorted(secret_names):
            if key in desired.secrets:
                fingerprint = desired.secrets[key]
                hub.api.add_space_secret(name, key, secrets[key], description=fingerprint)
            else:
                hub.api.delete_space_secret(name, key)
        _commit(hub, name, {path: contents.get(path) for path in files})
        if needs_start(desired, actual):
            hub.api.restart_space(name)


def _commit(hub: Connection, space: str, files: Mapping[str, bytes | None]) -> None:
    """Write all files in one commit; None deletes a file."""
    existing = set(hub.api.list_repo_files(space, repo_type="space"))
    # The Hub writes its own README into a new Space: ours replaces it in the same commit.
    operations: list[CommitOperationAdd | CommitOperationDelete] = []
    for path, content in sorted(files.items()):
        if content is not None:
            operations.append(CommitOperationAdd(path, content))
        elif path in existing:
            operations.append(CommitOperationDelete(path))
    if operations:
        hub.api.create_commit(space, operations, commit_message="Deploy", repo_type="space")


def ensure_collection(hub: Connection, desired: Collection, actual: Collection | None) -> None:
    """Create the collection, and add what it lacks."""
    with translate_errors(f"set up the collection {names.COLLECTION}"):
        slug = actual.slug if actual else ""
        if not slug:
            slug = hub.api.create_collection(
                names.COLLECTION,
                namespace=hub.org,
                description="Small models that were taught a language, their data and results",
                exists_ok=True,
            ).slug
        present = actual.items if actual else frozenset()
        for item_type, name in sorted(desired.items - present):
            hub.api.add_collection_item(slug, name, item_type, exists_ok=True)  # type: ignore[arg-type]


def ensure_endpoint(hub: Connection, desired: Endpoint, actual: Endpoint | None) -> None:
    """Create or update the endpoint, and pause it unless the bot needs it."""
    name = desired.spec.name
    with translate_errors(f"set up the endpoint {name}"):
        is_awake = actual is None or actual.awake
        if actual is None:
            create_endpoint(hub, desired)
        elif replace(actual, awake=desired.awake) != desired:
            # Neither the place of an endpoint nor who may call it can be changed.
            unchangeable_fields = attrgetter("access", "spec.vendor", "spec.region")
            if unchangeable_fields(actual) != unchangeable_fields(desired):
                hub.api.delete_inference_endpoint(name, namespace=hub.org)
                create_endpoint(hub, desired)
                is_awake = True
            else:
                arguments = update_arguments(desired)
                hub.api.update_inference_endpoint(name, namespace=hub.org, **arguments)
        if is_awake and not desired.awake:
            hub.api.pause_inference_endpoint(name, namespace=hub.org)


def ensure_schedule(
    hub: Connection, desired: Schedule, actual: Schedule | None, secrets: Mapping[str, str]
) -> None:
    """Create the schedule and delete the old one; a scheduled Job cannot be changed."""
    with translate_errors("schedule the bot"):
        hub.api.create_scheduled_job(
            **_job_arguments(hub, desired.job),
            schedule=desired.cron,
            concurrency=False,
            secrets=dict(secrets),
        )
        if actual is not None:
            hub.api.delete_scheduled_job(scheduled_job_id=actual.id, namespace=hub.org)


def ensure_webhook(
    hub: Connection,
    desired: Webhook,
    actual: Webhook | None,
    secret: str,
    secrets: Mapping[str, str],
) -> None:
    """Create or update the webhook that calls the bot, or starts it as a Job."""
    with translate_errors("register the webhook"):
        url = names.with_secret_version(desired.url, desired.secret)
        target: dict[str, Any] = {"url": url, "secret": secret}
        if desired.job is not None:
            # A webhook's Job is always a copy of an existing Job, so one is started here. It also
            # does what is already due.
            job = hub.api.run_job(**_job_arguments(hub, desired.job), secrets=dict(secrets))
            target = {"job_id": job.id, "secrets": dict(secrets)}
            if actual is not None:  # the Hub keeps secrets that are missing, and deletes empty ones
                target["secrets"] = dict.fromkeys(BOT_SECRETS, "") | dict(secrets)
        watched: list[Any] = [
            WebhookWatchedItem(kind, name)  # type: ignore[arg-type]
            for kind, name in desired.watched
        ]
        arguments = {**target, "watched": watched, "domains": list(desired.domains)}
        if actual is not None and bool(actual.job) == bool(desired.job):
            hub.api.update_webhook(actual.id, **arguments)
            if actual.disabled:
                hub.api.enable_webhook(actual.id)
            return
        hub.api.create_webhook(**arguments)
        if actual is not None:
            hub.api.delete_webhook(actual.id)


def _job_arguments(hub: Connection, job: BotJob) -> dict[str, Any]:
    key, value = names.BOT_LABEL
    return {
        "image": job.image,
        "command": list(job.command),
        "env": dict(job.variables),
        "flavor": job.flavor,
        "timeout": job.timeout_seconds,
        "name": "kakugo-bot",
        "labels": {key: value, names.SECRETS_LABEL: job.secrets},
        "namespace": hub.org,
    }


def wait_for_space(hub: Connection, name: str, seconds: float) -> None:
    """Wait until a Space runs or fails. Raises TryLater if that takes longer."""
    with translate_errors(f"wait for the Space {name}"):
        try:
            hub.api.wait_for_space(name, timeout=seconds)
        except TimeoutError as error:
            raise TryLater(
                f"the Space {name} has not started yet: deploy again in a few minutes"
            ) from error
