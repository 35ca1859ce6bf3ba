"""What the verdicts of several people on the same rows come to. Pure.

Agreement is Krippendorff's alpha for nominal data (2011): it takes any number of people a row, and
says how much better than by chance they agree. 1 is always, 0 as by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from recipes.feedback import VERDICTS, Review


@dataclass(frozen=True)
class Settings:
    """So many people and rows must there be before a dataset counts as reviewed by speakers."""

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

    def enough(self, settings: Settings) -> bool:
        """Whether it may be said that speakers have reviewed it."""
        return self.reviewers >= settings.reviewers and self.rows >= settings.rows


def tally(reviews: Sequence[Review]) -> Tally:
    """Count; who looked at a row twice is heard with the last word."""
    last = {(review.row_id, review.reviewer): review for review in reviews}
    by_row: dict[str, list[str]] = {}
    for review in last.values():
        by_row.setdefault(review.row_id, []).append(review.verdict)
    counts = Counter(review.verdict for review in last.values())
    return Tally(
        reviewers=len({review.reviewer for review in last.values()}),
        rows=len(by_row),
        shared=sum(len(verdicts) > 1 for verdicts in by_row.values()),
        verdicts={verdict: counts[verdict] for verdict in VERDICTS},
        alpha=alpha(list(by_row.values())),
        credits=tuple(sorted({review.credit for review in last.values() if review.credit})),
    )


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
