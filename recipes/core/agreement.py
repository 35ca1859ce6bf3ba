"""Combine several people's verdicts on the same rows of a dataset. Pure.

Agreement is Krippendorff's alpha for nominal data (2011), which allows any number of people per
row: 1 is perfect agreement, 0 is agreement by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from recipes.core.feedback import VERDICTS, Review
from recipes.core.row_edits import RowEdits
from recipes.validation.ranges import PositiveCount


@dataclass(frozen=True)
class ReviewSettings:
    """From how many reviews on a dataset counts as reviewed by speakers."""

    reviewers: PositiveCount
    """People who reviewed it; as many must agree before a row is dropped or corrected."""
    rows: PositiveCount
    """Rows that were reviewed."""


@dataclass(frozen=True)
class Tally:
    """The counts of all verdicts.

    `shared_rows` were reviewed by several people. `alpha` is None if it is not defined: no row is
    shared, or all verdicts are the same.
    """

    reviewers: int
    rows: int
    shared_rows: int
    verdicts: Mapping[str, int]
    alpha: float | None
    credits: tuple[str, ...]

    def is_enough(self, settings: ReviewSettings) -> bool:
        """Return whether the dataset counts as reviewed by speakers."""
        return self.reviewers >= settings.reviewers and self.rows >= settings.rows


def tally(reviews: Sequence[Review]) -> Tally:
    """Count the verdicts of accounts; of several by one on a row, the last."""
    by_row = _by_row(reviews)
    counted = [review for row_reviews in by_row.values() for review in row_reviews]
    verdicts = [[review.verdict for review in row_reviews] for row_reviews in by_row.values()]
    counts = Counter(review.verdict for review in counted)
    return Tally(
        reviewers=len({review.account for review in counted}),
        rows=len(by_row),
        shared_rows=sum(len(row_verdicts) > 1 for row_verdicts in verdicts),
        verdicts={verdict: counts[verdict] for verdict in VERDICTS},
        alpha=alpha(verdicts),
        credits=tuple(sorted({review.credit for review in counted if review.credit})),
    )


def agreed_edits(reviews: Sequence[Review], min_people: int) -> RowEdits:
    """Return the edits that at least `min_people` and more than half of a row's reviewers want.

    Of several corrections of a row, the most frequent is taken, and of equals the last.
    """
    dropped, corrected = set[str](), dict[str, str]()
    for row, row_reviews in _by_row(reviews).items():
        verdict, votes = Counter(review.verdict for review in row_reviews).most_common(1)[0]
        if votes < min_people or 2 * votes <= len(row_reviews):
            continue
        if verdict == "drop":
            dropped.add(row)
        elif verdict == "fix":
            texts = Counter(review.fixed for review in reversed(row_reviews) if review.fixed)
            corrected[row] = texts.most_common(1)[0][0]
    return RowEdits(frozenset(dropped), corrected)


def _by_row(reviews: Sequence[Review]) -> dict[str, list[Review]]:
    """Return each person's last review of each row, in the given order."""
    last = {(review.row_id, review.account): review for review in reviews}
    by_row: dict[str, list[Review]] = {}
    for review in reviews:
        if last[review.row_id, review.account] is review:
            by_row.setdefault(review.row_id, []).append(review)
    return by_row


def alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Return Krippendorff's nominal alpha; a unit has one value from each of its coders."""
    pairs = Counter[tuple[str, str]]()
    for values in units:
        for pair in permutations(values, 2):
            pairs[pair] += 1 / (len(values) - 1)  # type: ignore[assignment]  # weights
    totals = Counter[str]()
    for (value, _), weight in pairs.items():
        totals[value] += weight
    number = sum(totals.values())
    expected = number**2 - sum(total**2 for total in totals.values())
    if not expected:
        return None
    observed = sum(weight for (left, right), weight in pairs.items() if left != right)
    return 1 - (number - 1) * observed / expected
