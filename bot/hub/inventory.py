"""Read which parts of the installation exist. All functions raise TryLater and Refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from huggingface_hub import InferenceEndpoint, RepoFile
from huggingface_hub._jobs_api import JobSpec
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

from bot.domain import names
from bot.domain.ledger_upgrade import read_teacher
from bot.domain.recipe import EndpointSpec
from bot.hub.client import Connection, RepoType, translate_errors, value_of
from bot.hub.endpoints import ASLEEP, endpoint_state, find_endpoint
from bot.installation.state import (
    DATASETS,
    BotJob,
    Collection,
    Endpoint,
    Installation,
    Part,
    Schedule,
    Space,
    SpaceStage,
    Webhook,
    Wheel,
)

STAGES = {
    "SLEEPING": SpaceStage.ASLEEP,
    "STOPPED": SpaceStage.ASLEEP,
    "PAUSED": SpaceStage.PAUSED,
    "CONFIG_ERROR": SpaceStage.BROKEN,
    "BUILD_ERROR": SpaceStage.BROKEN,
    "RUNTIME_ERROR": SpaceStage.BROKEN,
    "NO_APP_FILE": SpaceStage.BROKEN,
    "DELETING": SpaceStage.BROKEN,
}


@translate_errors("understand the installation")
def read_installation(hub: Connection, wheel: str, endpoint: str) -> Installation:
    """Read every part; `wheel` and `endpoint` are names; `endpoint` may be empty."""
    datasets = _repos(hub, "dataset", DATASETS)
    has_code = names.code_repo(hub.org) in datasets
    spaces = _repos(hub, "space", (names.leaderboard, names.chat, names.bot))
    webhooks, schedules = read_webhooks(hub), read_schedules(hub)
    duplicates = [(Part.WEBHOOK, webhook.id) for webhook in webhooks[1:]]
    duplicates += [(Part.SCHEDULE, schedule.id) for schedule in schedules[1:]]
    return Installation(
        datasets=datasets,
        wheel=_wheel(hub, wheel) if has_code else None,
        setup=_setup(hub) if has_code else frozenset(),
        spaces={name: read_space(hub, name) for name in sorted(spaces)},
        endpoint=read_endpoint(hub, endpoint),
        schedule=schedules[0] if schedules else None,
        webhook=webhooks[0] if webhooks else None,
        collection=_collection(hub),
        duplicates=tuple(duplicates),
        public=list_public_repos(hub),
    )


def is_teacher_needed(hub: Connection) -> bool:
    """Whether the ledger's last order to the teacher's endpoint is to run.

    Raises UnreadableRecord, too.
    """
    with translate_errors("read the ledger's teacher"):
        try:
            content = hub.content(names.ledger(hub.org), "dataset", names.TEACHER_FILE)
        except (EntryNotFoundError, RepositoryNotFoundError):
            return False
    return read_teacher(content).running


def read_webhooks(hub: Connection) -> list[Webhook]:
    """Return the installation's webhooks among those of the token's owner, oldest first.

    The client does not return whether a webhook has a secret, nor the time limit of its job.
    """
    with translate_errors("list the webhooks"):
        listing, _ = hub.get("settings/webhooks")
        return [_parse_webhook(item) for item in listing if _is_ours(item, hub.org)]


def read_endpoint(hub: Connection, name: str) -> Endpoint | None:
    endpoint = find_endpoint(hub, name) if name else None
    if endpoint is None:
        return None
    with translate_errors(f"read the endpoint {name}"):
        image: Mapping[str, Any] = next(iter(endpoint.raw["model"]["image"].values()), {})
        return Endpoint(
            _endpoint_spec(endpoint),
            awake=endpoint_state(endpoint) not in ASLEEP,
            access=str(endpoint.raw["type"]),
            health_route=str(image.get("healthRoute", "")),
            port=image.get("port"),
            idle_minutes=endpoint.raw["compute"]["scaling"].get("scaleToZeroTimeout"),
        )


def list_public_repos(hub: Connection) -> frozenset[tuple[str, str]]:
    """Return type and id of every public repo of ours that people may use."""
    return frozenset(
        (repo_type, repo.id)
        for repo_type, repo in list_repos(hub)
        if names.is_shown(repo.id, hub.org) and not repo.private
    )


def list_repos(hub: Connection) -> list[tuple[RepoType, Any]]:
    """Return type and info of every repo that is part of the installation or was created by it."""
    with translate_errors(f"list the repos of {hub.org}"):
        repos: list[tuple[RepoType, Any]] = [
            *(("model", repo) for repo in hub.api.list_models(author=hub.org)),
            *(("dataset", repo) for repo in hub.api.list_datasets(author=hub.org)),
            *(("space", repo) for repo in hub.api.list_spaces(author=hub.org)),
        ]
        return [(kind, repo) for kind, repo in repos if names.is_ours(repo.id, hub.org)]


def _collection(hub: Connection) -> Collection | None:
    with translate_errors(f"list the collections of {hub.org}"):
        for listed in hub.api.list_collections(owner=hub.org):
            if listed.title == names.COLLECTION:  # the listing has only its first items
                collection = hub.api.get_collection(listed.slug)
                items = ((item.item_type, item.item_id) for item in collection.items)
                return Collection(frozenset(items), collection.slug)
    return None


def read_space(hub: Connection, name: str) -> Space:
    with translate_errors(f"read the Space {name}"):
        tree = hub.api.list_repo_tree(name, recursive=True, repo_type="space")
        info = hub.api.space_info(name)
        variables = hub.api.get_space_variables(name)
        secrets = hub.api.get_space_secrets(name)
        stage = str(info.runtime.stage) if info.runtime else ""
        return Space(
            files={item.path: item.blob_id for item in tree if isinstance(item, RepoFile)},
            variables={key: variable.value for key, variable in variables.items()},
            secrets={key: secret.description or "" for key, secret in secrets.items()},
            stage=STAGES.get(stage, SpaceStage.UP),
            host=str(info.host or ""),
        )


def _repos(
    hub: Connection, repo_type: str, named: Iterable[Callable[[str], str]]
) -> frozenset[str]:
    repos = [name(hub.org) for name in named]
    with translate_errors(f"look for the {repo_type}s of {hub.org}"):
        return frozenset(repo for repo in repos if hub.api.repo_exists(repo, repo_type=repo_type))


def _wheel(hub: Connection, name: str) -> Wheel | None:
    repo = names.code_repo(hub.org)
    with translate_errors(f"read {repo}"):
        for item in hub.api.get_paths_info(repo, [name], expand=True, repo_type="dataset"):
            if isinstance(item, RepoFile):
                digest = item.lfs.sha256 if item.lfs else item.blob_id
                commit = item.last_commit.oid if item.last_commit else ""
                return Wheel(name, frozenset({digest}), commit)
        return None


def _setup(hub: Connection) -> frozenset[str]:
    with translate_errors("read the tags of the setup"):
        refs = hub.api.list_repo_refs(names.code_repo(hub.org), repo_type="dataset")
        prefix = names.setup_tag("")
        tags = (tag.name for tag in refs.tags)
        return frozenset(tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix))


def read_schedules(hub: Connection) -> list[Schedule]:
    labels = dict([names.BOT_LABEL])
    with translate_errors("list the scheduled jobs"):
        newest_first = hub.api.list_scheduled_jobs(namespace=hub.org, labels=labels)
        return [
            Schedule(_parse_job(info.job_spec), info.schedule or "", bool(info.suspend), info.id)
            for info in reversed(newest_first)
        ]


def _is_ours(item: Mapping[str, Any], org: str) -> bool:
    """Whether a webhook watches this namespace, and calls a bot or starts the bot's Job."""
    targets = (org, names.leaderboard(org))
    is_watching = any(target["name"] in targets for target in item["watched"])
    key, value = names.BOT_LABEL
    starts_bot = (item.get("job") or {}).get("labels", {}).get(key) == value
    url, _ = names.without_secret_version(item.get("url") or "")
    return is_watching and (starts_bot or url.endswith(names.webhook_url("")))


def _parse_webhook(item: Mapping[str, Any]) -> Webhook:
    url, version = names.without_secret_version(item.get("url") or "")
    return Webhook(
        url=url,
        job=_parse_webhook_job(item["job"]) if item.get("job") else None,
        watched=frozenset((target["type"], target["name"]) for target in item["watched"]),
        domains=tuple(item["domains"]),
        secret=version if item["hasSecret"] else "",
        disabled=bool(item["disabled"]),
        id=str(item["id"]),
    )


def _parse_webhook_job(item: Mapping[str, Any]) -> BotJob:
    return BotJob(
        command=(*item.get("command", ()), *item.get("arguments", ())),
        image=str(item.get("dockerImage", "")),
        flavor=str(item["flavor"]),
        timeout_seconds=int(item["timeoutSeconds"] or 0),
        variables=dict(item["environment"]),
        secrets=item.get("labels", {}).get(names.SECRETS_LABEL, ""),
    )


def _parse_job(spec: JobSpec) -> BotJob:
    variables: Mapping[str, Any] = spec.environment or {}
    return BotJob(
        command=tuple([*(spec.command or ()), *(spec.arguments or ())]),
        image=spec.docker_image or "",
        flavor=value_of(spec.flavor),
        timeout_seconds=spec.timeout or 0,
        variables={str(key): str(value) for key, value in variables.items()},
        secrets=(spec.labels or {}).get(names.SECRETS_LABEL, ""),
    )


def _endpoint_spec(endpoint: InferenceEndpoint) -> EndpointSpec:
    keys = ("model", "compute", "provider")
    model, compute, provider = (endpoint.raw.get(key) or {} for key in keys)
    image: Mapping[str, Any] = next(iter((model.get("image") or {}).values()), {})
    return EndpointSpec(
        name=endpoint.name,
        model=str(model.get("repository")),
        image=str(image.get("url")),
        command=tuple(model.get("command") or ()),
        vendor=str(provider.get("vendor")),
        region=str(provider.get("region")),
        accelerator=str(compute.get("accelerator")),
        instance_type=str(compute.get("instanceType")),
        instance_size=str(compute.get("instanceSize")),
        usd_per_hour=0.0,
        max_replica=int((compute.get("scaling") or {}).get("maxReplica") or 1),
        revision=str(model.get("revision") or ""),
    )
