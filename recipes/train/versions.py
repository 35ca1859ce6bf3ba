"""Versions of an adapter: tags v1, v2, … of its repository; `main` is the version in use.

A new version is made on the branch `next`, so that nobody uses it before it was compared; its tag
comes last of all. Versions are never moved or deleted here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from recipes.core.errors import UserError
from recipes.core.manifest import Manifest

if TYPE_CHECKING:
    from huggingface_hub import HfApi

BRANCH = "next"
FIRST = "v1"
TAG = re.compile(r"v([1-9][0-9]{0,5})")
RUN = "run.json"


def newest(tags: Iterable[str]) -> str | None:
    """The tag with the highest number; None without any."""
    numbers = [int(found.group(1)) for tag in tags if (found := TAG.fullmatch(tag))]
    return f"v{max(numbers)}" if numbers else None


def following(tags: Iterable[str]) -> str:
    """The tag of the next version."""
    last = newest(tags)
    return FIRST if last is None else f"v{int(last[1:]) + 1}"


def of(api: HfApi, repo: str) -> dict[str, str]:
    """The versions that there are, and the commit of each."""
    refs = api.list_repo_refs(repo)
    return {tag.name: tag.target_commit for tag in refs.tags if TAG.fullmatch(tag.name)}


def begin(api: HfApi, repo: str, commit: str) -> dict[str, str]:
    """The versions, after what is there became the first one where nothing else was."""
    if not of(api, repo):
        api.create_tag(repo, tag=FIRST, revision=commit, exist_ok=True)
    return of(api, repo)


def head(api: HfApi, repo: str) -> str | None:
    """The commit of the branch of the version in the making."""
    branches = {branch.name: branch.target_commit for branch in api.list_repo_refs(repo).branches}
    return branches.get(BRANCH)


def manifest(api: HfApi, repo: str, revision: str) -> Manifest | None:
    """The manifest at a revision, None where there is none that can be read."""
    if not api.file_exists(repo, RUN, revision=revision):
        return None
    with open(api.hf_hub_download(repo, RUN, revision=revision), encoding="utf-8") as file:
        try:
            return Manifest.from_json(file.read())
        except UserError:
            return None


def name(made: Manifest | None) -> str:
    """Which version a manifest is of: the first one says nothing of it."""
    return FIRST if made is None else str(made.metrics.get("version", FIRST))
