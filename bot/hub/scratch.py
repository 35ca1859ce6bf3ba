"""What only `kakugo smoke` does on the Hub: parts that an installation does not have.

All functions raise TryLater and Refused.
"""

from __future__ import annotations

import warnings

from huggingface_hub import get_session
from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

from bot.domain import names
from bot.hub.client import Connection, translate_errors


def create_static_space(hub: Connection, repo: str) -> None:
    """Create a Space that every plan may have."""
    with translate_errors(f"create the Space {repo}"):
        hub.api.create_repo(repo, repo_type="space", space_sdk="static", exist_ok=True)


def create_model(hub: Connection, repo: str) -> None:
    with translate_errors(f"create the model {repo}"):
        hub.api.create_repo(repo, exist_ok=True)


def dataset_exists(hub: Connection, repo: str) -> bool:
    """Ask for the repo itself: a listing may not show it yet."""
    with translate_errors(f"look for {repo}"):
        return bool(hub.api.repo_exists(repo, repo_type="dataset"))


def pin(hub: Connection, num: int) -> None:
    """Pin a discussion, which the client cannot do."""
    url = f"{hub.endpoint}/api/spaces/{names.leaderboard(hub.org)}/discussions/{num}/pin"
    with translate_errors(f"pin discussion {num}"):
        headers = hub.api._build_hf_headers()
        hf_raise_for_status(get_session().post(url, json={"pinned": True}, headers=headers))


def hide(hub: Connection, num: int, comment: str) -> None:
    with translate_errors(f"hide a comment of discussion {num}"):
        repo = names.leaderboard(hub.org)
        with warnings.catch_warnings(action="ignore"):  # that this cannot be undone
            hub.api.hide_discussion_comment(repo, num, comment, repo_type="space")


def count_jobs(hub: Connection, label: tuple[str, str]) -> int:
    """Return how many jobs with this label there are, whatever their stage."""
    with translate_errors("list the jobs"):
        return len(list(hub.api.list_jobs(namespace=hub.org, labels=dict([label]))))
