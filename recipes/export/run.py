"""`kakugo-recipe export`: merged weights and GGUF files in a repository of their own.

Pushes all in one commit, then the line on the adapter's card, then `run.json`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core import hub_refs, language, manifest, model_loading, row_edits
from recipes.core.errors import UserError
from recipes.core.job import Job, pin
from recipes.core.progress import Progress, say
from recipes.core.schema import build
from recipes.export import card, gguf, interpolate
from recipes.export.interpolate import Choice, Loss
from recipes.export.settings import ExportSettings, parse
from recipes.generate.data.corpora import Corpus, Library
from recipes.train import heldout_loss
from recipes.train.card import licence_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PACKAGES = ("torch", "transformers", "peft", "datasets")


def main(args: argparse.Namespace) -> None:
    """Export and push, or leave at once when the manifest of this digest is there."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    settings, api = parse(args.config.export), HfApi()
    args.into = args.into or f"{args.adapter}-merged"
    if manifest.already_made(api, args.into, "model", "run.json", args.digest):
        say(f"{args.into} is made already, with digest {args.digest[:12]}")
        return
    repos = {args.dataset: "dataset", args.base: "model", args.adapter: "model"}
    with tempfile.TemporaryDirectory(prefix="kakugo-export-") as scratch:
        _export(pin(api, args, settings, repos), Path(scratch))


def _export(job: Job[ExportSettings], scratch: Path) -> None:
    out = scratch / "model"
    tokenizer = model_loading.tokenizer(job.args.base, job.base_revision)
    losses, choice, saved = _merge(job, tokenizer, out)
    tokenizer.save_pretrained(out)
    name = job.args.into.split("/")[-1]
    made = gguf.convert(out, name, job.settings.gguf, scratch) if job.settings.gguf else []
    facts = _facts(job, losses, choice, saved, [path.name for path in made])
    (out / "README.md").write_text(str(card.write(facts)), encoding="utf-8")
    commit = _push(job, out, facts)
    metrics = {
        "share": choice.share,
        "english_kept": choice.kept,
        "losses": [vars(loss) for loss in (*losses, saved)],
        "files": list(facts.files),
    }
    counts = manifest.Counts(len(losses))
    done = job.manifest("export", commit, counts, PACKAGES, metrics)
    manifest.push(job.api, job.args.into, "model", "run.json", done)
    say(f"pushed {job.args.into}; {job.seconds():.1f} s in all")


def _merge(
    job: Job[ExportSettings], tokenizer: PreTrainedTokenizerBase, out: Path
) -> tuple[list[Loss], Choice, Loss]:
    """Try the shares, save the weights of the one taken; the base's loss comes first."""
    import torch

    settings = job.settings
    chats = _chats(job)
    model, plain, tuned = _weights(job)
    tried = []
    progress = Progress(len(settings.shares) + 1, "shares")
    for done, share in enumerate((0.0, *settings.shares)):
        interpolate.between(model, plain, tuned, share)
        tried.append(_loss(model, tokenizer, chats, share))
        progress.show(done + 1, share=share, target=f"{tried[-1].target:.4f}")
    choice = interpolate.choose(tried[0], tried[1:], settings.worse)
    interpolate.between(model, plain, tuned, choice.share)
    model.to(getattr(torch, settings.dtype)).save_pretrained(out)
    return tried, choice, _loss(model, tokenizer, chats, choice.share)


def _weights(job: Job[ExportSettings]) -> tuple[Any, interpolate.State, interpolate.State]:
    """A model of that shape, the base's weights, and the tuned ones."""
    model, whole = _load(job, job.args.base), _whole(job)
    plain = interpolate.state(model)
    tuned = interpolate.state(_load(job, job.args.adapter) if whole else _merged(job, model))
    if strange := list(interpolate.alike(plain, tuned)):
        raise UserError(f"{job.args.adapter} is not made from {job.args.base}: {strange[0]}.")
    return model if whole else _load(job, job.args.base), plain, tuned


def _whole(job: Job[ExportSettings]) -> bool:
    """Whether all weights were tuned, and no adapter."""
    return not hub_refs.is_adapter(job.api, job.args.adapter, job.inputs[job.args.adapter])


def _load(job: Job[ExportSettings], repo: str) -> Any:
    import torch

    model: Any = model_loading.model(repo, job.inputs[repo], None, job.settings.model)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _merged(job: Job[ExportSettings], model: Any) -> Any:
    """The model with the adapter in its weights; those of `model` are not the base's any more."""
    from peft import PeftModel

    repo = job.args.adapter
    adapted: Any = PeftModel.from_pretrained(model, repo, revision=job.inputs[repo])
    return adapted.merge_and_unload()


def _chats(job: Job[ExportSettings]) -> tuple[list[heldout_loss.Chat], list[heldout_loss.Chat]]:
    """Held-out chats in the language, and English ones from where the recipe takes them."""
    rows, repo = job.settings.rows, job.args.dataset
    target = row_edits.chats(job.api, repo, job.inputs[repo], "test")[:rows]
    corpus = build(Corpus, job.config.generate["conversations"], "conversations")
    section = job.config.generate
    library = Library(job.api, int(section["seed"]), section["gates"]["tokenizer"])
    english = [
        [{"role": turn["role"], "content": turn["content"]} for turn in chat]
        for chat in library.conversations(corpus, rows)
    ]
    job.inputs.update(library.commits)
    if not target or not english:
        raise UserError("There are no held-out chats, or no English ones, to choose the merge by.")
    return target, english


def _loss(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    chats: tuple[list[heldout_loss.Chat], list[heldout_loss.Chat]],
    share: float,
) -> Loss:
    target, english = (
        heldout_loss.bits_per_byte(
            heldout_loss.nats(model, tokenizer, side), heldout_loss.size(side)
        )
        for side in chats
    )
    return Loss(share, target, english)


def _facts(
    job: Job[ExportSettings], losses: list[Loss], choice: Choice, saved: Loss, files: list[str]
) -> card.Facts:
    info = job.api.model_info(job.args.base, revision=job.base_revision)
    return card.Facts(
        repo=job.args.into,
        language=language.get(job.config.language),
        base=job.args.base,
        adapter=job.args.adapter,
        whole=_whole(job),
        adapter_revision=job.inputs[job.args.adapter],
        dataset=job.args.dataset,
        licence=licence_of(info.card_data, job.args.base),
        practice=job.config.practice,
        dtype=job.settings.dtype,
        losses=losses,
        saved=saved,
        choice=choice,
        worse=job.settings.worse,
        files=files,
    )


def _push(job: Job[ExportSettings], out: Path, facts: card.Facts) -> str:
    """The model in one commit, then the adapter's card; returns the model's commit."""
    from huggingface_hub import ModelCard

    job.api.create_repo(job.args.into, exist_ok=True)
    commit = job.api.upload_folder(
        repo_id=job.args.into,
        folder_path=out,
        delete_patterns="*",
        commit_message=f"Add the merged weights for {job.config.language}",
    )
    adapter: Any = ModelCard.load(job.args.adapter)
    card.update(adapter, facts)
    job.api.upload_file(
        repo_id=job.args.adapter,
        path_in_repo="README.md",
        path_or_fileobj=str(adapter).encode(),
        commit_message="Say where the merged weights are",
    )
    return str(commit.oid)
