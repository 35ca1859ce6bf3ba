"""`kakugo-recipe export`: push merged weights and GGUF files to a repository of their own.

The files are pushed in one commit, then the link on the adapter's card, then `run.json`. Merging
takes long, so the converter is fetched first, and weights are pushed even without GGUF files; then
the run fails, so that it can be repeated.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core import hub_refs, language, manifest, model_loading, row_edits
from recipes.core.errors import UserError
from recipes.core.job import Job, pin
from recipes.core.progress import Progress, say
from recipes.core.sampling import sample
from recipes.core.schema import build
from recipes.export import card, gguf, interpolate
from recipes.export.interpolate import ShareChoice, ShareLoss
from recipes.export.settings import EnglishSource, ExportSettings, parse
from recipes.generate.data.corpora import DatasetReader
from recipes.train import heldout_loss
from recipes.train.card import licence_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PACKAGES = ("torch", "transformers", "peft", "datasets")


def main(args: argparse.Namespace) -> None:
    """Export and push, or return at once if the manifest with this digest exists."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    settings, api = parse(args.config.export), HfApi()
    args.into = args.into or f"{args.adapter}-merged"
    if manifest.already_made(api, args.into, "model", "run.json", args.digest):
        say(f"{args.into} already has a run with digest {args.digest[:12]}")
        return
    repos = {args.dataset: "dataset", args.base: "model", args.adapter: "model"}
    with tempfile.TemporaryDirectory(prefix="kakugo-export-") as scratch:
        _export(pin(api, args, settings, repos), Path(scratch))


def _export(job: Job[ExportSettings], scratch: Path) -> None:
    out, llama_cpp, settings = scratch / "model", scratch / "llama.cpp", job.settings.gguf
    problem = settings and _problem(gguf.fetch, settings, llama_cpp)
    tokenizer = model_loading.tokenizer(job.args.base, job.base_revision)
    losses, choice, saved = _merge(job, tokenizer, out)
    tokenizer.save_pretrained(out)
    name = job.args.into.split("/")[-1]
    if settings and not problem:
        problem = _problem(gguf.convert, out, name, settings, llama_cpp)
    files = [path.name for path in sorted(out.glob("*.gguf"))]
    facts = _card_facts(job, losses, choice, saved, files)
    (out / "README.md").write_text(str(card.render(facts)), encoding="utf-8")
    commit = _push(job, out, facts)
    if problem:
        raise UserError(
            f"The merged weights are in {job.args.into}, but not all GGUF files. {problem} Run "
            "this again once that is fixed."
        ) from problem
    metrics = {
        "share": choice.share,
        "english_kept": choice.keeps_english,
        "losses": [vars(loss) for loss in (*losses, saved)],
        "files": list(facts.files),
    }
    counts = manifest.Counts(len(losses))
    run = job.manifest("export", commit, counts, PACKAGES, metrics)
    manifest.push(job.api, job.args.into, "model", "run.json", run)
    say(f"pushed {job.args.into}; {job.seconds():.1f} s in total")


def _problem(action: Callable[..., None], *args: object) -> UserError | None:
    """Return why there will be no GGUF files, and say it at once; None if all went well."""
    try:
        action(*args)
    except UserError as error:
        say(f"the weights will be pushed without all GGUF files: {error}")
        return error
    return None


def _merge(
    job: Job[ExportSettings], tokenizer: PreTrainedTokenizerBase, out: Path
) -> tuple[list[ShareLoss], ShareChoice, ShareLoss]:
    """Save the weights of the best share; return the tried losses, base first, and theirs."""
    import torch

    settings = job.settings
    chats = _load_chats(job)
    model, base, tuned = _load_weights(job)
    tried = []
    progress = Progress(len(settings.shares) + 1, "shares")
    for done, share in enumerate((0.0, *settings.shares), 1):
        interpolate.interpolate(model, base, tuned, share)
        tried.append(_loss(model, tokenizer, chats, share))
        progress.show(done, share=share, target=f"{tried[-1].target:.4f}")
    choice = interpolate.choose_share(tried[0], tried[1:], settings.worse)
    interpolate.interpolate(model, base, tuned, choice.share)
    model.to(getattr(torch, settings.dtype)).save_pretrained(out)
    return tried, choice, _loss(model, tokenizer, chats, choice.share)


def _load_weights(
    job: Job[ExportSettings],
) -> tuple[Any, interpolate.Weights, interpolate.Weights]:
    """Return a model with the base's architecture, the base's weights and the tuned ones."""
    model, is_full_model = _load(job, job.args.base), _is_full_model(job)
    base = interpolate.copy_weights(model)
    tuned_model = _load(job, job.args.adapter) if is_full_model else _merge_adapter(job, model)
    tuned = interpolate.copy_weights(tuned_model)
    if unmatched := interpolate.unmatched_names(base, tuned):
        raise UserError(
            f"{job.args.adapter} was not trained from {job.args.base}: only one of them has the "
            f"weights {unmatched[0]}."
        )
    return model if is_full_model else _load(job, job.args.base), base, tuned


def _is_full_model(job: Job[ExportSettings]) -> bool:
    """Return whether the repository holds a whole model instead of an adapter."""
    return not hub_refs.is_adapter(job.api, job.args.adapter, job.inputs[job.args.adapter])


def _load(job: Job[ExportSettings], repo: str) -> Any:
    import torch

    model: Any = model_loading.model(repo, job.inputs[repo], None, job.settings.model)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _merge_adapter(job: Job[ExportSettings], model: Any) -> Any:
    """Merge the adapter into the weights; this changes `model`."""
    from peft import PeftModel

    repo = job.args.adapter
    peft_model: Any = PeftModel.from_pretrained(model, repo, revision=job.inputs[repo])
    return peft_model.merge_and_unload()


def _load_chats(
    job: Job[ExportSettings],
) -> tuple[list[heldout_loss.Chat], list[heldout_loss.Chat]]:
    """Return held-out chats in the language, and English ones from the recipe's corpus."""
    rows, repo = job.settings.rows, job.args.dataset
    generate = build(EnglishSource, job.config.generate, "generate")
    held_out = row_edits.load_chats(job.api, repo, job.inputs[repo], "test")
    target = sample(held_out, rows, generate.seed)
    corpus = generate.conversations
    library = DatasetReader(job.api, generate.seed, generate.gates.tokenizer)
    english = [
        [{"role": turn["role"], "content": turn["content"]} for turn in chat]
        for chat in library.conversations(corpus, rows)
    ]
    job.inputs.update(library.commits)
    if not target or not english:
        raise UserError(
            "Export chooses a share by the loss on held-out chats in the language and in English, "
            f"but the `test` split of {repo} or the corpus {corpus.repo} has no usable chat."
        )
    return target, english


def _loss(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    chats: tuple[list[heldout_loss.Chat], list[heldout_loss.Chat]],
    share: float,
) -> ShareLoss:
    target, english = (
        heldout_loss.bits_per_byte(
            heldout_loss.nats(model, tokenizer, group), heldout_loss.answer_bytes(group)
        )
        for group in chats
    )
    return ShareLoss(share, target, english)


def _card_facts(
    job: Job[ExportSettings],
    losses: list[ShareLoss],
    choice: ShareChoice,
    saved: ShareLoss,
    files: list[str],
) -> card.CardFacts:
    info = job.api.model_info(job.args.base, revision=job.base_revision)
    return card.CardFacts(
        repo=job.args.into,
        language=language.get(job.config.language),
        base=job.args.base,
        adapter=job.args.adapter,
        is_full_model=_is_full_model(job),
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


def _push(job: Job[ExportSettings], out: Path, facts: card.CardFacts) -> str:
    """Push the model in one commit, then the adapter's card; return the model's commit."""
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
        commit_message="Link to the merged weights",
    )
    return str(commit.oid)
