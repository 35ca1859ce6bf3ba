"""Take down one language because its speakers withdraw it.

Everything may be repeated, and the repos' histories keep what is removed, except feedback. All
functions raise TryLater and Refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

from bot.domain import names
from bot.domain.community import Consent, parse
from bot.hub.client import Connection, translate_errors

RepoType = Literal["model", "dataset"]


def ensure_no_consent(hub: Connection, language: str) -> None:
    """Write `consent: no` into the profile."""
    repo, path = names.communities(hub.org), names.profile_path(language)
    with translate_errors(f"write the profile of {language}"):
        hub.api.create_repo(repo, repo_type="dataset", exist_ok=True)
        try:
            old = hub.content(repo, "dataset", path).decode("utf-8", "replace")
        except EntryNotFoundError:
            old = ""
        new = _without_consent(old)
        if new != old:
            hub.api.create_commit(
                repo,
                [CommitOperationAdd(path_in_repo=path, path_or_fileobj=new.encode())],
                commit_message=f"Withdraw {language}",
                repo_type="dataset",
            )


def _without_consent(profile: str) -> str:
    """Return the profile with `consent: no`.

    Its other lines stay, as comments if they are wrong, or are left out if even that is unreadable.
    """
    no, lines = "consent: no\n", profile.splitlines(keepends=True)
    commented = "".join(line if line.startswith("#") else f"# {line}" for line in lines)
    kept = re.sub(r"(?m)^consent:.*\n?", "", profile)
    candidates = (f"{no}{kept}", f"{no}{commented}", no)
    return next(text for text in candidates if parse(text).consent is Consent.NO)


def ensure_private(hub: Connection, language: str) -> Iterator[str]:
    """Make every dataset and model of the language private, and yield the id of each."""
    for repo, repo_type, is_private in _repos(hub, language):
        if not is_private:
            with translate_errors(f"make {repo} private"):
                hub.api.update_repo_settings(repo, repo_type=repo_type, private=True)
            yield repo


def ensure_no_folder(hub: Connection, repo: str, folder: str, message: str) -> bool:
    """Delete the folder from a dataset; return whether it existed."""
    with translate_errors(f"remove {folder} from {repo}"):
        try:
            items = list(hub.api.list_repo_tree(repo, folder, repo_type="dataset"))
        except (EntryNotFoundError, RepositoryNotFoundError):
            return False
        if items:
            hub.api.create_commit(
                repo,
                [CommitOperationDelete(path_in_repo=f"{folder}/", is_folder=True)],
                commit_message=message,
                repo_type="dataset",
            )
    return bool(items)


def _repos(hub: Connection, language: str) -> list[tuple[str, RepoType, bool]]:
    """Return datasets and models of a language: id, type and whether it is private."""
    pattern = re.compile(rf"{re.escape(hub.org)}/kakugo-(?:.+-)?{language}(?:-[a-z0-9]+)*")
    with translate_errors(f"list the repos of {language}"):
        models = hub.api.list_models(author=hub.org, search=language)
        datasets = hub.api.list_datasets(author=hub.org, search=language)
        repos: list[tuple[str, RepoType, bool]] = [
            *((model.id, "model", bool(model.private)) for model in models),
            *((dataset.id, "dataset", bool(dataset.private)) for dataset in datasets),
        ]
    return sorted(repo for repo in repos if pattern.fullmatch(repo[0]))
