"""`kakugo-recipe bake-off`: candidate bases, briefly trained; a report says which to take.

Each candidate's figures are pushed as soon as they are there, so a run that was killed does not
train it again; then the report, then `run.json`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.bakeoff.candidate import Exam, Measured, measure
from recipes.bakeoff.decision import decide, report
from recipes.bakeoff.settings import BakeoffSettings, parse
from recipes.core import language, manifest, model_loading, row_edits
from recipes.core.errors import UserError
from recipes.core.job import Job, pin
from recipes.core.progress import say
from recipes.evaluate import benchmarks
from recipes.evaluate import settings as evaluating
from recipes.train import heldout_loss
from recipes.train import settings as training

if TYPE_CHECKING:
    pass

PACKAGES = ("torch", "transformers", "trl", "peft", "datasets")


def main(args: argparse.Namespace) -> None:
    """Compare and push, or leave at once when the manifest of this digest is there."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    settings, api = parse(args.config.bake_off), HfApi()
    folder = f"bake-off/{args.config.language}"
    if manifest.already_made(api, args.into, "dataset", f"{folder}/run.json", args.digest):
        say(f"{args.into} holds this bake-off already, with digest {args.digest[:12]}")
        return
    repos = {args.dataset: "dataset", **dict.fromkeys(settings.candidates, "model")}
    _bake_off(pin(api, args, settings, repos), folder)


def _bake_off(job: Job[BakeoffSettings], folder: str) -> None:
    settings, evaluation = job.settings, evaluating.parse(job.config.evaluate)
    exam = _exam(job, evaluation)
    job.api.create_repo(job.args.into, repo_type="dataset", exist_ok=True)
    measured = [_candidate(job, repo, exam, folder) for repo in settings.candidates]
    sizes = heldout_loss.size(exam.asked)
    bootstrap = evaluation.bootstrap
    verdict = decide(measured, sizes, bootstrap.samples, bootstrap.seed)
    name = language.get(job.config.language).name
    text = report(name, measured, sizes, verdict, settings.steps)
    commit = _push(job, f"{folder}/report.md", text, f"Report the bake-off for {name}")
    metrics = {
        "recommended_base": verdict.base,
        "reasons": list(verdict.why),
        "bits_per_byte": {
            one.base: round(heldout_loss.bits_per_byte(one.after, sizes), 4) for one in measured
        },
    }
    done = job.manifest("bake-off", commit, manifest.Counts(len(measured)), PACKAGES, metrics)
    manifest.push(job.api, job.args.into, "dataset", f"{folder}/run.json", done)
    say(text)


def _exam(job: Job[BakeoffSettings], evaluation: evaluating.EvaluateSettings) -> Exam:
    """The chats to learn and those kept back, and the first items of the choice benchmarks."""
    settings, repo = job.settings, job.args.dataset
    learnt = row_edits.chats(job.api, repo, job.inputs[repo], "train")[: settings.rows]
    asked = row_edits.chats(job.api, repo, job.inputs[repo], "test")[: settings.held_out]
    if not learnt or not asked:
        raise UserError(f"{repo} needs rows in its `train` and in its `test` split.")
    suite = benchmarks.load(job.api, evaluation, job.config.language)
    tasks = [
        replace(task, items=task.items[: settings.items])
        for task in suite.tasks
        if task.metric == "accuracy" and task.language == job.config.language
    ]
    return Exam(learnt, asked, tasks, evaluation.choice)


def _candidate(job: Job[BakeoffSettings], repo: str, exam: Exam, folder: str) -> Measured:
    """Measure one base, or read what an attempt before this one measured."""
    path = f"{folder}/{repo.replace('/', '--')}.json"
    key = {"digest": job.args.digest, "inputs": [job.inputs[repo], job.inputs[job.args.dataset]]}
    if (known := _known(job, path)) and known["key"] == key:
        say(f"{repo} was measured before")
        return Measured(**known["measured"])
    train = training.parse(job.config.train)
    with tempfile.TemporaryDirectory(prefix="kakugo-bake-off-") as scratch:
        measured = measure(repo, job.inputs[repo], exam, job.settings, train, Path(scratch))
    text = json.dumps({"key": key, "measured": asdict(measured)}, indent=2, sort_keys=True)
    _push(job, path, text, f"Measure {repo}")
    return measured


def _known(job: Job[BakeoffSettings], path: str) -> dict[str, Any] | None:
    if not job.api.file_exists(job.args.into, path, repo_type="dataset"):
        return None
    local = job.api.hf_hub_download(job.args.into, path, repo_type="dataset")
    found: dict[str, Any] = json.loads(Path(local).read_text(encoding="utf-8"))
    return found


def _push(job: Job[BakeoffSettings], path: str, text: str, message: str) -> str:
    commit = job.api.upload_file(
        repo_id=job.args.into,
        repo_type="dataset",
        path_in_repo=path,
        path_or_fileobj=text.encode(),
        commit_message=message,
    )
    return str(commit.oid)
