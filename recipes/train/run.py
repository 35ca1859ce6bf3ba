"""`kakugo-recipe train`: dataset and base in, adapter out.

Loads pinned commits, trains (sft.py), pushes adapter, tokenizer, log and card in one commit and
`run.json` last. Killed at any moment it may be started again: nothing is public before it is whole.
With several accelerators it starts itself anew, once for each (launch.py); the first one pushes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core import manifest, model_loading, row_edits
from recipes.core.errors import UserError
from recipes.core.job import Job, pin
from recipes.core.progress import Progress, say
from recipes.train import hardware, launch
from recipes.train.card_facts import PACKAGES
from recipes.train.settings import TrainSettings, parse

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from recipes.train.sft import Show, Trained
    from recipes.train.tokenize import Examples


def main(args: argparse.Namespace) -> None:
    """Train and push, or leave at once when the manifest of this digest is there."""
    model_loading.quiet()
    settings = parse(args.config.train)
    from huggingface_hub import HfApi

    api = HfApi()
    if args.feedback:
        from recipes.train import next_version

        next_version.main(api, args, settings)
        return
    if manifest.already_made(api, args.into, "model", "run.json", args.digest):
        say(f"{args.into} is made already, with digest {args.digest[:12]}")
        return
    processes = settings.processes or hardware.look().count
    if processes > 1 and not launch.launched():
        launch.relaunch(settings.launch, processes)
    with _scratch(settings) as scratch:
        _train(api, args, settings, Path(scratch))


def _scratch(settings: TrainSettings) -> AbstractContextManager[str]:
    """A folder that all processes share, and the first one clears away."""
    if not launch.launched():
        return tempfile.TemporaryDirectory(prefix="kakugo-train-")
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    state = PartialState(cpu=bool(settings.trainer.get("use_cpu")))
    made = tempfile.TemporaryDirectory(prefix="kakugo-train-") if state.is_main_process else None
    name = broadcast_object_list([made.name if made else ""])[0]
    return made or nullcontext(name)


def _train(api: HfApi, args: argparse.Namespace, settings: TrainSettings, scratch: Path) -> None:
    job = pin(api, args, settings, {args.dataset: "dataset", args.base: "model"})
    examples, trained = _fit(job, scratch)
    if not _first():
        return
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


def _first() -> bool:
    """Whether this process is the one that speaks and pushes."""
    if not launch.launched():
        return True
    from accelerate import PartialState

    return bool(PartialState().is_main_process)


def _in_turn() -> AbstractContextManager[Any]:
    """The first process goes first: it downloads, the others find it done."""
    if not launch.launched():
        return nullcontext()
    from accelerate import PartialState

    turn: AbstractContextManager[Any] = PartialState().main_process_first()
    return turn


def _key(job: Job[TrainSettings]) -> str:
    """What a checkpoint must share with the run that goes on from it: recipe and inputs."""
    inputs = "".join(sha for _, sha in sorted(job.inputs.items()))
    return hashlib.sha256(f"{job.args.digest}{inputs}".encode()).hexdigest()


def _fit(job: Job[TrainSettings], scratch: Path) -> tuple[Examples, Trained]:
    """Load, tokenise, train; leaves adapter and tokenizer in the out folder."""
    from recipes.train import checkpoints, sft

    settings, out = job.settings, scratch / "adapter"
    with _in_turn():
        tokenizer = model_loading.tokenizer(job.args.base, job.base_revision)
        examples, held_out = _examples(job, tokenizer)
        resume = _resume(job, scratch)
    if _first():
        say(f"{len(examples.input_ids)} rows, {examples.tokens} tokens, {job.seconds():.1f} s")
    upload = checkpoints.Upload(job.api, job.args.into, _key(job), scratch / "upload")
    trained = sft.train(
        lambda: _load(job),
        tokenizer,
        examples,
        replace(settings, lora=settings.lora and {**settings.lora, "revision": job.base_revision}),
        out,
        _progress(),
        held_out,
        [checkpoints.keeper(upload)],
        resume,
    )
    if _first():
        say(_told(trained))
    return examples, trained


def _load(job: Job[TrainSettings]) -> PreTrainedModel:
    """The base as the recipe wants it, with the attention that machine and model can do."""
    settings = job.settings
    arguments = {"attn_implementation": hardware.attention(hardware.look()), **settings.model}
    with _in_turn():
        return model_loading.model(job.args.base, job.base_revision, settings.threads, arguments)


def _resume(job: Job[TrainSettings], scratch: Path) -> Path | None:
    """Where the last attempt was; the first process fetches it, the others find it there."""
    from recipes.train import checkpoints

    into = scratch / "adapter" / "checkpoints"
    if _first():
        job.api.create_repo(job.args.into, exist_ok=True)
        return checkpoints.latest(job.api, job.args.into, _key(job), into)
    return checkpoints.last(into)


def _examples(
    job: Job[TrainSettings], tokenizer: PreTrainedTokenizerBase
) -> tuple[Examples, Examples | None]:
    """The rows to train on and, where the recipe wants it, those that give the held-out loss."""
    from recipes.train import tokenize

    settings = job.settings
    repo = job.args.dataset
    learnt = row_edits.chats(job.api, repo, job.inputs[repo], "train")
    training = tokenize.tokenise(tokenizer, learnt, settings.max_length)
    if settings.held_out is None:
        return training, None
    kept = row_edits.chats(job.api, repo, job.inputs[repo], "test")[: settings.held_out.rows]
    held_out = tokenize.tokenise(tokenizer, kept, settings.max_length)
    if not held_out.input_ids:
        raise UserError(f"The `test` split of {repo} has no row for a held-out loss.")
    return training, held_out


def _progress() -> Show:
    progress = Progress(0, "steps")

    def show(step: int, steps: int, details: dict[str, object]) -> None:
        progress.total = steps
        progress.show(step, **details)

    return show


def _told(trained: Trained) -> str:
    """The line with what training reached and how fast; no MFU where it is not known."""
    held_out = "" if trained.held_out is None else f", held out {trained.held_out:.3f}"
    used = "" if trained.mfu is None else f", {trained.mfu:.1%} MFU"
    return (
        f"{trained.steps} steps in {trained.seconds:.1f} s, {trained.tokens_per_second:.0f} "
        f"tokens/s{used}, loss {trained.loss_last:.3f}{held_out}"
    )


def _publish(job: Job[TrainSettings], scratch: Path, examples: Examples, trained: Trained) -> str:
    """Push adapter, tokenizer, log and card in one commit; returns its sha."""
    from recipes.train import card, card_facts, checkpoints, plot

    out = scratch / "adapter"
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    lines = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in trained.log)
    (out / "training_log.jsonl").write_text(lines, encoding="utf-8")
    plot.loss(trained.log, out / "loss.png")
    written = card.write(card_facts.gather(job, examples, trained))
    (out / "README.md").write_text(str(written), encoding="utf-8")
    commit = job.api.upload_folder(
        repo_id=job.args.into,
        folder_path=out,
        delete_patterns="*",
        commit_message=f"Add the adapter for {job.config.language}",
    )
    checkpoints.forget(job.api, job.args.into)
    return str(commit.oid)


def _metrics(trained: Trained) -> dict[str, float | None]:
    held_out = trained.held_out
    return {
        "loss_first": round(trained.loss_first, 4),
        "loss_last": round(trained.loss_last, 4),
        "held_out_loss": held_out if held_out is None else round(held_out, 4),
        "steps": trained.steps,
        "tokens": trained.tokens,
        "tokens_per_second": round(trained.tokens_per_second, 1),
        "mfu": trained.mfu if trained.mfu is None else round(trained.mfu, 4),
        "trainable_parameters": trained.trainable_parameters,
        "training_seconds": round(trained.seconds, 2),
    }
