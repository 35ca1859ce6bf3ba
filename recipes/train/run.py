"""`kakugo-recipe train`: train an adapter of a base model on a dataset.

Pin the inputs to commits, train (sft.py), and push adapter, tokenizer, log and card in one commit
and `run.json` last. A killed run can be started again; nothing is pushed before it is complete.
With several accelerators, the command starts itself again as one process for each (launch.py), and
the main process pushes.
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
from recipes.core.errors import Unworkable
from recipes.core.job import Job, pin
from recipes.core.progress import say
from recipes.core.sampling import sample
from recipes.train import card, card_facts, checkpoints, hardware, launch, sft
from recipes.train.callbacks import print_progress
from recipes.train.card_facts import PACKAGES
from recipes.train.joined_chats import join_chats
from recipes.train.plot import plot_loss
from recipes.train.settings import TrainingSettings, parse
from recipes.train.sft import SftResult
from recipes.train.tokenize import Examples, tokenize_chats

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def main(args: argparse.Namespace) -> None:
    """Train and push, or return at once if the manifest with this digest exists."""
    model_loading.quiet()
    settings = parse(args.config.train)
    from huggingface_hub import HfApi

    api = HfApi()
    if args.feedback:
        from recipes.train import next_version  # needs what `generate` installs

        next_version.main(api, args, settings)
        return
    if manifest.already_made(api, args.into, "model", "run.json", args.digest):
        say(f"{args.into} already has a run with digest {args.digest[:12]}")
        return
    processes = settings.processes or hardware.detect().count
    if processes > 1 and not launch.is_launched():
        launch.relaunch(settings.launch, processes)
    with _scratch_folder(settings) as scratch:
        _train(api, args, settings, Path(scratch))


def _scratch_folder(settings: TrainingSettings) -> AbstractContextManager[str]:
    """Return a temporary folder that all processes share and the main process deletes."""
    if not launch.is_launched():
        return tempfile.TemporaryDirectory(prefix="kakugo-train-")
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    state = PartialState(cpu=bool(settings.trainer.get("use_cpu")))
    folder = tempfile.TemporaryDirectory(prefix="kakugo-train-") if state.is_main_process else None
    name = broadcast_object_list([folder.name if folder else ""])[0]
    return folder or nullcontext(name)


def _train(api: HfApi, args: argparse.Namespace, settings: TrainingSettings, scratch: Path) -> None:
    job = pin(api, args, settings, {args.dataset: "dataset", args.base: "model"})
    if _is_main_process():
        card_facts.check_card(job)
    examples, result = _fine_tune(job, scratch)
    if not _is_main_process():
        return
    commit = _publish(job, scratch, examples, result)
    run = job.manifest(
        "train",
        commit,
        manifest.Counts(len(examples.input_ids), examples.dropped),
        PACKAGES,
        _metrics(result),
    )
    manifest.push(api, args.into, "model", "run.json", run)
    checkpoints.delete(api, args.into)  # a run that is killed before continues from them
    say(f"pushed {args.into}; {job.seconds():.1f} s in total")


def _is_main_process() -> bool:
    """Return whether this process is the one that logs and pushes."""
    if not launch.is_launched():
        return True
    from accelerate import PartialState

    return bool(PartialState().is_main_process)


def _main_process_first() -> AbstractContextManager[Any]:
    """Let the main process download; the others then use its cache."""
    if not launch.is_launched():
        return nullcontext()
    from accelerate import PartialState

    context: AbstractContextManager[Any] = PartialState().main_process_first()
    return context


def _checkpoint_key(job: Job[TrainingSettings]) -> str:
    """Return a digest of recipe and inputs; a run resumes only from checkpoints with its own."""
    inputs = "".join(sha for _, sha in sorted(job.inputs.items()))
    return hashlib.sha256(f"{job.args.digest}{inputs}".encode()).hexdigest()


def _fine_tune(job: Job[TrainingSettings], scratch: Path) -> tuple[Examples, SftResult]:
    """Load, tokenize and train; write adapter and tokenizer to `scratch`/adapter."""
    settings, out = job.settings, scratch / "adapter"
    with _main_process_first():
        tokenizer = model_loading.tokenizer(job.args.base, job.base_revision)
        examples, held_out = _load_examples(job, tokenizer)
        resume_from = _download_checkpoint(job, scratch)
    if _is_main_process():
        rows = len(examples.input_ids)
        say(f"rows: {rows}, tokens: {examples.tokens}; {job.seconds():.1f} s")
    key = _checkpoint_key(job)
    upload = checkpoints.CheckpointUpload(job.api, job.args.into, key, scratch / "upload")
    result = sft.train(
        lambda: _load_model(job),
        tokenizer,
        examples,
        replace(settings, lora=settings.lora and {**settings.lora, "revision": job.base_revision}),
        out,
        print_progress(),
        held_out,
        [checkpoints.upload_callback(upload)],
        resume_from,
    )
    if _is_main_process():
        say(_summary(result))
    return examples, result


def _load_model(job: Job[TrainingSettings]) -> PreTrainedModel:
    """Load the base with the recipe's arguments and the fastest attention available."""
    settings = job.settings
    attention = hardware.attention(hardware.detect(), settings.packing)
    arguments = {"attn_implementation": attention, **settings.model}
    with _main_process_first():
        return model_loading.model(job.args.base, job.base_revision, settings.threads, arguments)


def _download_checkpoint(job: Job[TrainingSettings], scratch: Path) -> Path | None:
    """Return an earlier attempt's last checkpoint; the main process downloads it for all."""
    folder = scratch / "adapter" / "checkpoints"
    if _is_main_process():
        job.api.create_repo(job.args.into, exist_ok=True)
        return checkpoints.download(job.api, job.args.into, _checkpoint_key(job), folder)
    return checkpoints.last(folder)


def _load_examples(
    job: Job[TrainingSettings], tokenizer: PreTrainedTokenizerBase
) -> tuple[Examples, Examples | None]:
    """Return the rows to train on, and those for the held-out loss if the recipe wants it."""
    settings = job.settings
    repo = job.args.dataset
    training_chats = row_edits.load_chats(job.api, repo, job.inputs[repo], "train")
    if settings.follow_ups:
        training_chats = join_chats(training_chats, settings.follow_ups, settings.seed)
    training = tokenize_chats(tokenizer, training_chats, settings.max_length)
    if settings.held_out is None:
        return training, None
    test_chats = row_edits.load_chats(job.api, repo, job.inputs[repo], "test")
    test_chats = sample(test_chats, settings.held_out.rows, settings.seed)
    held_out = tokenize_chats(tokenizer, test_chats, settings.max_length)
    if not held_out.input_ids:
        raise Unworkable(f"The `test` split of {repo} has no row for the held-out loss.")
    return training, held_out


def _summary(result: SftResult) -> str:
    """Return one line on speed, loss and attention, without an MFU if it is unknown."""
    held_out = "" if result.held_out_loss is None else f", held out {result.held_out_loss:.3f}"
    mfu = "" if result.mfu is None else f", {result.mfu:.1%} MFU"
    return (
        f"{result.steps} steps in {result.seconds:.1f} s, {result.tokens_per_second:.0f} "
        f"tokens/s{mfu}, loss {result.loss_last:.3f}{held_out}, attention {result.attention}"
    )


def _publish(
    job: Job[TrainingSettings], scratch: Path, examples: Examples, result: SftResult
) -> str:
    """Push adapter, tokenizer, log and card in one commit; return its sha."""
    out = scratch / "adapter"
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    lines = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in result.log)
    (out / "training_log.jsonl").write_text(lines, encoding="utf-8")
    plot_loss(result.log, out / "loss.png")
    model_card = card.render(card_facts.collect(job, examples, result))
    (out / "README.md").write_text(str(model_card), encoding="utf-8")
    commit = job.api.upload_folder(
        repo_id=job.args.into,
        folder_path=out,
        delete_patterns="*",
        commit_message=f"Add the adapter for {job.config.language}",
    )
    return str(commit.oid)


def _metrics(result: SftResult) -> dict[str, float | None]:
    held_out = result.held_out_loss
    return {
        "loss_first": round(result.loss_first, 4),
        "loss_last": round(result.loss_last, 4),
        "held_out_loss": held_out if held_out is None else round(held_out, 4),
        "steps": result.steps,
        "tokens": result.tokens,
        "tokens_per_second": round(result.tokens_per_second, 1),
        "mfu": result.mfu if result.mfu is None else round(result.mfu, 4),
        "trainable_parameters": result.trainable_parameters,
        "training_seconds": round(result.seconds, 2),
    }
