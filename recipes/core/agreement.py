"""What the verdicts of several people on the same rows come to, together and row by row. Pure.

Agreement is Krippendorff's alpha for nominal data (2011): it takes any number of people a row, and
says how much better than by chance they agree. 1 is always, 0 as by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from recipes.core.feedback import VERDICTS, Review
from recipes.core.row_edits import RowEdits


@dataclass(frozen=True)
class ReviewSettings:
    """So many people and rows must there be before a dataset counts as reviewed by speakers; and so
    many people must agree before a row is dropped or corrected."""

    reviewers: int
    rows: int


@dataclass(frozen=True)
class Tally:
    """`verdicts` counts each, `shared` the rows that several people saw; `alpha` None where it is
    not defined: nobody shared a row, or all verdicts are the same."""

    reviewers: int
    rows: int
    shared: int
    verdicts: Mapping[str, int]
    alpha: float | None
    credits: tuple[str, ...]

    def enough(self, settings: ReviewSettings) -> bool:
        """Whether it may be said that speakers have reviewed it."""
        return self.reviewers >= settings.reviewers and self.rows >= settings.rows


def tally(reviews: Sequence[Review]) -> Tally:
    """Count; who looked at a row twice is heard with the last word."""
    by_row = _by_row(reviews)
    last = [review for said in by_row.values() for review in said]
    verdicts = [[review.verdict for review in said] for said in by_row.values()]
    counts = Counter(review.verdict for review in last)
    return Tally(
        reviewers=len({review.reviewer for review in last}),
        rows=len(by_row),
        shared=sum(len(said) > 1 for said in verdicts),
        verdicts={verdict: counts[verdict] for verdict in VERDICTS},
        alpha=alpha(verdicts),
        credits=tuple(sorted({review.credit for review in last if review.credit})),
    )


def settle(reviews: Sequence[Review], people: int) -> RowEdits:
    """The rows on which so many people agree, and more than half of those who looked.

    A correction is taken in the wording that most of them gave; of equals, the last.
    """
    dropped, corrected = set[str](), dict[str, str]()
    for row, said in _by_row(reviews).items():
        verdict, votes = Counter(review.verdict for review in said).most_common(1)[0]
        if votes < people or 2 * votes <= len(said):
            continue
        if verdict == "drop":
            dropped.add(row)
        elif verdict == "fix":
            wordings = Counter(review.fixed for review in reversed(said) if review.fixed)
            corrected[row] = wordings.most_common(1)[0][0]
    return RowEdits(frozenset(dropped), corrected)


def _by_row(reviews: Sequence[Review]) -> dict[str, list[Review]]:
    """What each person said last of each row, in the order in which it was said."""
    last = {(review.row_id, review.reviewer): review for review in reviews}
    by_row: dict[str, list[Review]] = {}
    for review in reviews:
        if last[review.row_id, review.reviewer] is review:
            by_row.setdefault(review.row_id, []).append(review)
    return by_row


def alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Krippendorff's nominal alpha of units with one value from each who judged it."""
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
    observed = sum(weight for (one, other), weight in pairs.items() if one != other)
    return 1 - (number - 1) * observed / expected
