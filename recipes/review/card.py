"""What the cards of dataset and adapter say of the reviews: numbers, and harmless names."""

from __future__ import annotations

from collections.abc import Sequence

from recipes.core import citation
from recipes.core.agreement import ReviewSettings, Tally
from recipes.core.row_edits import PATH, RowEdits

MARK = "review"


def text(
    tally: Tally, mending: RowEdits, settings: ReviewSettings, speakers: str, thanked: Sequence[str]
) -> str:
    """The part between the marks; `speakers` is the language's English name."""
    parts = [_headline(tally, settings, speakers)]
    if tally.rows:
        parts.append(_table(tally))
        parts.append(_agreement(tally))
        parts.append(_mended(mending, settings))
    parts.append(citation.thanks(thanked))
    return "\n\n".join(part for part in parts if part)


def _headline(tally: Tally, settings: ReviewSettings, speakers: str) -> str:
    so_far = f"{_many(tally.reviewers, 'person', 'people')} looked at {_many(tally.rows, 'row')}"
    if tally.enough(settings):
        return f"**Reviewed by speakers of {speakers}**: {so_far} of the dataset."
    return (
        f"**Not yet reviewed by speakers of {speakers}**: {so_far} of the dataset; "
        f"{settings.reviewers} people and {settings.rows} rows are needed."
    )


def _table(tally: Tally) -> str:
    counts = tally.verdicts
    return (
        "| keep | fix | drop | rows seen by several |\n|---|---|---|---|\n"
        f"| {counts['keep']} | {counts['fix']} | {counts['drop']} | {tally.shared} |"
    )


def _agreement(tally: Tally) -> str:
    if tally.alpha is None:
        return "How far they agree cannot be told yet (people are counted by browser)."
    return (
        f"Agreement (Krippendorff's alpha, nominal): {tally.alpha:.2f}, where 1 is always and 0 as "
        "by chance. People are counted by browser."
    )


def _mended(mending: RowEdits, settings: ReviewSettings) -> str:
    return (
        f"At least {_many(settings.reviewers, 'person', 'people')}, and most of those who looked, "
        f"agree to drop {_many(len(mending.dropped), 'row')} and to correct "
        f"{len(mending.corrected):,}: whatever is trained from now on leaves those out and learns "
        f"these as corrected. `{PATH}` of the dataset names them."
    )


def _many(count: int, one: str, more: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"
