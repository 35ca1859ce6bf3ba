"""`kakugo-recipe train`: dataset and base in, adapter out.

Loads pinned commits, trains (sft.py), pushes adapter, tokenizer, log and card in one commit and
`run.json` last. Killed at any moment it may be started again: nothing is public before it is whole.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from recipes import base, language, manifest
from recipes.job import Job, pin
from recipes.progress import Progress, say
from recipes.train.settings import Settings, parse

if TYPE_CHECKING:
    from huggingface_hub import HfApi

    from recipes.train.card import Facts
    from recipes.train.rows import Examples, Message
    from recipes.train.sft import Show, Trained

PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


def main(args: argparse.Namespace) -> None:
    """Train and push, or leave at once when the manifest of this digest is there."""
    base.quiet()
    from huggingface_hub import HfApi

    api = HfApi()
    if manifest.already_made(api, args.into, "model", "run.json", args.digest):
        say(f"{args.into} is made already, with digest {args.digest[:12]}")
        return
    with tempfile.TemporaryDirectory(prefix="kakugo-train-") as scratch:
        _train(api, args, Path(scratch))


def _train(api: HfApi, args: argparse.Namespace, scratch: Path) -> None:
    settings = parse(args.config.train)
    job = pin(api, args, settings, {args.dataset: "dataset", args.base: "model"})
    examples, trained = _fit(job, scratch)
    commit = _publish(job, scratch, examples, trained)
    made = job.manifest(
        "train",
        commit,
        manifest.Counts(len(examples.input_ids), examples.dropped),
        PACKAGES,
        _metrics(trained),
    )
    manifest.push(api, args.into, "model", "run.json", made)
    say(f"pushed {args.into}; {job.seconds():.1f} s in all")


def _key(job: Job[Settings]) -> str:
    """What a checkpoint must share with the run that goes on from it: recipe and inputs."""
    inputs = "".join(sha for _, sha in sorted(job.inputs.items()))
    return hashlib.sha256(f"{job.args.digest}{inputs}".encode()).hexdigest()


def _fit(job: Job[Settings], scratch: Path) -> tuple[Examples, Trained]:
    """Load, tokenise, train; leaves adapter and tokenizer in the out folder."""
    from recipes.train import checkpoints, rows, sft

    numbers = job.settings
    model, tokenizer = base.load(job.args.base, job.base_revision, numbers.threads, numbers.model)
    conversations = _conversations(job.args.dataset, job.inputs[job.args.dataset])
    examples = rows.tokenise(tokenizer, conversations, numbers.max_length)
    job.api.create_repo(job.args.into, exist_ok=True)
    say(f"{len(examples.input_ids)} rows, {examples.tokens} tokens, after {job.seconds():.1f} s")
    trained = sft.train(
        model,
        tokenizer,
        examples,
        replace(numbers, lora={**numbers.lora, "revision": job.base_revision}),
        scratch / "adapter",
        _progress(),
        [checkpoints.keeper(job.api, job.args.into, _key(job))],
        checkpoints.latest(job.api, job.args.into, _key(job), scratch / "resume"),
    )
    speed = f"{trained.tokens_per_second:.0f} tokens/s"
    say(f"{trained.steps} steps in {trained.seconds:.1f} s, {speed}, loss {trained.loss_last:.3f}")
    tokenizer.save_pretrained(scratch / "adapter")
    return examples, trained


def _conversations(repo: str, revision: str) -> list[list[Message]]:
    """The chats of the training mix."""
    from datasets import load_dataset

    rows = load_dataset(repo, "default", split="train", revision=revision)
    return list(rows["messages"])


def _progress() -> Show:
    progress = Progress(0, "steps")

    def show(step: int, steps: int, details: dict[str, object]) -> None:
        progress.total = steps
        progress.show(step, **details)

    return show


def _publish(job: Job[Settings], scratch: Path, examples: Examples, trained: Trained) -> str:
    """Push adapter, tokenizer, log and card in one commit; returns its sha."""
    from recipes.train import card, checkpoints

    shutil.rmtree(scratch / "adapter" / "checkpoints", ignore_errors=True)
    log = "".join(json.dumps(entry) + "\n" for entry in trained.log)
    (scratch / "adapter" / "training_log.jsonl").write_text(log, encoding="utf-8")
    card.write(_facts(job, examples, trained)).save(scratch / "adapter" / "README.md")
    commit = job.api.upload_folder(
        repo_id=job.args.into,
        folder_path=scratch / "adapter",
        delete_patterns="*",
        commit_message=f"Add the adapter for {job.config.language}",
    )
    checkpoints.forget(job.api, job.args.into)
    return str(commit.oid)


def _facts(job: Job[Settings], examples: Examples, trained: Trained) -> Facts:
    from recipes.train import card

    info = job.api.model_info(job.args.base, revision=job.base_revision)
    return card.Facts(
        repo=job.args.into,
        language=language.get(job.config.language),
        base=job.args.base,
        base_revision=job.base_revision,
        dataset=job.args.dataset,
        dataset_revision=job.inputs[job.args.dataset],
        licence=card.licence_of(info.card_data),
        practice=job.config.practice,
        recipe=job.config.name,
        recipe_version=manifest.recipe_version(),
        digest=job.args.digest,
        rows=len(examples.input_ids),
        hardware=card.hardware(),
        versions=manifest.versions(*PACKAGES),
        settings=asdict(job.settings),
        trained=trained,
    )


def _metrics(trained: Trained) -> dict[str, float]:
    return {
        "loss_first": round(trained.loss_first, 4),
        "loss_last": round(trained.loss_last, 4),
        "steps": trained.steps,
        "tokens": trained.tokens,
        "tokens_per_second": round(trained.tokens_per_second, 1),
        "trainable_parameters": trained.trainable_parameters,
        "training_seconds": round(trained.seconds, 2),
    }
