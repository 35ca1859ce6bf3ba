"""Hub → Installation: what of it is there now. Nothing is changed here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from huggingface_hub import InferenceEndpoint, RepoFile
from huggingface_hub._jobs_api import JobSpec
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError

from bot.domain import names
from bot.domain.recipe import EndpointSpec
from bot.hub.client import Connection, translated
from bot.installation.state import (
    DATASETS,
    BotJob,
    Endpoint,
    Installation,
    Part,
    Schedule,
    Space,
    SpaceStage,
    Webhook,
    Wheel,
)

ASLEEP = ("paused", "scaledToZero")
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


def take(hub: Connection, wheel: str, teacher: str) -> Installation:
    """Look at every part; `wheel` and `teacher` are the names to look for.

    Raises TryLater and Refused.
    """
    datasets = _repos(hub, "dataset", DATASETS)
    has_code = names.code(hub.org) in datasets
    spaces = _repos(hub, "space", (names.leaderboard, names.chat, names.bot))
    hooks, schedules = webhooks(hub), _schedules(hub)
    duplicates = [(Part.WEBHOOK, hook.id) for hook in hooks[1:]]
    duplicates += [(Part.SCHEDULE, schedule.id) for schedule in schedules[1:]]
    return Installation(
        datasets=datasets,
        wheel=_wheel(hub, wheel) if has_code else None,
        setup=_setup(hub) if has_code else frozenset(),
        spaces={name: space(hub, name) for name in sorted(spaces)},
        endpoint=endpoint(hub, teacher),
        schedule=schedules[0] if schedules else None,
        webhook=hooks[0] if hooks else None,
        duplicates=tuple(duplicates),
    )


def teacher_needed(hub: Connection) -> bool:
    """Whether the ledger says that the teacher should be running."""
    with translated("read the ledger's teacher"):
        try:
            text = hub.text(names.ledger(hub.org), "dataset", names.TEACHER_FILE)
        except (EntryNotFoundError, RepositoryNotFoundError):
            return False
    return bool(json.loads(text).get("running"))


def webhooks(hub: Connection) -> list[Webhook]:
    """Ours among the webhooks of the token's owner, oldest first.

    The client drops whether a webhook has a secret, and the timeout of its job.
    """
    with translated("list the webhooks"):
        listed, _ = hub.get("settings/webhooks")
    return [_webhook(item) for item in listed if _is_ours(item, hub.org)]


def endpoint(hub: Connection, name: str) -> Endpoint | None:
    with translated(f"look at the endpoint {name}"):
        try:
            found = hub.api.get_inference_endpoint(name, namespace=hub.org)
        except HfHubHTTPError as error:
            if error.response is None or error.response.status_code != 404:
                raise
            return None
    state = str(getattr(found.status, "value", found.status))
    compute, image = found.raw["compute"], next(iter(found.raw["model"]["image"].values()))
    return Endpoint(
        _terms(found),
        state not in ASLEEP,
        access=str(found.raw["type"]),
        health_route=str(image.get("healthRoute", "")),
        port=image.get("port"),
        idle_minutes=compute["scaling"].get("scaleToZeroTimeout"),
    )


def space(hub: Connection, name: str) -> Space:
    with translated(f"look at the Space {name}"):
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


def _repos(hub: Connection, kind: str, named: Iterable[Any]) -> frozenset[str]:
    wanted = [name(hub.org) for name in named]
    with translated(f"look for the {kind}s of {hub.org}"):
        return frozenset(name for name in wanted if hub.api.repo_exists(name, repo_type=kind))


def _wheel(hub: Connection, name: str) -> Wheel | None:
    repo = names.code(hub.org)
    with translated(f"look at {repo}"):
        found = hub.api.get_paths_info(repo, [name], expand=True, repo_type="dataset")
    for item in found:
        if isinstance(item, RepoFile):
            digest = item.lfs.sha256 if item.lfs else item.blob_id
            commit = item.last_commit.oid if item.last_commit else ""
            return Wheel(name, frozenset({digest}), commit)
    return None


def _setup(hub: Connection) -> frozenset[str]:
    with translated("look for the set-up's tag"):
        refs = hub.api.list_repo_refs(names.code(hub.org), repo_type="dataset")
    mark = names.setup_tag("")
    return frozenset(t.name.removeprefix(mark) for t in refs.tags if t.name.startswith(mark))


def _schedules(hub: Connection) -> list[Schedule]:
    key, value = names.BOT_LABEL
    with translated("list the scheduled jobs"):
        found = hub.api.list_scheduled_jobs(namespace=hub.org, labels={key: value})
    return [
        Schedule(_job(info.job_spec), info.schedule or "", bool(info.suspend), info.id)
        for info in reversed(found)
    ]


def _is_ours(item: Mapping[str, Any], org: str) -> bool:
    """It watches this namespace, and is a doorbell or starts our Job; others' own are left."""
    watches = any(target["name"] in (org, names.leaderboard(org)) for target in item["watched"])
    key, value = names.BOT_LABEL
    starts = (item.get("job") or {}).get("labels", {}).get(key) == value
    url, _ = names.without_secret_version(item.get("url") or "")
    return watches and (starts or url.endswith(names.doorbell("")))


def _webhook(item: Mapping[str, Any]) -> Webhook:
    url, version = names.without_secret_version(item.get("url") or "")
    return Webhook(
        url=url,
        job=_webhook_job(item["job"]) if item.get("job") else None,
        watched=frozenset((target["type"], target["name"]) for target in item["watched"]),
        domains=tuple(item["domains"]),
        secret=version if item["hasSecret"] else "",
        disabled=bool(item["disabled"]),
        id=str(item["id"]),
    )


def _webhook_job(item: Mapping[str, Any]) -> BotJob:
    return BotJob(
        command=(*item.get("command", ()), *item.get("arguments", ())),
        image=str(item.get("dockerImage", "")),
        flavor=str(item["flavor"]),
        timeout_seconds=int(item["timeoutSeconds"] or 0),
        variables=dict(item["environment"]),
        secrets=item.get("labels", {}).get(names.SECRETS_LABEL, ""),
    )


def _job(spec: JobSpec) -> BotJob:
    variables: Mapping[str, Any] = spec.environment or {}
    return BotJob(
        command=tuple([*(spec.command or ()), *(spec.arguments or ())]),
        image=spec.docker_image or "",
        flavor=str(getattr(spec.flavor, "value", spec.flavor)),
        timeout_seconds=spec.timeout or 0,
        variables={str(key): str(value) for key, value in variables.items()},
        secrets=(spec.labels or {}).get(names.SECRETS_LABEL, ""),
    )


def _terms(found: InferenceEndpoint) -> EndpointSpec:
    model, compute, provider = (found.raw.get(k) or {} for k in ("model", "compute", "provider"))
    image: Mapping[str, Any] = next(iter((model.get("image") or {}).values()), {})
    return EndpointSpec(
        name=found.name,
        model=str(model.get("repository")),
        image=str(image.get("url")),
        command=tuple(model.get("command") or ()),
        vendor=str(provider.get("vendor")),
        region=str(provider.get("region")),
        accelerator=str(compute.get("accelerator")),
        instance_type=str(compute.get("instanceType")),
        instance_size=str(compute.get("instanceSize")),
        usd_per_hour=0.0,
    )
