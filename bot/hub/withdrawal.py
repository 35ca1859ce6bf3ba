"""Taking one language down: what its speakers withdraw is hidden, and nothing new is made.

Each step may be repeated; nothing is deleted that cannot be had back from the repositories'
history, except what people sent in as feedback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

from bot.domain import names
from bot.hub.client import Connection, translated

RepoType = Literal["model", "dataset"]


def ensure_refused(hub: Connection, language: str) -> None:
    """The profile says `consent: no`; the rest of it stays as its speakers wrote it."""
    repo, path = names.communities(hub.org), names.profile_path(language)
    with translated(f"write the profile of {language}"):
        hub.api.create_repo(repo, repo_type="dataset", exist_ok=True)
        try:
            old = hub.text(repo, "dataset", path)
        except EntryNotFoundError:
            old = ""
        new = "consent: no\n" + re.sub(r"(?m)^consent:.*\n?", "", old)
        if new != old:
            hub.api.create_commit(
                repo,
                [CommitOperationAdd(path_in_repo=path, path_or_fileobj=new.encode())],
                commit_message=f"Withdraw {language}",
                repo_type="dataset",
            )


def repos_of(hub: Connection, language: str) -> list[tuple[str, RepoType, bool]]:
    """Datasets and models of a language: id, type and whether it is private already."""
    ours = re.compile(rf"{re.escape(hub.org)}/kakugo-(?:.+-)?{language}(?:-[a-z0-9]+)*")
    with translated(f"list what there is of {language}"):
        models = hub.api.list_models(author=hub.org, search=language)
        datasets = hub.api.list_datasets(author=hub.org, search=language)
        found: list[tuple[str, RepoType, bool]] = [
            *((model.id, "model", bool(model.private)) for model in models),
            *((dataset.id, "dataset", bool(dataset.private)) for dataset in datasets),
        ]
    return sorted(one for one in found if ours.fullmatch(one[0]))


def ensure_private(hub: Connection, language: str) -> Iterator[str]:
    """Hide every dataset and model of the language, yielding the id of each."""
    for repo, repo_type, private in repos_of(hub, language):
        if not private:
            with translated(f"make {repo} private"):
                hub.api.update_repo_settings(repo, repo_type=repo_type, private=True)
            yield repo


def ensure_no_folder(hub: Connection, repo: str, folder: str, message: str) -> bool:
    """Whether the folder was there; it is not any more."""
    with translated(f"remove {folder} from {repo}"):
        try:
            there = list(hub.api.list_repo_tree(repo, folder, repo_type="dataset"))
        except (EntryNotFoundError, RepositoryNotFoundError):
            return False
        if there:
            hub.api.create_commit(
                repo,
                [CommitOperationDelete(path_in_repo=f"{folder}/", is_folder=True)],
                commit_message=message,
                repo_type="dataset",
            )
    return bool(there)


def ensure_closed(hub: Connection, num: int) -> None:
    """A discussion that is closed stops its request."""
    with translated(f"close discussion {num}"):
        hub.api.change_discussion_status(
            names.leaderboard(hub.org), num, "closed", repo_type="space"
        )
