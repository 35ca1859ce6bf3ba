"""Look up the commits and contents of repositories on the Hub.

This module must not import libraries for models.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from recipes.core.errors import UserError
from recipes.validation.errors import quote, reason_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def split_ref(ref: str) -> tuple[str, str]:
    """Return repository and revision of `REPO@REVISION`; of `REPO`, the revision is main.

    Raises UserError for an empty one: `REPO@$COMMIT` must not mean main if a shell knows no commit.
    """
    repo, at, revision = ref.partition("@")
    if not repo or (at and not revision):
        raise UserError(f"{quote(ref)} is neither REPO nor REPO@REVISION.")
    return repo, revision or "main"


def commit_of(api: HfApi, repo: str, repo_type: str, revision: str = "main") -> str:
    """Return the commit of a revision; raise UserError if it cannot be read."""
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        return str(api.repo_info(repo, repo_type=repo_type, revision=revision).sha)
    except RepositoryNotFoundError as error:
        raise UserError(
            f"There is no {repo_type} {repo} on the Hub that this token can read."
        ) from error
    except RevisionNotFoundError as error:
        raise UserError(f"The {repo_type} {repo} has no revision {revision}.") from error


def is_adapter(api: HfApi, repo: str, revision: str) -> bool:
    """Return whether a model's repository has an adapter, not a whole model."""
    return api.file_exists(repo, "adapter_config.json", revision=revision)


@cache
def configs(repo: str, commit: str) -> tuple[str, ...]:
    """Return the configs of a dataset; raise UserError if it cannot be read (it may be gated)."""
    from datasets import get_dataset_config_names

    with unreadable_is_refused(repo):
        return tuple(get_dataset_config_names(repo, revision=commit))


@cache
def splits(repo: str, config: str | None, commit: str) -> tuple[str, ...]:
    """Return the splits of a config that exists; raise UserError if it cannot be read."""
    from datasets import get_dataset_split_names

    with unreadable_is_refused(repo):
        return tuple(get_dataset_split_names(repo, config, revision=commit))


@contextmanager
def unreadable_is_refused(repo: str) -> Iterator[None]:
    """Raise UserError where `datasets` says that it cannot read a dataset."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        raise UserError(f"The dataset {repo} cannot be read: {reason_of(error)}") from error
