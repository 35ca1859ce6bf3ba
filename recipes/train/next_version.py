"""`kakugo-recipe train --feedback`: make an adapter's next version from speakers' feedback.

Train the current version on preference pairs (preference_pairs.py, dpo.py), push the result to the
branch `next`, and tag it last. `main` stays as it is: `kakugo-recipe promote` compares the
versions first. A killed run can be started again, and the same pairs never give a second version.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core import card_sections, citation, decisions, language, model_loading
from recipes.core import manifest as manifests
from recipes.core.agreement import ReviewSettings, agreed_edits
from recipes.core.errors import Unworkable, UserError
from recipes.core.job import Job, pin
from recipes.core.progress import say
from recipes.core.schema import build
from recipes.train import checkpoints, dpo, feedback_gates, versions
from recipes.train.callbacks import print_progress
from recipes.train.card import RESULTS_SECTION
from recipes.train.card_facts import PACKAGES
from recipes.train.preference_pairs import PreferencePairs, make_pairs
from recipes.train.settings import TrainingSettings
from recipes.validation.documents import read_json
from recipes.validation.errors import InvalidInput, shorten
from recipes.validation.models import OPEN, parse

if TYPE_CHECKING:
    import argparse

    from huggingface_hub import HfApi

CARD_SECTION = "version"
ADAPTER_CONFIG = "adapter_config.json"
# Of this version; `training_log.jsonl` and `loss.png` stay those of the first training.
LOG = "preference_log.jsonl"


class TooFewCorrections(UserError):
    """Fewer corrections can be used than the recipe demands."""

    def __init__(self, message: str, usable: int, needed: int) -> None:
        super().__init__(message)
        self.usable, self.needed = usable, needed


def main(api: HfApi, args: argparse.Namespace, settings: TrainingSettings) -> None:
    """Make and tag the next version, or say why there is none."""
    if settings.feedback is None or settings.lora is None:
        raise Unworkable(
            "To learn from feedback, a recipe needs `train.feedback` and `train.lora`."
        )
    repos = {args.dataset: "dataset", args.base: "model", args.into: "model"}
    job = pin(api, args, settings, {**repos, args.feedback: "dataset"})
    _pin_base_of_adapter(job)
    pairs = _load_pairs(job)
    say(f"pairs: {len(pairs.kept)}, left out: {sum(pairs.dropped.values())}; "
        f"{job.seconds():.1f} s")  # fmt: skip
    tags = versions.ensure_first(api, args.into, job.inputs[args.into])
    if _already_made(job, tags, pairs.digest):
        return
    with tempfile.TemporaryDirectory(prefix="kakugo-train-") as scratch:
        version = versions.next_tag(tags)
        result = _fine_tune(job, pairs, Path(scratch))
        commit = _publish(job, pairs, result, version, Path(scratch) / "adapter")
    api.create_tag(args.into, tag=version, revision=commit)
    checkpoints.delete(api, args.into)
    say(f"pushed {args.into} {version}; {job.seconds():.1f} s in total")


@dataclass(frozen=True)
class _AdapterConfig:
    """What is needed of PEFT's configuration."""

    __pydantic_config__ = OPEN

    base_model_name_or_path: str
    revision: str | None = None


def _pin_base_of_adapter(job: Job[TrainingSettings]) -> None:
    """Pin the base to the commit that the adapter was trained on."""
    repo, revision = job.args.into, job.inputs[job.args.into]
    if not job.api.file_exists(repo, ADAPTER_CONFIG, revision=revision):
        raise Unworkable(f"{repo} has no adapter yet: train one without --feedback first.")
    path = job.api.hf_hub_download(repo, ADAPTER_CONFIG, revision=revision)
    place = f"{ADAPTER_CONFIG} of {repo}"
    try:
        config = parse(_AdapterConfig, read_json(Path(path).read_bytes(), place), place)
    except InvalidInput as error:
        raise Unworkable(f"{error} Train the adapter again without --feedback.") from error
    if config.base_model_name_or_path != job.args.base:
        base = shorten(config.base_model_name_or_path)
        raise Unworkable(f"{repo} is an adapter of {base}: give that as --base.")
    job.inputs[job.args.base] = config.revision or job.inputs[job.args.base]


def _load_pairs(job: Job[TrainingSettings]) -> PreferencePairs:
    """Return the pairs to learn from. Raises TooFewCorrections."""
    settings, repo, code = job.settings.feedback, job.args.feedback, job.config.language
    assert settings
    contributions = decisions.fetch(job.api, repo, job.inputs[repo], code)
    reviews = [review for review in contributions.reviews if review.dataset == job.args.dataset]
    required_reviewers = build(ReviewSettings, job.config.review, "review").reviewers
    dropped_rows = agreed_edits(reviews, required_reviewers).dropped
    reviews = [review for review in reviews if review.row_id not in dropped_rows]
    rows = feedback_gates.load_turns(job, {review.row_id for review in reviews if review.fixed})
    gate = feedback_gates.feedback_gate(job)
    pairs = make_pairs(contributions.chats, reviews, rows, code, gate)
    if len(pairs.kept) < settings.fewest:
        raise TooFewCorrections(
            f"There are {len(pairs.kept)} usable corrections for {code} in {repo} so far, and "
            f"{settings.fewest} are needed (`train.feedback.fewest`). Ask speakers for more, "
            "and stewards to accept those that wait. "
            f"Not used: {_counts(pairs.dropped)}; not read: {_counts(contributions.skipped)}.",
            len(pairs.kept),
            settings.fewest,
        )
    return PreferencePairs(pairs.kept, {**pairs.dropped, **contributions.skipped})


def _counts(reasons: dict[str, int]) -> str:
    """Return `2 no_consent, 1 too_long`, or `none`."""
    return ", ".join(f"{count} {reason}" for reason, count in reasons.items()) or "none"


def _already_made(job: Job[TrainingSettings], tags: dict[str, str], digest: str) -> bool:
    """Return whether a version was made from these pairs; add its tag if only that is missing."""
    api, repo = job.api, job.args.into
    for tag, commit in tags.items():
        run = versions.read_manifest(api, repo, commit)
        if run and run.metrics.get("pairs_digest") == digest:
            say(f"{tag} of {repo} was already made from these pairs")
            return True
    head = versions.branch_head(api, repo)
    run = versions.read_manifest(api, repo, head) if head else None
    if head and run and run.metrics.get("pairs_digest") == digest:
        api.create_tag(repo, tag=versions.tag_of(run), revision=head, exist_ok=True)
        say(f"{versions.tag_of(run)} of {repo} was already made; added the missing tag")
        return True
    return False


def _fine_tune(job: Job[TrainingSettings], pairs: PreferencePairs, scratch: Path) -> dpo.DpoResult:
    """Train from the current version, or from the checkpoint of an earlier attempt."""
    out, repo = scratch / "adapter", job.args.into
    inputs = "".join(sha for name, sha in sorted(job.inputs.items()) if name != job.args.feedback)
    key = hashlib.sha256(f"{job.args.digest}{inputs}{pairs.digest}".encode()).hexdigest()
    resume_from = checkpoints.download(job.api, repo, key, out / "checkpoints")
    upload = checkpoints.CheckpointUpload(job.api, repo, key, scratch / "upload")
    result = dpo.train(
        _load_current_version(job),
        model_loading.tokenizer(job.args.base, job.base_revision),
        pairs.kept,
        job.settings,
        out,
        print_progress(),
        str(job.config.evaluate.get("system") or ""),
        [checkpoints.upload_callback(upload)],
        resume_from,
    )
    say(f"{result.steps} steps in {result.seconds:.1f} s, loss {result.loss_last:.3f}, "
        f"reward margin {result.reward_margin:.3f}")  # fmt: skip
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    return result


def _load_current_version(job: Job[TrainingSettings]) -> Any:
    """Load the current version, with its adapter trainable."""
    from peft import PeftModel

    settings, repo = job.settings, job.args.into
    model = model_loading.model(job.args.base, job.base_revision, settings.threads, settings.model)
    return PeftModel.from_pretrained(model, repo, revision=job.inputs[repo], is_trainable=True)


def _publish(
    job: Job[TrainingSettings],
    pairs: PreferencePairs,
    result: dpo.DpoResult,
    version: str,
    out: Path,
) -> str:
    """Push adapter, log, card and citation in one commit, then `run.json`; return the last sha.

    What else is in the repository stays, except the results.
    """
    api, repo, current = job.api, job.args.into, job.inputs[job.args.into]
    lines = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in result.log)
    (out / LOG).write_text(lines, encoding="utf-8")
    (out / "README.md").write_text(_card(job, pairs, result, version), encoding="utf-8")
    title = f"{repo.split('/')[-1]} {version}"
    sources = [f"{api.endpoint}/datasets/{job.args.dataset}", f"{api.endpoint}/{job.args.base}"]
    cff = citation.citation_file(
        title, "software", f"{api.endpoint}/{repo}", pairs.credits, sources
    )
    (out / citation.PATH).write_text(cff, encoding="utf-8")
    api.create_branch(repo, branch=versions.BRANCH, revision=current, exist_ok=True)
    commit = api.upload_folder(
        repo_id=repo,
        folder_path=out,
        revision=versions.BRANCH,
        delete_patterns=".eval_results/*",
        commit_message=f"Add {version} for {job.config.language}",
    )
    counts = manifests.Counts(len(pairs.kept), pairs.dropped)
    metrics = {
        "version": version,
        "parent_version": versions.tag_of(versions.read_manifest(api, repo, current)),
        "pairs_digest": pairs.digest,
        "loss_first": round(result.loss_first, 4),
        "loss_last": round(result.loss_last, 4),
        "reward_margin": round(result.reward_margin, 4),
        "reward_accuracy": round(result.accuracy, 4),
        "steps": result.steps,
        "training_seconds": round(result.seconds, 2),
    }
    run = job.manifest("train", str(commit.oid), counts, PACKAGES, metrics)
    return manifests.push(api, repo, "model", versions.MANIFEST, run, versions.BRANCH)


def _card(
    job: Job[TrainingSettings], pairs: PreferencePairs, result: dpo.DpoResult, version: str
) -> str:
    """Return the current version's card with a section on this version and without its results."""
    from huggingface_hub import ModelCard

    repo, current = job.args.into, job.inputs[job.args.into]
    path = job.api.hf_hub_download(repo, "README.md", revision=current)
    card: ModelCard = ModelCard.load(path)
    speakers = language.get(job.config.language).name
    section = (
        f"## Version {version}\n\n"
        f"Made from commit `{current}` by direct preference optimization (DPO) on pairs of answers "
        f"that speakers of {speakers} corrected or rated (`{job.args.feedback}` at "
        f"`{job.inputs[job.args.feedback]}`).\n\n"
        f"Pairs: {len(pairs.kept):,}; steps: {result.steps:,}; loss: {result.loss_first:.3f} → "
        f"{result.loss_last:.3f} ([log]({LOG}); this loss falls as the model prefers the better "
        "answer of each pair). The sections on training below describe the first version."
    )
    thanks = citation.thanks(pairs.credits)
    card.text = card_sections.set_section(
        card.text, CARD_SECTION, f"{section}\n\n{thanks}".rstrip(), before="## Results"
    )
    card.text = card_sections.replace_section(card.text, RESULTS_SECTION, "Not evaluated yet.")
    card.data["eval_results"] = None
    card.data["tags"] = sorted({*(card.data.get("tags") or []), "dpo"})
    return str(card)
