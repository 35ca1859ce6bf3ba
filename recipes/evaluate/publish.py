"""Puts an evaluation on the Hub: answers as they come, then rows, then what the adapter shows.

One commit each, and doing it again changes nothing but dates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recipes.core import manifest
from recipes.evaluate import card, markdown, response_cache
from recipes.evaluate.markdown import Report
from recipes.evaluate.schema import Row

if TYPE_CHECKING:
    import argparse

    from huggingface_hub import HfApi


@dataclass(frozen=True)
class Place:
    """The folder of an adapter's results in the dataset of all results."""

    repo: str
    folder: str

    def path(self, name: str) -> str:
        """Where in the repository one of its files is."""
        return f"{self.folder}/{name}"

    def rows_at(self, endpoint: str, commit: str) -> str:
        """The page of its rows, as they were pushed."""
        return f"{endpoint}/datasets/{self.repo}/blob/{commit}/{self.path('results.jsonl')}"


def place(args: argparse.Namespace) -> Place:
    """Where the results of this run are."""
    return Place(args.into, f"{args.config.language}/{args.adapter.split('/')[-1]}")


def made(api: HfApi, args: argparse.Namespace) -> bool:
    """Whether this run is done: a manifest of its digest, and no peer that is not in it."""
    where = place(args)
    path = where.path("run.json")
    if not manifest.already_made(api, where.repo, "dataset", path, args.digest):
        return False
    done = manifest.Manifest.from_json(_text(api, where.repo, "dataset", path))
    return set(args.models) <= set(done.metrics.get("peers", ()))


def kept(api: HfApi, where: Place) -> response_cache.Kept:
    """The answers of earlier runs that are on the Hub."""
    path = where.path("outputs.jsonl")
    if not api.repo_exists(where.repo, repo_type="dataset"):
        return {}
    if not api.file_exists(where.repo, path, repo_type="dataset"):
        return {}
    return response_cache.read(_text(api, where.repo, "dataset", path))


def push(api: HfApi, where: Place, files: Mapping[str, Sequence[Row]], message: str) -> str:
    """Commit these lines as files of the folder, together; returns the commit's sha."""
    from huggingface_hub import CommitOperationAdd

    api.create_repo(where.repo, repo_type="dataset", exist_ok=True)
    commit = api.create_commit(
        where.repo,
        repo_type="dataset",
        commit_message=message,
        operations=[
            CommitOperationAdd(where.path(name), jsonl(lines)) for name, lines in files.items()
        ],
    )
    return str(commit.oid)


def show(api: HfApi, adapter: str, report: Report, date: str, source: str) -> None:
    """Put the results into the adapter's card, its metadata and `.eval_results`, in one commit."""
    from huggingface_hub import CommitOperationAdd, ModelCard

    model_card = ModelCard.load(adapter)
    name = adapter.split("/")[-1]
    card.update(model_card, name, markdown.markdown(report), report.outcomes, report.practice)
    files = card.eval_results(report.outcomes, report.language, report.practice, date, source)
    api.create_commit(
        adapter,
        commit_message="Add the results of the evaluation",
        operations=[
            CommitOperationAdd("README.md", str(model_card).encode()),
            *(CommitOperationAdd(path, content) for path, content in files.items()),
        ],
    )


def spent(
    api: HfApi, dataset: tuple[str, str], adapter: tuple[str, str]
) -> tuple[float, float | None]:
    """(US dollars, kWh) that both took, each given as its repository and commit.

    As far as their manifests tell.
    """
    dollars, energy = 0.0, None
    for (repo, at), kind in ((dataset, "dataset"), (adapter, "model")):
        if api.file_exists(repo, "run.json", repo_type=kind, revision=at):
            done = manifest.Manifest.from_json(_text(api, repo, kind, "run.json", at))
            dollars += done.cost_usd + float(done.metrics.get("earlier_runs_usd", 0.0))
            if (told := done.metrics.get("energy_kwh")) is not None:
                energy = (energy or 0.0) + float(told)
    return dollars, energy


def _text(api: HfApi, repo: str, kind: str, path: str, revision: str = "main") -> str:
    local = api.hf_hub_download(repo, path, repo_type=kind, revision=revision)
    with open(local, encoding="utf-8") as file:
        return file.read()


def jsonl(lines: Sequence[dict[str, Any]]) -> bytes:
    """One JSON object a line."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
