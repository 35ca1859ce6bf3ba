"""Repositories at a commit: what all of a run reads, and what its manifest names.

Nothing that needs a model's libraries may be imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipes.core.errors import UserError

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def commit_of(api: HfApi, repo: str, kind: str, revision: str = "main") -> str:
    """The commit that a repository's revision is at; refuses one that is not there to be read."""
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        return str(api.repo_info(repo, repo_type=kind, revision=revision).sha)
    except RepositoryNotFoundError as error:
        raise UserError(
            f"There is no {kind} {repo} on the Hub that this token may read."
        ) from error
    except RevisionNotFoundError as error:
        raise UserError(f"The {kind} {repo} has no revision {revision}.") from error


def is_adapter(api: HfApi, repo: str, revision: str) -> bool:
    """Whether a model's repository holds an adapter, and no whole model."""
    return api.file_exists(repo, "adapter_config.json", revision=revision)


def configs(repo: str, revision: str) -> list[str]:
    """The configs of a data set; refuses one that cannot be read, as when its terms are open."""
    from datasets import get_dataset_config_names

    try:
        return list(get_dataset_config_names(repo, revision=revision))
    except (ValueError, FileNotFoundError) as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"The data set {repo} cannot be read: {said}") from error
