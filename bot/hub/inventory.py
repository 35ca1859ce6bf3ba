"""Hub → Installation: what of it is there now. Nothing is changed here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from huggingface_hub import InferenceEndpoint, RepoFile, WebhookInfo
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
    fingerprint,
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
}


def take(hub: Connection, wheel: str, teacher: str, key: str) -> Installation:
    """Look at every part; `wheel` and `teacher` are the names to look for, `key` makes
    fingerprints. Raises TryLater and Refused."""
    datasets = _repos(hub, "dataset", DATASETS)
    has_code = names.code(hub.org) in datasets
    spaces = _repos(hub, "space", (names.leaderboard, names.chat, names.bot))
    hooks, schedules = webhooks(hub, key), _schedules(hub)
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


def webhooks(hub: Connection, key: str) -> list[Webhook]:
    """Ours among the webhooks of whose token it is, oldest first."""
    with translated("list the webhooks"):
        found = [hook for hook in hub.api.list_webhooks() if _is_ours(hook, hub.org)]
    return [_webhook(hook, key) for hook in found]


def endpoint(hub: Connection, name: str) -> Endpoint | None:
    with translated(f"look at the endpoint {name}"):
        try:
            found = hub.api.get_inference_endpoint(name, namespace=hub.org)
        except HfHubHTTPError as error:
            if error.response is None or error.response.status_code != 404:
                raise
            return None
    state = str(getattr(found.status, "value", found.status))
    return Endpoint(_terms(found), state not in ASLEEP)


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


def _is_ours(hook: WebhookInfo, org: str) -> bool:
    """It watches this namespace, and is a doorbell or starts our Job; others' own are left."""
    watches = any(item.name in (org, names.leaderboard(org)) for item in hook.watched)
    key, value = names.BOT_LABEL
    starts = hook.job is not None and (hook.job.labels or {}).get(key) == value
    return watches and (starts or (hook.url or "").endswith(names.doorbell("")))


def _webhook(hook: WebhookInfo, key: str) -> Webhook:
    return Webhook(
        url=hook.url or "",
        job=_job(hook.job) if hook.job else None,
        watched=frozenset((item.type, item.name) for item in hook.watched),
        domains=tuple(hook.domains),
        secret=fingerprint(key, "webhook", hook.secret or ""),
        disabled=hook.disabled,
        id=hook.id,
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
