"""Kill a run of a recipe before its writes to the Hub, run it again, and compare the results."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path

from huggingface_hub import HfApi

from tests.recipes.recipe_runner import RecipeRunner
from tests.recipes.train.train_jobs import wait_for_success

Repo = tuple[str, str]  # type and name
# Commits, times and what else depends on the speed of a machine: numbers in JSON, rows of an
# adapter's card, and the last two columns of a bake-off's table.
CHANGING = re.compile(
    r"[0-9a-f]{40}|\d{4}-\d\d-\d\dT[\d:.]{8,}(?:\+00:00|Z)|\"cache_key\": \"[0-9a-f]+\""
    r"|\"\w*(?:seconds?|runtime|energy_kwh|cost_usd)\": [^,}\n]+"
    r"|^\| (?:time|speed|price|energy) \| .*"
    r"|(?<= → \d\.\d\d) \| [\d,]+ \| [\d.]+ \|$",
    re.M,
)


def save(api: HfApi, repos: Iterable[Repo], folder: Path) -> dict[Repo, Path | None]:
    """Download the files of repositories; None for one that does not exist."""
    saved: dict[Repo, Path | None] = {}
    for kind, name in repos:
        path = folder / kind / name
        if exists := api.repo_exists(name, repo_type=kind):
            api.snapshot_download(name, repo_type=kind, local_dir=path)
            shutil.rmtree(path / ".cache")
        saved[kind, name] = path if exists else None
    return saved


def restore(api: HfApi, saved: Mapping[Repo, Path | None]) -> None:
    """Make the repositories again as they were saved, without their history."""
    for (kind, name), path in saved.items():
        api.delete_repo(name, repo_type=kind, missing_ok=True)
        if path:
            api.create_repo(name, repo_type=kind)
            api.upload_folder(repo_id=name, repo_type=kind, folder_path=path)


def published(api: HfApi, repos: Iterable[Repo]) -> dict[str, str]:
    """Return all branches, tags and files of repositories, without what changes in each run."""
    found = {}
    for kind, name in repos:
        refs = api.list_repo_refs(name, repo_type=kind)
        found[name] = f"{sorted(ref.ref for ref in (*refs.branches, *refs.tags))}"
        for path in api.list_repo_files(name, repo_type=kind):
            raw = Path(api.hf_hub_download(name, path, repo_type=kind)).read_bytes()
            found[f"{name}/{path}"] = normalized(raw)
    return found


def normalized(raw: bytes) -> str:
    """Return a text without what changes in each run, and of other files the SHA-256."""
    try:
        return CHANGING.sub("", raw.decode())
    except UnicodeDecodeError:
        return hashlib.sha256(raw).hexdigest()


def check_every_write(
    api: HfApi, runner: RecipeRunner, argv: list[str], repos: Iterable[Repo], folder: Path
) -> int:
    """Compare a run with runs killed before their first, second, … write, and repeated.

    Returns how many writes a run makes. The repositories start each time as they are now.
    """
    saved = save(api, repos, folder)
    wait_for_success(runner.start(*argv))
    expected = published(api, saved)
    for write in count(1):
        restore(api, saved)
        status = runner.start(*argv, killed_before_write=write).wait()
        if status == -9:
            wait_for_success(runner.start(*argv))
        differences = different(published(api, saved), expected)
        assert not differences, f"killed before write {write}: {differences}"
        if status != -9:
            assert status == 0
            return write - 1
    raise AssertionError


def different(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return the paths of what differs."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))
