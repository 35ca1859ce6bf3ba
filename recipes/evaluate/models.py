"""Find the compared models, each at a commit: base, adapter (or tuned model) and peers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recipes.core.errors import Unworkable
from recipes.core.hub_refs import commit_of, is_adapter

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Role = Literal["base", "adapter", "peer"]
RepoAt = tuple[str, str]  # repository, commit
# Files that do not change what a model answers.
METADATA_FILES = ("README.md", ".gitattributes", ".eval_results/", "run.json", "CITATION.cff")


@dataclass(frozen=True)
class ComparedModel:
    """A model at a commit, and the base that it was tuned from (itself for a base or whole peer).

    `is_adapter` means that it is loaded on top of that base. `files` is a digest of the files that
    decide its outputs: a new card makes a new commit, but not a new model.
    """

    role: Role
    model: str
    revision: str
    base: str
    base_revision: str
    is_adapter: bool
    files: str

    @property
    def weights(self) -> RepoAt:
        """The repository and commit of the whole model that is loaded."""
        return (self.base, self.base_revision) if self.is_adapter else (self.model, self.revision)


def base_and_adapter(api: HfApi, base: RepoAt, adapter: RepoAt) -> list[ComparedModel]:
    """Return the base and the adapter, which may also be a whole model tuned from the base."""
    return [_compared(api, "base", base, base), _compared(api, "adapter", adapter, base)]


def peers(api: HfApi, repos: Sequence[str]) -> list[ComparedModel]:
    """Return other models at their current commits; raise UserError if one cannot be read."""
    models = []
    for repo in dict.fromkeys(repos):
        model = repo, commit_of(api, repo, "model")
        models.append(_compared(api, "peer", model, _base_of(api, *model)))
    return models


def _compared(api: HfApi, role: Role, model: RepoAt, base: RepoAt) -> ComparedModel:
    adapter = model != base and is_adapter(api, *model)
    files = _files_digest(api, model, *([base] if adapter else []))
    return ComparedModel(role, *model, *base, adapter, files)


def _files_digest(api: HfApi, *repos: RepoAt) -> str:
    digest = hashlib.sha256()
    for repo, revision in repos:
        for file in api.model_info(repo, revision=revision, files_metadata=True).siblings or []:
            if not file.rfilename.startswith(METADATA_FILES):
                digest.update(f"{file.rfilename} {file.blob_id}\n".encode())
    return digest.hexdigest()


def _base_of(api: HfApi, repo: str, revision: str) -> RepoAt:
    """Return the base that an adapter's config names; the model itself if it is whole."""
    if not is_adapter(api, repo, revision):
        return repo, revision
    path = api.hf_hub_download(repo, "adapter_config.json", revision=revision)
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        name, base_revision = str(config["base_model_name_or_path"]), config.get("revision")
    except (ValueError, KeyError, TypeError) as error:
        raise Unworkable(f"The adapter_config.json of {repo} names no base model.") from error
    return name, commit_of(api, name, "model", base_revision or "main")
