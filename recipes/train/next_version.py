"""`kakugo-recipe train --feedback`: adapter and what people said in, its next version out.

The present version goes on by preferences (preferences.py, dpo.py) on the branch `next`, and gets
a tag last of all. `main` is not touched: `kakugo-recipe promote` compares first. Killed at any
moment it may be started again; from the same rows no second version is made.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core import card_sections, citation, feedback, language, model_loading
from recipes.core import manifest as manifests
from recipes.core.agreement import ReviewSettings as Reviewing
from recipes.core.agreement import settle
from recipes.core.errors import UserError
from recipes.core.job import Job, pin
from recipes.core.progress import Progress, say
from recipes.core.schema import build
from recipes.train import checkpoints, dpo, feedback_gates, versions
from recipes.train.card import RESULTS_END, RESULTS_START
from recipes.train.card_facts import PACKAGES
from recipes.train.preference_pairs import Pairs, pairs
from recipes.train.settings import TrainSettings

if TYPE_CHECKING:
    import argparse

    from huggingface_hub import HfApi

MARK = "version"
CONFIG = "adapter_config.json"


def main(api: HfApi, args: argparse.Namespace, settings: TrainSettings) -> None:
    """Make the next version and tag it, or say why there is none."""
    if settings.feedback is None or settings.lora is None:
        raise UserError("To learn from feedback a recipe needs `train.feedback` and `train.lora`.")
    repos = {args.dataset: "dataset", args.base: "model", args.into: "model"}
    job = pin(api, args, settings, {**repos, args.feedback: "dataset"})
    _on_its_base(job)
    found = _pairs(job)
    _told(job, found)
    tags = versions.begin(api, args.into, job.inputs[args.into])
    if _made(job, tags, found.key):
        return
    with tempfile.TemporaryDirectory(prefix="kakugo-train-") as scratch:
        version = versions.following(tags)
        tuned = _fit(job, found, Path(scratch))
        commit = _publish(job, found, tuned, version, Path(scratch) / "adapter")
    api.create_tag(args.into, tag=version, revision=commit)
    checkpoints.forget(api, args.into)
    say(f"pushed {args.into} {version}; {job.seconds():.1f} s in all")


def _on_its_base(job: Job[TrainSettings]) -> None:
    """The adapter stands on the commit of the base that it was trained on."""
    repo, at = job.args.into, job.inputs[job.args.into]
    if not job.api.file_exists(repo, CONFIG, revision=at):
        raise UserError(f"{repo} holds no adapter yet: train one without --feedback first.")
    config = json.loads(Path(job.api.hf_hub_download(repo, CONFIG, revision=at)).read_bytes())
    under = config.get("base_model_name_or_path")
    if under != job.args.base:
        raise UserError(f"{repo} is an adapter of {under}: give that base.")
    job.inputs[job.args.base] = config.get("revision") or job.inputs[job.args.base]


def _pairs(job: Job[TrainSettings]) -> Pairs:
    """What may be learnt of what people said; raises UserError when that is too little."""
    settings, repo, code = job.settings.feedback, job.args.feedback, job.config.language
    assert settings
    said = feedback.fetch(job.api, repo, job.inputs[repo], code)
    reviewed = [review for review in said.reviews if review.dataset == job.args.dataset]
    people = build(Reviewing, job.config.review, "review").reviewers
    dropped = settle(reviewed, people).dropped
    reviewed = [review for review in reviewed if review.row_id not in dropped]
    rows = feedback_gates.rows(job, {review.row_id for review in reviewed if review.fixed})
    judge = feedback_gates.judge(job)
    found = pairs(said.chats, reviewed, rows, code, judge)
    if len(found.kept) < settings.fewest:
        raise UserError(
            f"{repo} has {len(found.kept)} usable pairs for {code}, and a new version needs "
            f"{settings.fewest} (`train.feedback.fewest`): ask speakers for more corrections. "
            f"Not used: {found.dropped or 'none'}; not read: {said.left_out or 'none'}."
        )
    return Pairs(found.kept, {**found.dropped, **said.left_out})


def _told(job: Job[TrainSettings], found: Pairs) -> None:
    say(f"{len(found.kept)} pairs, {sum(found.dropped.values())} rows left out; "
        f"{job.seconds():.1f} s")  # fmt: skip


def _made(job: Job[TrainSettings], tags: dict[str, str], key: str) -> bool:
    """Whether the newest version, or one that only lacks its tag, is made of these very pairs."""
    api, repo = job.api, job.args.into
    for tag, commit in tags.items():
        made = versions.manifest(api, repo, commit)
        if made and made.metrics.get("pairs_digest") == key:
            say(f"{tag} of {repo} is made of these {made.counts.kept} pairs already")
            return True
    head = versions.head(api, repo)
    made = versions.manifest(api, repo, head) if head else None
    if head and made and made.metrics.get("pairs_digest") == key:
        api.create_tag(repo, tag=versions.name(made), revision=head, exist_ok=True)
        say(f"{versions.name(made)} of {repo} was made already, and has its tag now")
        return True
    return False


def _fit(job: Job[TrainSettings], found: Pairs, scratch: Path) -> dpo.Tuned:
    """Train from the present version, or from where an earlier attempt was."""
    out, repo = scratch / "adapter", job.args.into
    inputs = "".join(sha for name, sha in sorted(job.inputs.items()) if name != job.args.feedback)
    key = hashlib.sha256(f"{job.args.digest}{inputs}{found.key}".encode()).hexdigest()
    resume = checkpoints.latest(job.api, repo, key, out / "checkpoints")
    upload = checkpoints.Upload(job.api, repo, key, scratch / "upload")
    progress = Progress(0, "steps")

    def show(step: int, steps: int, details: dict[str, object]) -> None:
        progress.total = steps
        progress.show(step, **details)

    tuned = dpo.train(
        _present(job),
        model_loading.tokenizer(job.args.base, job.base_revision),
        found.kept,
        job.settings,
        out,
        show,
        str(job.config.evaluate.get("system") or ""),
        [checkpoints.keeper(upload)],
        resume,
    )
    say(f"{tuned.steps} steps in {tuned.seconds:.1f} s, loss {tuned.loss_last:.3f}, "
        f"margin {tuned.margin:.3f}")  # fmt: skip
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    return tuned


def _present(job: Job[TrainSettings]) -> Any:
    """The version in use, ready to be trained on."""
    from peft import PeftModel

    settings, repo = job.settings, job.args.into
    model = model_loading.model(job.args.base, job.base_revision, settings.threads, settings.model)
    return PeftModel.from_pretrained(model, repo, revision=job.inputs[repo], is_trainable=True)


def _publish(
    job: Job[TrainSettings], found: Pairs, tuned: dpo.Tuned, version: str, out: Path
) -> str:
    """Adapter, log, card and citation in one commit, `run.json` in a second; returns its sha."""
    api, repo, present = job.api, job.args.into, job.inputs[job.args.into]
    lines = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in tuned.log)
    (out / "training_log.jsonl").write_text(lines, encoding="utf-8")
    (out / "README.md").write_text(_card(job, found, tuned, version), encoding="utf-8")
    title = f"{repo.split('/')[-1]} {version}"
    sources = [f"{api.endpoint}/datasets/{job.args.dataset}", f"{api.endpoint}/{job.args.base}"]
    cited = citation.citation(title, "software", f"{api.endpoint}/{repo}", found.credits, sources)
    (out / citation.PATH).write_text(cited, encoding="utf-8")
    api.create_branch(repo, branch=versions.BRANCH, revision=present, exist_ok=True)
    commit = api.upload_folder(
        repo_id=repo,
        folder_path=out,
        revision=versions.BRANCH,
        delete_patterns="*",
        commit_message=f"Add {version} for {job.config.language}",
    )
    counts = manifests.Counts(len(found.kept), found.dropped)
    metrics = {
        "version": version,
        "parent_version": versions.name(versions.manifest(api, repo, present)),
        "pairs_digest": found.key,
        "loss_first": round(tuned.loss_first, 4),
        "loss_last": round(tuned.loss_last, 4),
        "reward_margin": round(tuned.margin, 4),
        "reward_accuracy": round(tuned.right, 4),
        "steps": tuned.steps,
        "training_seconds": round(tuned.seconds, 2),
    }
    made = job.manifest("train", str(commit.oid), counts, PACKAGES, metrics)
    return manifests.push(api, repo, "model", versions.RUN, made, versions.BRANCH)


def _card(job: Job[TrainSettings], found: Pairs, tuned: dpo.Tuned, version: str) -> str:
    """The present version's card, with what this one is and without that one's results."""
    from huggingface_hub import ModelCard

    repo, present = job.args.into, job.inputs[job.args.into]
    path = job.api.hf_hub_download(repo, "README.md", revision=present)
    card: ModelCard = ModelCard.load(path)
    speakers = language.get(job.config.language).name
    said = (
        f"## Version {version}\n\n"
        f"Made from commit `{present}` by direct preference optimisation (DPO) on "
        f"{len(found.kept):,} pairs of answers that speakers of {speakers} corrected or preferred "
        f"(`{job.args.feedback}` at `{job.inputs[job.args.feedback]}`): {tuned.steps} steps, loss "
        f"{tuned.loss_first:.3f} → {tuned.loss_last:.3f}. Everything below is of the first version."
    )
    thanks = citation.thanks(found.credits)
    card.text = card_sections.put(
        card.text, MARK, f"{said}\n\n{thanks}".rstrip(), before="## Results"
    )
    above, start, rest = card.text.partition(RESULTS_START)
    if start:
        below = rest.partition(RESULTS_END)[2]
        card.text = f"{above}{RESULTS_START}\nNot evaluated yet.\n{RESULTS_END}{below}"
    card.data["eval_results"] = None
    card.data["tags"] = sorted({*(card.data.get("tags") or []), "dpo"})
    return str(card)
