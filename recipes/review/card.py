"""Write the section about reviews for the cards of dataset and adapter."""

from __future__ import annotations

from collections.abc import Sequence

from recipes.core import citation
from recipes.core.agreement import ReviewSettings, Tally
from recipes.core.row_edits import PATH, RowEdits

SECTION = "review"
TAG = "reviewed-by-speakers"


def text(
    tally: Tally, edits: RowEdits, settings: ReviewSettings, language: str, thanked: Sequence[str]
) -> str:
    """Return the section; `language` is an English name."""
    parts = [_headline(tally, settings, language)]
    if tally.rows:
        parts.append(_table(tally))
        parts.append(_agreement(tally))
    if edits:
        parts.append(_edits(edits, settings))
    parts.append(citation.thanks(thanked))
    return "\n\n".join(part for part in parts if part)


def tagged(text: str, is_reviewed: bool) -> str:
    """Return a whole card with the tag that says that it is reviewed, or without it."""
    from huggingface_hub import RepoCard

    card = RepoCard(text)
    tags = card.data.get("tags") or []
    if (TAG in tags) == is_reviewed:
        return text
    card.data["tags"] = [*tags, TAG] if is_reviewed else [tag for tag in tags if tag != TAG]
    return str(card)


def _headline(tally: Tally, settings: ReviewSettings, language: str) -> str:
    so_far = f"{_people(tally.reviewers)} reviewed {_rows(tally.rows)} of the dataset"
    if tally.is_enough(settings):
        return f"**Reviewed by speakers of {language}**: {so_far}."
    return (
        f"**Not yet reviewed by speakers of {language}**: {so_far}; "
        f"{_people(settings.reviewers)} and {_rows(settings.rows)} are needed."
    )


def _table(tally: Tally) -> str:
    counts = tally.verdicts
    return (
        "| keep | correct | drop | rows reviewed by several people |\n|---|---|---|---|\n"
        f"| {counts['keep']} | {counts['fix']} | {counts['drop']} | {tally.shared_rows} |"
    )


def _agreement(tally: Tally) -> str:
    counted = "Each account on the Hub counts as one person."
    if tally.alpha is None:
        return f"Agreement cannot be computed yet. {counted}"
    return (
        f"Agreement (Krippendorff's alpha, nominal): {tally.alpha:.2f}, where 1 is perfect "
        f"agreement and 0 is chance. {counted}"
    )


def _edits(edits: RowEdits, settings: ReviewSettings) -> str:
    return (
        f"At least {_people(settings.reviewers)}, and most of those who reviewed the row, agree to "
        f"drop {_rows(len(edits.dropped))} and to correct {_rows(len(edits.corrected))}. All "
        "training from now on leaves out the dropped rows and uses the corrected ones; "
        f"`{PATH}` in the dataset lists them."
    )


def _people(number: int) -> str:
    return f"{number:,} {'person' if number == 1 else 'people'}"


def _rows(number: int) -> str:
    return f"{number:,} {'row' if number == 1 else 'rows'}"
