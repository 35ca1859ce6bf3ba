"""Evaluation results that models carry in ``.eval_results/*.yaml``, and leaderboards of them."""

from __future__ import annotations

import sqlite3
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError, Json, flag
from bot.localhub.repos import cards, git, history, repos
from bot.localhub.repos.repos import Repo

FOLDER = ".eval_results"
BENCHMARK = "eval.yaml"
FILE_LIMIT = 1 << 20


def results(hub: Hub, db: sqlite3.Connection, tree: str) -> list[Json]:
    """Every result in a tree as ``{filename, verified, data}``, or ``{filename, error}``."""
    folder = git.entry_at(db, tree, FOLDER)
    if folder is None or not folder.is_folder:
        return []
    found: list[Json] = []
    for path, entry in git.walk(db, folder.oid, FOLDER, recursive=False):
        if entry.is_folder or not path.endswith((".yaml", ".yml")):
            continue
        file = git.load_file(db, entry.oid)
        try:
            text = "" if file.size > FILE_LIMIT else hub.store.blob_path(file.sha256).read_text()
            found += [{"filename": path, "verified": False, "data": d} for d in parse(text)]
        except ValueError as error:
            found.append({"filename": path, "error": str(error)})
    return found


def parse(text: str) -> list[Json]:
    """The entries of one file; ValueError with the reason if it is not one."""
    try:
        entries = cards.read_yaml(text)
    except (yaml.YAMLError, TypeError, RecursionError) as error:
        raise ValueError(f"not valid YAML: {str(error)[:200]}") from error
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


def leaderboard(request: Request) -> Response:
    """The models that report a result on a benchmark dataset, best first."""
    hub, user = hub_of(request), auth.who(request)
    bases_only = flag(request, "base_model")
    with hub.store.read() as db:
        dataset = repos.asked(request, db)
        main = history.resolve(db, dataset.id, history.MAIN)
        if git.file_at(db, main.tree, BENCHMARK) is None:
            raise HubError(404, f"{dataset.name} is no benchmark: it holds no {BENCHMARK}")
        rows: list[Json] = []
        for row in db.execute("SELECT * FROM repos WHERE type = 'model'").fetchall():
            model = repos.of_row(row)
            if repos.may_see(db, user, model) and not (bases_only and "base_model" in model.card):
                rows += _entries(hub, db, model, dataset)
    rows.sort(key=lambda entry: (-entry["value"], entry["modelId"]))
    return JSONResponse([{"rank": n, **entry} for n, entry in enumerate(rows, 1)])


def _entries(hub: Hub, db: sqlite3.Connection, model: Repo, dataset: Repo) -> list[Json]:
    tree = history.resolve(db, model.id, history.MAIN).tree
    owner = auth.account(db, model.namespace)
    assert owner is not None
    author: dict[str, Any] = {
        "type": owner["type"], "name": owner["name"], "fullname": owner["fullname"],
        "avatarUrl": f"/avatars/{owner['name']}.svg",
    }  # fmt: skip
    return [
        {
            "modelId": model.name, "value": item["data"]["value"], "filename": item["filename"],
            "verified": item["verified"], "author": author,
            **{k: item["data"][k] for k in ("source", "notes") if k in item["data"]},
        }
        for item in results(hub, db, tree)
        if "data" in item and item["data"]["dataset"]["id"].lower() == dataset.name.lower()
    ]  # fmt: skip


ROUTES = [Route("/api/{kind:kind}/{namespace}/{name}/leaderboard", leaderboard)]
