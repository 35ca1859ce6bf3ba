"""Count the reviews of a dataset, agree on edits of its rows, and update cards and citations.

The agreed edits go to `speakers.jsonl` in the dataset. Each repository gets at most one commit, and
none if nothing changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recipes.core import card_sections, citation, decisions, language, manifest, row_edits
from recipes.core.agreement import ReviewSettings, Tally, agreed_edits, tally
from recipes.core.feedback import Feedback
from recipes.core.job import Job, pin
from recipes.core.progress import say
from recipes.core.row_edits import RowEdits
from recipes.core.schema import build
from recipes.generate.data.corpora import Corpus
from recipes.review import card
from recipes.train import feedback_gates
from recipes.train.preference_pairs import to_draft

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD = "README.md"
NOT_REVIEWED = "**Not yet reviewed by speakers of {}.**\n"  # in a card without the section


@dataclass(frozen=True)
class Target:
    """A repository whose card gets the section, before the given heading at first."""

    repo: str
    repo_type: str
    heading: str

    def url(self, endpoint: str) -> str:
        """Return the page of the repository."""
        folder = "datasets/" if self.repo_type == "dataset" else ""
        return f"{endpoint}/{folder}{self.repo}"


@dataclass(frozen=True)
class Findings:
    """What goes into the repositories: the section of the cards, who is thanked, and the edits.

    `language` is its name. `sources` are the pages of the corpora that the dataset was made from.
    """

    section: str
    language: str
    is_reviewed: bool
    thanked: Sequence[str]
    sources: Sequence[str]
    edits: RowEdits


def main(args: argparse.Namespace) -> None:
    """Count the reviews and update the repositories."""
    from huggingface_hub import HfApi

    api = HfApi()
    settings = build(ReviewSettings, args.config.review, "review")
    targets = [Target(args.dataset, "dataset", "## What is in it")]
    if args.adapter:
        targets.append(Target(args.adapter, "model", "## Use"))
    repos = {target.repo: target.repo_type for target in targets}
    job = pin(api, args, settings, {**repos, args.feedback: "dataset"})
    rows = decisions.fetch(api, args.feedback, job.inputs[args.feedback], args.config.language)
    reviews = [review for review in rows.reviews if review.dataset == args.dataset]
    counts = tally(reviews)
    edits = _usable_edits(job, agreed_edits(reviews, settings.reviewers))
    thanked = sorted({*counts.credits, *_correctors(rows, args.adapter), *args.thank})
    name = language.get(args.config.language).name
    text = card.text(counts, edits, settings, name, thanked)
    sources = _source_urls(api, args)
    findings = Findings(text, name, counts.is_enough(settings), thanked, sources, edits)
    for target in targets:
        _update(api, target, findings)
    say(_summary(counts, edits, rows.skipped))


def _usable_edits(job: Job[ReviewSettings], edits: RowEdits) -> RowEdits:
    """Remove corrections of rows that do not exist, and those that the gates would reject."""
    if not edits.corrected:
        return edits
    rows = feedback_gates.load_turns(job, edits.corrected)
    gate = feedback_gates.feedback_gate(job)
    usable = {}
    for row, text in edits.corrected.items():
        if row in rows:
            *prompt, (_, response) = rows[row]
            answer = row_edits.replace_answer(response, text)
            if not gate(to_draft(tuple(prompt), answer, job.config.language)):
                usable[row] = text
    return replace(edits, corrected=usable)


def _correctors(rows: Feedback, adapter: str | None) -> set[str]:
    """Return the names of those who corrected this adapter and want credit."""
    return {chat.credit for chat in rows.chats if chat.credit and chat.model == adapter}


def _update(api: HfApi, target: Target, findings: Findings) -> None:
    """Commit what changed: card, citation file and, in the dataset, the edits."""
    from huggingface_hub import CommitOperationAdd

    name = target.repo.split("/")[-1]
    old_card = _read(api, target, CARD) or f"# {name}\n"
    old_card = old_card.replace(NOT_REVIEWED.format(findings.language), "")
    new_card = card_sections.set_section(old_card, card.SECTION, findings.section, target.heading)
    files = {
        CARD: card.tagged(new_card, findings.is_reviewed),
        citation.PATH: citation.citation_file(
            name,
            "dataset" if target.repo_type == "dataset" else "software",
            target.url(api.endpoint),
            findings.thanked,
            findings.sources,
        ),
    }
    if target.repo_type == "dataset":
        files[row_edits.PATH] = findings.edits.to_jsonl()
    changed = {
        path: content
        for path, content in files.items()
        if content != (_read(api, target, path) or "")
    }
    if changed:
        api.create_commit(
            target.repo,
            [CommitOperationAdd(path, content.encode()) for path, content in changed.items()],
            repo_type=target.repo_type,
            commit_message="Add what speakers reviewed",
        )


def _read(api: HfApi, target: Target, path: str) -> str | None:
    if not api.file_exists(target.repo, path, repo_type=target.repo_type):
        return None
    with open(api.hf_hub_download(target.repo, path, repo_type=target.repo_type), "rb") as file:
        return file.read().decode("utf-8", "replace")


def _source_urls(api: HfApi, args: argparse.Namespace) -> list[str]:
    """Return the pages of the corpora that the dataset was made from, by its manifest."""
    if not api.file_exists(args.dataset, "run.json", repo_type="dataset"):
        return []
    with open(api.hf_hub_download(args.dataset, "run.json", repo_type="dataset"), "rb") as file:
        inputs = manifest.Manifest.from_json(file.read()).inputs
    section = args.config.generate
    corpora = build(list[Corpus], section.get("texts", []), "generate.texts")
    if "conversations" in section:
        corpora.append(build(Corpus, section["conversations"], "generate.conversations"))
    repos = {corpus.repo for corpus in corpora}
    return [f"{api.endpoint}/datasets/{repo}" for repo in sorted(repos & set(inputs))]


def _summary(counts: Tally, edits: RowEdits, skipped: dict[str, int]) -> str:
    agreement = "not defined" if counts.alpha is None else f"{counts.alpha:.3f}"
    verdicts = ", ".join(f"{verdict} {count}" for verdict, count in counts.verdicts.items())
    reasons = ", ".join(f"{reason} {count}" for reason, count in skipped.items())
    return (
        f"{counts.reviewers} reviewers, {counts.rows} rows ({verdicts}), agreement {agreement}; "
        f"agreed to drop {len(edits.dropped)} and to correct {len(edits.corrected)}; "
        f"skipped: {reasons or 'none'}"
    )
