"""`kakugo-recipe bake-off`: train candidate bases briefly and report which to use.

Each candidate's measurement is pushed as soon as it is made, so that a run that was killed does not
train the candidate again. Then the report is pushed, then `run.json`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from recipes.bakeoff.candidate import BakeOffData, Measurement, measure
from recipes.bakeoff.decision import decide, report
from recipes.bakeoff.settings import BakeOffSettings, parse
from recipes.core import language, manifest, model_loading, row_edits
from recipes.core.errors import UserError
from recipes.core.job import Job, pin
from recipes.core.progress import say
from recipes.core.sampling import sample
from recipes.evaluate import settings as evaluating
from recipes.evaluate import suite
from recipes.train import heldout_loss
from recipes.train import settings as training
from recipes.validation import models
from recipes.validation.documents import read_json
from recipes.validation.errors import InvalidInput

PACKAGES = ("torch", "transformers", "trl", "peft", "datasets")


def main(args: argparse.Namespace) -> None:
    """Compare and push, or return at once if the manifest with this digest exists."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    settings, api = parse(args.config.bake_off), HfApi()
    folder = f"bake-off/{args.config.language}"
    if manifest.already_made(api, args.into, "dataset", f"{folder}/run.json", args.digest):
        say(f"{args.into} already has this bake-off, with digest {args.digest[:12]}")
        return
    bases = settings.bases(args.config.language)
    repos = {args.dataset: "dataset", **dict.fromkeys(bases, "model")}
    _bake_off(pin(api, args, settings, repos), folder)


def _bake_off(job: Job[BakeOffSettings], folder: str) -> None:
    settings, evaluation = job.settings, evaluating.parse(job.config.evaluate)
    data = _load_data(job, evaluation)
    job.api.create_repo(job.args.into, repo_type="dataset", exist_ok=True)
    measurements, left_out = _measure_all(job, data, folder)
    sizes = heldout_loss.answer_bytes(data.held_out_chats)
    bootstrap = evaluation.bootstrap
    decision = decide(measurements, sizes, bootstrap.samples, bootstrap.seed)
    name = language.get(job.config.language).name
    text = report(name, measurements, sizes, decision, settings.steps, left_out)
    commit = _push(job, f"{folder}/report.md", text, f"Report the bake-off for {name}")
    metrics = {
        "recommended_base": decision.base,
        "reasons": list(decision.reasons),
        "left_out": left_out,
        "bits_per_byte": {
            m.base: round(heldout_loss.bits_per_byte(m.after, sizes), 4) for m in measurements
        },
    }
    run = job.manifest("bake-off", commit, manifest.Counts(len(measurements)), PACKAGES, metrics)
    manifest.push(job.api, job.args.into, "dataset", f"{folder}/run.json", run)
    say(text)


def _measure_all(
    job: Job[BakeOffSettings], data: BakeOffData, folder: str
) -> tuple[list[Measurement], list[str]]:
    """Measure each base; also return why some cannot be taken, such as a missing chat template.

    Raises UserError if none can.
    """
    measurements, left_out = [], []
    for repo in job.settings.bases(job.config.language):
        try:
            measurements.append(_measure(job, repo, data, folder))
        except UserError as error:
            say(f"left out {repo}: {error}")
            left_out.append(str(error))
    if not measurements:
        raise UserError(f"No base could be measured. {left_out[0]}")
    return measurements, left_out


def _load_data(job: Job[BakeOffSettings], evaluation: evaluating.EvaluateSettings) -> BakeOffData:
    """Load training and held-out chats, and items of the multiple-choice benchmarks."""
    settings, repo = job.settings, job.args.dataset
    seed = training.parse(job.config.train).seed
    training_chats, held_out_chats = (
        sample(row_edits.load_chats(job.api, repo, job.inputs[repo], split), count, seed)
        for split, count in (("train", settings.rows), ("test", settings.held_out))
    )
    if not training_chats or not held_out_chats:
        raise UserError(f"{repo} must have rows in both its `train` and its `test` split.")
    loaded = suite.load(job.api, evaluation, job.config.language)
    tasks = [
        replace(task, items=tuple(sample(task.items, settings.items, seed)))
        for task in loaded.tasks
        if task.metric == "accuracy" and task.language == job.config.language
    ]
    return BakeOffData(training_chats, held_out_chats, tasks, evaluation)


def _measure(job: Job[BakeOffSettings], repo: str, data: BakeOffData, folder: str) -> Measurement:
    """Measure one base, or return the measurement that an earlier attempt pushed."""
    path = f"{folder}/{repo.replace('/', '--')}.json"
    key = {"digest": job.args.digest, "inputs": [job.inputs[repo], job.inputs[job.args.dataset]]}
    pushed = _pushed(job, path)
    if pushed and pushed.key == key:
        say(f"{repo} was already measured")
        return pushed.measurement
    train = training.parse(job.config.train)
    with tempfile.TemporaryDirectory(prefix="kakugo-bake-off-") as scratch:
        measurement = measure(repo, job.inputs[repo], data, job.settings, train, Path(scratch))
    text = json.dumps({"key": key, "measurement": asdict(measurement)}, indent=2, sort_keys=True)
    _push(job, path, text, f"Measure {repo}")
    return measurement


@dataclass(frozen=True)
class _Pushed:
    """A file of a measurement; `key` is what it depends on."""

    key: dict[str, Any]
    measurement: Measurement


def _pushed(job: Job[BakeOffSettings], path: str) -> _Pushed | None:
    """Return the measurement in a file; None if there is none that can be read."""
    if not job.api.file_exists(job.args.into, path, repo_type="dataset"):
        return None
    local = job.api.hf_hub_download(job.args.into, path, repo_type="dataset")
    try:
        return models.parse(_Pushed, read_json(Path(local).read_bytes(), path), path)
    except InvalidInput as error:
        say(f"measuring again: {error}")
        return None


def _push(job: Job[BakeOffSettings], path: str, text: str, message: str) -> str:
    commit = job.api.upload_file(
        repo_id=job.args.into,
        repo_type="dataset",
        path_in_repo=path,
        path_or_fileobj=text.encode(),
        commit_message=message,
    )
    return str(commit.oid)
