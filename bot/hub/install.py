"""What a running installation needs on the Hub: repos, Spaces, files, the webhook. Idempotent."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from huggingface_hub import WebhookWatchedItem

from bot import names
from bot.hub.connect import Connection, translated

DOMAINS: list[Literal["repo", "discussion"]] = ["repo", "discussion"]


def ensure_dataset(hub: Connection, repo: str) -> None:
    with translated(f"create the dataset {repo}"):
        hub.api.create_repo(repo, repo_type="dataset", exist_ok=True)


def ensure_space(hub: Connection, repo: str, folder: Path) -> None:
    """A Gradio Space that knows the namespace and holds exactly the files of `folder`."""
    with translated(f"push the Space {repo}"):
        hub.api.create_repo(
            repo,
            repo_type="space",
            space_sdk="gradio",
            exist_ok=True,
            space_variables=[{"key": "KAKUGO_ORG", "value": hub.org}],
        )
        hub.api.upload_folder(
            repo_id=repo,
            repo_type="space",
            folder_path=folder,
            commit_message="Deploy",
            ignore_patterns=["**/__pycache__/**", "*.pyc", "**/.*_cache/**"],
            delete_patterns=["**"],
        )


def ensure_wheel(hub: Connection, wheel: Path) -> None:
    """The wheel that jobs install; the same bytes make no new commit."""
    with translated(f"push {wheel.name}"):
        hub.api.upload_file(
            path_or_fileobj=wheel,
            path_in_repo=wheel.name,
            repo_id=names.code(hub.org),
            repo_type="dataset",
            commit_message=f"Push {wheel.name}",
        )


def ensure_webhook(hub: Connection, url: str, secret: str) -> None:
    """One webhook of ours on the namespace, ringing at `url`."""
    with translated("register the webhook"):
        who = hub.api.whoami()
        orgs = {str(org["name"]) for org in who.get("orgs", [])}
        kind: Literal["org", "user"] = "org" if hub.org in orgs else "user"
        watched = [WebhookWatchedItem(type=kind, name=hub.org)]
        ours = [hook for hook in hub.api.list_webhooks() if _watches(hook.watched, hub.org)]
        if ours:
            hub.api.update_webhook(
                ours[0].id, url=url, watched=list(watched), domains=list(DOMAINS), secret=secret
            )
            if ours[0].disabled:
                hub.api.enable_webhook(ours[0].id)
        else:
            hub.api.create_webhook(
                url=url, watched=list(watched), domains=list(DOMAINS), secret=secret
            )


def _watches(watched: list[WebhookWatchedItem], org: str) -> bool:
    return any(item.name == org for item in watched)
