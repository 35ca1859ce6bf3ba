"""Versions of an adapter: the tags v1, v2, … of its repository. `main` is the current version.

A new version is made on the branch `next`, so that nobody uses it before it is compared. Its tag is
created last. Versions are never moved or deleted here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from recipes.core import manifest as manifests
from recipes.core.manifest import Manifest

if TYPE_CHECKING:
    from huggingface_hub import HfApi

BRANCH = "next"
FIRST = "v1"
TAG = re.compile(r"v([1-9][0-9]{0,5})")
MANIFEST = "run.json"


def newest_tag(tags: Iterable[str]) -> str | None:
    """Return the tag with the highest number, None without any."""
    numbers = [int(match.group(1)) for tag in tags if (match := TAG.fullmatch(tag))]
    return f"v{max(numbers)}" if numbers else None


def next_tag(tags: Iterable[str]) -> str:
    """Return the tag of the version after these."""
    newest = newest_tag(tags)
    return FIRST if newest is None else f"v{int(newest[1:]) + 1}"


def list_versions(api: HfApi, repo: str) -> dict[str, str]:
    """Return the commit of each version by its tag."""
    refs = api.list_repo_refs(repo)
    return {tag.name: tag.target_commit for tag in refs.tags if TAG.fullmatch(tag.name)}


def ensure_first(api: HfApi, repo: str, commit: str) -> dict[str, str]:
    """Tag `commit` as the first version if there is none; return all versions."""
    if not list_versions(api, repo):
        api.create_tag(repo, tag=FIRST, revision=commit, exist_ok=True)
    return list_versions(api, repo)


def branch_head(api: HfApi, repo: str) -> str | None:
    """Return the commit of the branch on which versions are made, None without that branch."""
    branches = {branch.name: branch.target_commit for branch in api.list_repo_refs(repo).branches}
    return branches.get(BRANCH)


def read_manifest(api: HfApi, repo: str, revision: str) -> Manifest | None:
    """Return the manifest at a revision, None if there is no readable one."""
    return manifests.read(api, repo, "model", MANIFEST, revision)


def tag_of(manifest: Manifest | None) -> str:
    """Return the version that a manifest describes; the first version's does not name it."""
    return FIRST if manifest is None else str(manifest.metrics.get("version", FIRST))
