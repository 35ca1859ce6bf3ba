"""Push an evaluation to the Hub: outputs as they come, the results, and the adapter's card.

Each is one commit; repeating one changes nothing but dates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core import manifest
from recipes.core.benchmarks.table import leaderboard_columns
from recipes.evaluate import card, markdown, response_cache
from recipes.evaluate.markdown import Report
from recipes.evaluate.registered_tasks import registered_tasks
from recipes.evaluate.schema import Row

if TYPE_CHECKING:
    import argparse

    from huggingface_hub import HfApi


CARD = Path(__file__).with_name("results_card.md")


@dataclass(frozen=True)
class ResultsFolder:
    """The folder of an adapter in the results dataset; `org` has the leaderboard."""

    repo: str
    folder: str
    org: str

    def path(self, name: str) -> str:
        """Return the path of a file of the folder in the repository."""
        return f"{self.folder}/{name}"

    def results_url(self, endpoint: str, commit: str) -> str:
        """Return the page of results.jsonl at a commit."""
        return f"{endpoint}/datasets/{self.repo}/blob/{commit}/{self.path('results.jsonl')}"


def results_folder(args: argparse.Namespace) -> ResultsFolder:
    """Return the folder of this run's adapter."""
    folder = f"{args.config.language}/{args.adapter.split('/')[-1]}"
    return ResultsFolder(args.into, folder, args.org)


def is_done(api: HfApi, args: argparse.Namespace, revisions: Mapping[str, str]) -> bool:
    """Return whether there is a manifest of this digest that has all that this run asks for."""
    target = results_folder(args)
    made = manifest.read(api, target.repo, "dataset", target.path("run.json"))
    return made is not None and made.digest == args.digest and covers(made, args.models, revisions)


def covers(made: manifest.Manifest, models: Sequence[str], revisions: Mapping[str, str]) -> bool:
    """Return whether a run compared these models and read repositories at these commits.

    A branch or tag is not a commit.
    """
    peers = set(made.metrics.get("peers", ()))
    return revisions.items() <= made.inputs.items() and set(models) <= peers


def have_same_owner(adapter: str, results: str) -> bool:
    """Return whether adapter and results are in one namespace, so that its card may be written."""
    return adapter.partition("/")[0] == results.partition("/")[0]


def earlier_peers(api: HfApi, target: ResultsFolder) -> list[str]:
    """Return the peers of the last run, which a run with others keeps."""
    pushed = manifest.read(api, target.repo, "dataset", target.path("run.json"))
    return list(pushed.metrics.get("peers", ())) if pushed else []


def cached_outputs(api: HfApi, target: ResultsFolder) -> response_cache.CachedOutputs:
    """Return the outputs that earlier runs pushed; empty if there are none."""
    return response_cache.parse(_pushed(api, target, "outputs.jsonl"))


def results(api: HfApi, target: ResultsFolder) -> list[Row]:
    """Return the rows of results.jsonl that were pushed; empty if there are none."""
    return parse_jsonl(_pushed(api, target, "results.jsonl"))


def push(
    api: HfApi, target: ResultsFolder, files: Mapping[str, Sequence[Row]], message: str
) -> str:
    """Commit the rows of these files of the folder together; return the commit's sha.

    `benchmarks.json` beside the folders describes the columns of the leaderboard, and the card the
    columns of the files, so that `load_dataset` reads those of all adapters together.
    """
    from huggingface_hub import CommitOperationAdd

    api.create_repo(target.repo, repo_type="dataset", exist_ok=True)
    columns = json.dumps(leaderboard_columns(), ensure_ascii=False, indent=1) + "\n"
    commit = api.create_commit(
        target.repo,
        repo_type="dataset",
        commit_message=message,
        operations=[
            CommitOperationAdd("README.md", results_card(api.endpoint, target).encode()),
            CommitOperationAdd("benchmarks.json", columns.encode()),
            *(CommitOperationAdd(target.path(name), jsonl(rows)) for name, rows in files.items()),
        ],
    )
    return str(commit.oid)


def results_card(endpoint: str, target: ResultsFolder) -> str:
    """Return the card of the results dataset."""
    leaderboard = f"{endpoint}/spaces/{target.org}/kakugo"
    text = CARD.read_text(encoding="utf-8")
    return text.replace("{repo}", target.repo).replace("{leaderboard}", leaderboard)


def update_adapter(
    api: HfApi, adapter: str, report: Report, evaluated_at: str, results_url: str
) -> None:
    """Put the results into the adapter's card, its metadata and `.eval_results`, in one commit."""
    from huggingface_hub import CommitOperationAdd, ModelCard

    model_card = ModelCard.load(adapter)
    name = adapter.split("/")[-1]
    card.update(model_card, name, markdown.render(report), report.results, report.practice)
    registered = registered_tasks(api, {result.task.dataset for result in report.results})
    files = card.eval_results(
        report.results, report.language, report.practice, evaluated_at, results_url, registered
    )
    api.create_commit(
        adapter,
        commit_message="Add the results of the evaluation",
        operations=[
            CommitOperationAdd("README.md", str(model_card).encode()),
            *(CommitOperationAdd(path, content) for path, content in files.items()),
        ],
    )


def cost(
    api: HfApi, args: argparse.Namespace, inputs: Mapping[str, str]
) -> tuple[float, float | None]:
    """Return the (US dollars, kWh) of this run's dataset and adapter, at their commits in `inputs`.

    Both come from the manifests; kWh is None if neither has it.
    """
    dollars, energy = 0.0, None
    for repo, repo_type in ((args.dataset, "dataset"), (args.adapter, "model")):
        commit = inputs[repo]
        if api.file_exists(repo, "run.json", repo_type=repo_type, revision=commit):
            run = manifest.Manifest.from_json(_text(api, repo, repo_type, "run.json", commit))
            dollars += run.cost_usd + float(run.metrics.get("earlier_runs_usd", 0.0))
            if (energy_kwh := run.metrics.get("energy_kwh")) is not None:
                energy = (energy or 0.0) + float(energy_kwh)
    return dollars, energy


def _pushed(api: HfApi, target: ResultsFolder, name: str) -> str:
    """Return a file of the folder; empty if there is none."""
    path = target.path(name)
    if not api.file_exists(target.repo, path, repo_type="dataset"):
        return ""
    return _text(api, target.repo, "dataset", path)


def _text(api: HfApi, repo: str, repo_type: str, path: str, revision: str = "main") -> str:
    local = api.hf_hub_download(repo, path, repo_type=repo_type, revision=revision)
    with open(local, encoding="utf-8") as file:
        return file.read()


def jsonl(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return one JSON object per line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def parse_jsonl(text: str) -> list[Row]:
    """Return the rows that `jsonl` wrote."""
    lines = text.split("\n")  # splitlines would split at characters that JSON does not escape
    return [json.loads(line) for line in lines if line]
