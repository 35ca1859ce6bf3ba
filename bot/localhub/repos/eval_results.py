"""Evaluation results that a model publishes in `.eval_results/*.yaml`.

Only those of registered benchmarks count: https://huggingface.co/docs/hub/eval-results. The Hub's
staff registers them; here the tag `benchmark:official` of the card does.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import yaml

from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Json
from bot.localhub.repos import cards, git, history, repos

FOLDER, REGISTERED = ".eval_results", "benchmark:official"
FILE_LIMIT = 1 << 20


def results(hub: Hub, db: sqlite3.Connection, tree: str) -> list[Json]:
    """Return every result in a tree as `{filename, verified, data}`, or `{filename, error}`."""
    folder = git.entry_at(db, tree, FOLDER)
    if folder is None or not folder.is_folder:
        return []
    items: list[Json] = []
    for path, entry in git.walk(db, folder.oid, FOLDER, recursive=False):
        if entry.is_folder or not path.endswith((".yaml", ".yml")):
            continue
        file = git.load_file(db, entry.oid)
        try:
            text = "" if file.size > FILE_LIMIT else hub.store.blob_path(file.sha256).read_text()
            for data in parse(text):
                _check_registered(hub, db, data["dataset"]["id"], data["dataset"]["task_id"])
                items.append({"filename": path, "verified": False, "data": data})
        except ValueError as error:
            items.append({"filename": path, "error": str(error)})
    return items


def _check_registered(hub: Hub, db: sqlite3.Connection, dataset: str, task: str) -> None:
    """Raise ValueError unless the dataset is a registered benchmark that has this task."""
    repo = repos.load(db, "dataset", dataset)
    if repo is None or repo.private or REGISTERED not in repo.tags:
        raise ValueError(f"{dataset} is not a registered benchmark")
    file = git.file_at(db, history.resolve(db, repo.id, history.MAIN).tree, "eval.yaml")
    content = hub.store.blob_path(file.sha256).read_text() if file else ""
    document = _read(content)
    tasks = document.get("tasks") if isinstance(document, dict) else None
    items = tasks if isinstance(tasks, list) else []
    if task not in [item.get("id") for item in items if isinstance(item, dict)]:
        raise ValueError(f"{dataset} has no task {task}")


def _read(text: str) -> Any:
    try:
        return cards.read_yaml(text)
    except (yaml.YAMLError, TypeError, RecursionError) as error:
        raise ValueError(f"not valid YAML: {str(error)[:200]}") from error


def parse(text: str) -> list[Json]:
    """Return the entries of one file; raises ValueError with the reason if it is not valid."""
    entries = _read(text)
    if not isinstance(entries, list):
        raise ValueError("an eval results file must be a list")
    for entry in entries:
        dataset = entry.get("dataset") if isinstance(entry, dict) else None
        names = [dataset.get(key) for key in ("id", "task_id")] if isinstance(dataset, dict) else []
        if not names or not all(isinstance(name, str) for name in names):
            raise ValueError("each result needs dataset.id and dataset.task_id")
        if not isinstance(entry.get("value"), (int, float)) or isinstance(entry["value"], bool):
            raise ValueError("each result needs a value that is a number")
    return entries
