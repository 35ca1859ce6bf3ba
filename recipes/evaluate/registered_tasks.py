"""Which tasks the Hub shows on a leaderboard: those of benchmarks that it has registered.

A result for any other task comes back as an error (https://huggingface.co/docs/hub/eval-results).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from recipes.validation.documents import read_yaml
from recipes.validation.errors import InvalidInput

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def registered_tasks(api: HfApi, datasets: Collection[str]) -> frozenset[tuple[str, str]]:
    """Return dataset and id of every registered task of these datasets."""
    registered = {info.id for info in api.list_datasets(benchmark=True)} & set(datasets)
    return frozenset((repo, task) for repo in registered for task in _tasks(api, repo))


def _tasks(api: HfApi, repo: str) -> Iterator[str]:
    """Yield the ids in the `eval.yaml` of a benchmark; none if it is not one."""
    path = api.hf_hub_download(repo, "eval.yaml", repo_type="dataset")
    try:
        document = read_yaml(Path(path).read_bytes(), f"eval.yaml of {repo}")
    except InvalidInput:
        return
    tasks = document.get("tasks") if isinstance(document, Mapping) else None
    for task in tasks if isinstance(tasks, list) else ():
        if isinstance(task, Mapping) and isinstance(task.get("id"), str):
            yield task["id"]
