"""Which models are compared: the base, the adapter (or whole model) tuned from it, and peers.

A peer is any model of the Hub that can chat, or an adapter of one; it gets the same questions and
is never compared by a test.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recipes.core.errors import UserError
from recipes.core.hub_refs import commit_of, is_adapter

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Role = Literal["base", "adapter", "peer"]
# About a model, not of it.
WORDS = ("README.md", ".gitattributes", ".eval_results/", "run.json", "CITATION.cff")


@dataclass(frozen=True)
class Contestant:
    """A model at a commit; `base` and its commit are what it was made from, and what it is put on
    where it is an adapter (`adapted`).

    `files` is a digest of what it is made of: a new card makes a new commit, and no new model.
    """

    role: Role
    model: str
    revision: str
    base: str
    base_revision: str
    adapted: bool
    files: str

    @property
    def weights(self) -> tuple[str, str]:
        """The repository and commit of the whole model that is loaded."""
        return (self.base, self.base_revision) if self.adapted else (self.model, self.revision)


def find(api: HfApi, base_at: tuple[str, str], adapter_at: tuple[str, str]) -> list[Contestant]:
    """Base, and adapter or whole model, each given as its repository and commit."""
    return [
        _contestant(api, "base", base_at, base_at),
        _contestant(api, "adapter", adapter_at, base_at),
    ]


def peers(api: HfApi, repos: Sequence[str]) -> list[Contestant]:
    """The models beside ours, at the commits that they are at now; raises UserError."""
    found = []
    for repo in dict.fromkeys(repos):
        at = repo, commit_of(api, repo, "model")
        found.append(_contestant(api, "peer", at, _under(api, *at)))
    return found


def _contestant(api: HfApi, role: Role, at: tuple[str, str], under: tuple[str, str]) -> Contestant:
    adapted = at != under and is_adapter(api, *at)
    return Contestant(role, *at, *under, adapted, _files(api, at, *([under] if adapted else [])))


def _files(api: HfApi, *places: tuple[str, str]) -> str:
    """One digest over the contents of the files that make a model."""
    seen = hashlib.sha256()
    for repo, revision in places:
        for file in api.model_info(repo, revision=revision, files_metadata=True).siblings or []:
            if not file.rfilename.startswith(WORDS):
                seen.update(f"{file.rfilename} {file.blob_id}\n".encode())
    return seen.hexdigest()


def _under(api: HfApi, repo: str, revision: str) -> tuple[str, str]:
    """What a model stands on: itself, or for an adapter the base that its config names."""
    if not is_adapter(api, repo, revision):
        return repo, revision
    path = api.hf_hub_download(repo, "adapter_config.json", revision=revision)
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        name, pinned = str(config["base_model_name_or_path"]), config.get("revision") or "main"
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"The adapter_config.json of {repo} names no base model.") from error
    return name, commit_of(api, name, "model", pinned)
