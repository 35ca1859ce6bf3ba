"""`kakugo-recipe review-report`: the reviews of a dataset in, its card and its adapter's told anew.

What people agree on goes into the dataset (mending.py), who is thanked and what was read into
CITATION.cff. One commit a repository, and none where nothing changed.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recipes.core import card_sections, citation, feedback, language, manifest, row_edits
from recipes.core.agreement import ReviewSettings, Tally, settle, tally
from recipes.core.job import Job, pin
from recipes.core.progress import say
from recipes.core.row_edits import RowEdits
from recipes.core.schema import build
from recipes.review import card
from recipes.train import feedback_gates
from recipes.train.preference_pairs import to_draft

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD = "README.md"
ALONE = "**Not yet reviewed by speakers of {}.**\n"  # how a card says it that has no marks


@dataclass(frozen=True)
class Shown:
    """A repository whose card tells it; `kind` is "dataset" or "model"."""

    repo: str
    kind: str
    before: str

    def url(self, endpoint: str) -> str:
        """Its page."""
        folder = "datasets/" if self.kind == "dataset" else ""
        return f"{endpoint}/{folder}{self.repo}"


def main(args: argparse.Namespace) -> None:
    """Count the reviews and write the cards."""
    from huggingface_hub import HfApi

    api = HfApi()
    settings = build(ReviewSettings, args.config.review, "review")
    shown = [Shown(args.dataset, "dataset", "## What is in it")]
    if args.adapter:
        shown.append(Shown(args.adapter, "model", "## Use"))
    repos = {one.repo: one.kind for one in shown}
    job = pin(api, args, settings, {**repos, args.feedback: "dataset"})
    said = feedback.fetch(api, args.feedback, job.inputs[args.feedback], args.config.language)
    reviews = [review for review in said.reviews if review.dataset == args.dataset]
    counted, mended = tally(reviews), _usable(job, settle(reviews, settings.reviewers))
    thanked = sorted({*counted.credits, *_correctors(said, args.adapter), *args.thank})
    text = card.text(counted, mended, settings, language.get(args.config.language).name, thanked)
    for one in shown:
        _show(api, one, text, args, thanked, mended)
    say(_told(counted, mended, said.left_out))


def _usable(job: Job[ReviewSettings], agreed: RowEdits) -> RowEdits:
    """Without the corrections of rows that are not there, or that no teacher's row would pass."""
    if not agreed.corrected:
        return agreed
    rows, judge = (
        feedback_gates.load_turns(job, agreed.corrected),
        feedback_gates.feedback_gate(job),
    )
    code = job.config.language
    usable = {
        row: text
        for row, text in agreed.corrected.items()
        if row in rows
        and not judge(to_draft(rows[row][:-1], row_edits.reworded(rows[row][-1][1], text), code))
    }
    return replace(agreed, corrected=usable)


def _correctors(said: feedback.Feedback, adapter: str | None) -> set[str]:
    """Who corrected answers of this adapter and wanted to be named."""
    return {chat.credit for chat in said.chats if chat.credit and chat.model == adapter}


def _show(
    api: HfApi,
    shown: Shown,
    text: str,
    args: argparse.Namespace,
    thanked: list[str],
    mended: RowEdits,
) -> None:
    """Card, citation and, in the dataset, what is agreed: one commit if any is not so already."""
    from huggingface_hub import CommitOperationAdd

    old = _read(api, shown, CARD) or f"# {shown.repo.split('/')[-1]}\n"
    old = old.replace(ALONE.format(language.get(args.config.language).name), "")
    new = {CARD: card_sections.put(old, card.MARK, text, shown.before)}
    kind = "dataset" if shown.kind == "dataset" else "software"
    new[citation.PATH] = citation.citation(
        shown.repo.split("/")[-1],
        kind,
        shown.url(api.endpoint),
        thanked,
        _sources(api, args),
    )
    if shown.kind == "dataset":
        new[row_edits.PATH] = mended.to_jsonl()
    changed = {path: made for path, made in new.items() if made != (_read(api, shown, path) or "")}
    if changed:
        api.create_commit(
            shown.repo,
            [CommitOperationAdd(path, made.encode()) for path, made in changed.items()],
            repo_type=shown.kind,
            commit_message="Say what speakers found",
        )


def _read(api: HfApi, shown: Shown, path: str) -> str | None:
    if not api.file_exists(shown.repo, path, repo_type=shown.kind):
        return None
    with open(api.hf_hub_download(shown.repo, path, repo_type=shown.kind), "rb") as file:
        return file.read().decode("utf-8", "replace")


def _sources(api: HfApi, args: argparse.Namespace) -> list[str]:
    """The pages of the texts that the dataset was made from, as its manifest tells."""
    if not api.file_exists(args.dataset, "run.json", repo_type="dataset"):
        return []
    with open(
        api.hf_hub_download(args.dataset, "run.json", repo_type="dataset"), encoding="utf-8"
    ) as file:
        read = manifest.Manifest.from_json(file.read()).inputs
    section: dict[str, Any] = args.config.generate
    corpora = [*(section.get("texts") or []), section.get("conversations") or {}]
    named = {str(corpus["repo"]) for corpus in corpora if "repo" in corpus}
    return [f"{api.endpoint}/datasets/{repo}" for repo in sorted(named & set(read))]


def _told(counted: Tally, mended: RowEdits, left_out: dict[str, int]) -> str:
    agreed = "not defined" if counted.alpha is None else f"{counted.alpha:.3f}"
    verdicts = ", ".join(f"{name} {count}" for name, count in counted.verdicts.items())
    return (
        f"{counted.reviewers} reviewers, {counted.rows} rows ({verdicts}), agreement {agreed}; "
        f"agreed to drop {len(mended.dropped)} and to correct {len(mended.corrected)}; "
        f"rows not read: {left_out or 'none'}"
    )
