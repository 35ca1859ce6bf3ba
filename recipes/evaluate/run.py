"""`kakugo-recipe evaluate`: base and adapter on the same benchmarks, results and card out.

The base is scored before the adapter is put on it, so its scores are the plain base's. Items found
in the training data are left out and counted. Pushes rows and outputs in one commit, then the
adapter's card, then `run.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from recipes import base, manifest
from recipes.evaluate import benchmarks, contamination, results, scoring
from recipes.evaluate.benchmarks import Suite, Task
from recipes.evaluate.results import Outcome, Outputs, Run
from recipes.evaluate.settings import Settings, parse
from recipes.job import Job, pin
from recipes.progress import Progress, say
from recipes.refusal import Refusal

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PACKAGES = ("torch", "transformers", "peft", "datasets", "sacrebleu")


@dataclass(frozen=True)
class Questions:
    """The tasks without what was trained on: texts checked, found there, items left out for it."""

    tasks: tuple[Task, ...]
    not_covered: tuple[str, ...]
    checked: int
    contaminated: int
    left_out: int


def main(args: argparse.Namespace) -> None:
    """Evaluate and push, or leave at once when the manifest of this digest is there."""
    base.quiet()
    from huggingface_hub import HfApi

    settings = parse(args.config.evaluate)
    api = HfApi()
    path = f"{_folder(args)}/run.json"
    if manifest.already_made(api, args.into, "dataset", path, args.digest):
        say(f"{args.into} has {path} already, with digest {args.digest[:12]}")
        return
    repos = {args.dataset: "dataset", args.base: "model", args.adapter: "model"}
    _evaluate(pin(api, args, settings, repos))


def _evaluate(job: Job[Settings]) -> None:
    suite = benchmarks.load(job.api, job.settings, job.config.language)
    job.inputs.update(suite.revisions)
    questions = _clean(job, suite)
    say(f"{_items(questions.tasks)} items of {len(questions.tasks)} tasks, {job.seconds():.1f} s")
    outcomes = _judged(job, questions.tasks)
    say(f"scored, {job.seconds():.1f} s")
    commit = _push(job, outcomes)
    _update_card(job, questions, outcomes)
    made = _manifest(job, questions, outcomes, commit)
    manifest.push(job.api, job.args.into, "dataset", f"{_folder(job.args)}/run.json", made)
    say(results.table(outcomes, questions.not_covered, job.config.practice))
    say(f"pushed {job.args.into}/{_folder(job.args)}; {job.seconds():.1f} s in all")


def _folder(args: argparse.Namespace) -> str:
    return f"{args.config.language}/{args.adapter.split('/')[-1]}"


def _clean(job: Job[Settings], suite: Suite) -> Questions:
    """Take out what the adapter was trained on; a task of which nothing is left is refused."""
    texts = {text for task in suite.tasks for item in task.items for text in item.texts}
    seen = contamination.found(
        texts,
        _training_messages(job.args.dataset, job.inputs[job.args.dataset]),
        job.settings.copied,
    )
    tasks = tuple(_without(task, seen) for task in suite.tasks)
    lost = _items(suite.tasks) - _items(tasks)
    say(f"{len(seen)} of {len(texts)} benchmark texts are in the training data: {lost} items out")
    return Questions(tasks, suite.not_covered, len(texts), len(seen), lost)


def _without(task: Task, seen: set[str]) -> Task:
    kept = tuple(item for item in task.items if seen.isdisjoint(item.texts))
    if not kept:
        raise Refusal(f"Every item of {task.benchmark} is in the training data: nothing to score.")
    return replace(task, items=kept)


def _training_messages(repo: str, revision: str) -> list[str]:
    from datasets import load_dataset

    splits = load_dataset(repo, "default", revision=revision)
    return [
        turn["content"] for split in splits.values() for chat in split["messages"] for turn in chat
    ]


def _items(tasks: Sequence[Task]) -> int:
    return sum(len(task.items) for task in tasks)


def _judged(job: Job[Settings], tasks: Sequence[Task]) -> list[Outcome]:
    """Score the plain base, put the adapter on, score that, compare."""
    settings = job.settings
    progress = Progress(2 * _items(tasks), "items")
    answered = 0

    def show(items: int) -> None:
        nonlocal answered
        answered += items
        progress.show(answered)

    model, tokenizer = _load_base(job)
    plain = [_answers(model, tokenizer, task, settings, show) for task in tasks]
    adapted = _with_adapter(job, model)
    better = [_answers(adapted, tokenizer, task, settings, show) for task in tasks]
    return [
        results.judge(task, before, after, settings.choice.normalise, settings.bootstrap)
        for task, before, after in zip(tasks, plain, better, strict=True)
    ]


def _load_base(job: Job[Settings]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    import torch

    settings = job.settings
    model, tokenizer = base.load(job.args.base, job.base_revision, settings.threads, settings.model)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).train(False), tokenizer  # type: ignore[arg-type]


def _with_adapter(job: Job[Settings], model: PreTrainedModel) -> PreTrainedModel:
    """The same model with the adapter on it, merged into its weights when the recipe says so."""
    from peft import PeftModel

    settings = job.settings
    revision = job.inputs[job.args.adapter]
    adapted: Any = PeftModel.from_pretrained(model, job.args.adapter, revision=revision)
    scored: PreTrainedModel = adapted.merge_and_unload() if settings.merge else adapted
    scored.train(False)
    return scored


def _answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    task: Task,
    settings: Settings,
    show: Callable[[int], None],
) -> Outputs:
    if task.metric == "chrF++":
        return scoring.translate(model, tokenizer, task.items, settings.generation, show)
    return scoring.choose(model, tokenizer, task.items, settings.choice, show)


def _push(job: Job[Settings], outcomes: Sequence[Outcome]) -> str:
    """Commit rows and raw outputs together; returns the commit's sha."""
    from huggingface_hub import CommitOperationAdd

    run = Run(
        language=job.config.language,
        base=job.args.base,
        adapter=job.args.adapter,
        practice=job.config.practice,
        request=job.args.request,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        cost_usd=_spent(job),
    )
    files = {"results": results.rows(run, outcomes), "outputs": results.outputs(run, outcomes)}
    job.api.create_repo(job.args.into, repo_type="dataset", exist_ok=True)
    commit = job.api.create_commit(
        job.args.into,
        repo_type="dataset",
        commit_message=f"Add the results of {job.args.adapter}",
        operations=[
            CommitOperationAdd(f"{_folder(job.args)}/{name}.jsonl", _jsonl(lines))
            for name, lines in files.items()
        ],
    )
    return str(commit.oid)


def _jsonl(lines: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _spent(job: Job[Settings]) -> float:
    """US dollars that dataset and adapter cost, as far as their manifests tell."""
    total = 0.0
    for repo, kind in ((job.args.dataset, "dataset"), (job.args.adapter, "model")):
        if job.api.file_exists(repo, "run.json", repo_type=kind):
            path = job.api.hf_hub_download(repo, "run.json", repo_type=kind)
            with open(path, encoding="utf-8") as file:
                total += manifest.Manifest.from_json(file.read()).cost_usd
    return total


def _update_card(job: Job[Settings], questions: Questions, outcomes: Sequence[Outcome]) -> None:
    from huggingface_hub import ModelCard

    from recipes.evaluate import card

    adapter, practice = job.args.adapter, job.config.practice
    model_card = ModelCard.load(adapter)
    table = results.table(outcomes, questions.not_covered, practice)
    card.update(model_card, adapter.split("/")[-1], table, outcomes, practice)
    job.api.upload_file(
        repo_id=adapter,
        path_in_repo="README.md",
        path_or_fileobj=str(model_card).encode(),
        commit_message="Add the results of the evaluation",
    )


def _manifest(
    job: Job[Settings], questions: Questions, outcomes: Sequence[Outcome], commit: str
) -> manifest.Manifest:
    left_out = {"in_training_data": questions.left_out} if questions.left_out else {}
    return job.manifest(
        "evaluate",
        commit,
        manifest.Counts(_items(questions.tasks), left_out),
        PACKAGES,
        metrics={
            "results": results.summary(outcomes),
            "not_covered": list(questions.not_covered),
            "contamination": {"texts": questions.checked, "found": questions.contaminated},
        },
    )
