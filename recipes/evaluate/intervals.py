"""Confidence intervals and tests, one method for each kind of measure. Pure.

* A share of right answers has Wilson's score interval (1927). The difference between two systems
  on the same questions has the interval and the test of Tango (1998, doi 10.1002/
  (SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B); at no difference, that is McNemar's
  test.
* Any other score is a function of sums over items, so a resample is one matrix product: items are
  drawn with replacement, with the same draws for both systems (Koehn, 2004). Interval and p are
  read from the same draws.

Several tests of one claim are corrected by Bonferroni, interval and p alike. So a difference is
significant exactly if its interval leaves out zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from statistics import NormalDist, fmean
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
ScoreFunction = Callable[[Array], Array]  # sums of statistics (…, k) → scores (…)
Verdict = Literal["kept", "some lost", "lost", "cannot tell"]

CONFIDENCE = 0.95  # of every published interval; the results schema says so, too
DRAWS_AT_ONCE = 100  # keeps a resample of 14,000 items under 12 MB
BOOTSTRAP, SCORE_TEST = "paired bootstrap", "paired score test"
BISECTIONS = 50


@dataclass(frozen=True)
class Interval:
    """A value and its confidence interval."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> Interval:
        """Return it in another unit."""
        return Interval(factor * self.value, factor * self.low, factor * self.high)


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same items.

    `p` is two-sided. It and `difference` are corrected for the `tests` tests of one claim; `alone`
    is the same difference with the interval that it has without the others.
    """

    base: Interval
    adapter: Interval
    difference: Interval
    alone: Interval
    p: float
    test: str
    tests: int = 1

    @property
    def is_significant(self) -> bool:
        """Whether the systems differ."""
        return self.p < 1 - CONFIDENCE


def compare_shares(base: Array, adapter: Array, tests: int = 1) -> Comparison:
    """Compare two vectors of right (1) and wrong (0) answers to the same questions."""
    won, lost = int((adapter > base).sum()), int((adapter < base).sum())
    # Unlike `1 - cdf`, this is not rounded to 0 where it is small.
    p = math.erfc(abs(_score_statistic(won, lost, len(base), 0.0)) / math.sqrt(2))
    return Comparison(
        base=wilson(base),
        adapter=wilson(adapter),
        difference=_share_difference(won, lost, len(base), tests),
        alone=_share_difference(won, lost, len(base), 1),
        p=min(1.0, tests * p),
        test=SCORE_TEST,
        tests=tests,
    )


def compare_scores(
    score: ScoreFunction, base: Array, adapter: Array, samples: int, seed: int, tests: int = 1
) -> Comparison:
    """Compare two (items, k) matrices of statistics."""
    scores = score(_resample(np.stack([base, adapter]), samples, seed))  # (2, samples)
    exact = score(np.stack([base.sum(axis=0), adapter.sum(axis=0)]))
    change, changes = float(exact[1] - exact[0]), scores[1] - scores[0]
    contradicting = min(int((changes <= 0).sum()), int((changes >= 0).sum()))
    return Comparison(
        base=_drawn_interval(float(exact[0]), scores[0]),
        adapter=_drawn_interval(float(exact[1]), scores[1]),
        difference=_drawn_interval(change, changes, tests),
        alone=_drawn_interval(change, changes),
        p=min(1.0, tests * 2 * (contradicting + 1) / (samples + 1)),
        test=BOOTSTRAP,
        tests=tests,
    )


def score_interval(score: ScoreFunction, system: Array, samples: int, seed: int) -> Interval:
    """Score one system, with the draws that `compare_scores` makes from the same seed."""
    draws = score(_resample(system[None], samples, seed))[0]
    return _drawn_interval(float(score(system.sum(axis=0))), draws)


def wilson(answers: Array) -> Interval:
    """Return the share of right answers (1) with Wilson's score interval."""
    share, n, z = float(answers.mean()), len(answers), _quantile(1)
    center = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, center - half), min(1.0, center + half))


def mean_by_family(differences: Mapping[str, Sequence[Interval]]) -> Interval | None:
    """Return the mean of the families' means; None without any difference.

    Families are independent, and the members of one, which share texts, are taken to err alike.
    The intervals are combined by MOVER (Zou and Donner, 2008, doi 10.1002/sim.3095).
    """
    if not differences:
        return None
    means = [
        Interval(*map(fmean, zip(*map(astuple, family), strict=True)))
        for family in differences.values()
    ]
    value = fmean(mean.value for mean in means)
    below = math.hypot(*(mean.value - mean.low for mean in means)) / len(means)
    above = math.hypot(*(mean.high - mean.value for mean in means)) / len(means)
    return Interval(value, value - below, value + above)


def non_inferiority(change: Interval, margin: float) -> Verdict:
    """Say whether a change is above a loss of `margin`, below it, or neither for certain.

    It is `some lost` if a loss is certain, but not whether it is larger.
    """
    if change.low > -margin:
        return "kept"
    if change.high < -margin:
        return "lost"
    return "some lost" if change.high < 0 else "cannot tell"


def _quantile(tests: int) -> float:
    return NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (2 * tests))


def _share_difference(won: int, lost: int, n: int, tests: int) -> Interval:
    """Return the difference of two shares with the limits that Tango's test just accepts."""
    difference, z = (won - lost) / n, _quantile(tests)

    def limit(outside: float) -> float:
        inside = difference
        for _ in range(BISECTIONS):
            middle = (inside + outside) / 2
            if abs(_score_statistic(won, lost, n, middle)) <= z:
                inside = middle
            else:
                outside = middle
        return inside

    return Interval(difference, limit(-1.0), limit(1.0))


def _score_statistic(won: int, lost: int, n: int, difference: float) -> float:
    """Return Tango's statistic for the hypothesis of this difference; normal if it is true."""
    b = (2 * n - won + lost) * difference - won - lost
    c = -lost * difference * (1 - difference)
    lost_share = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * (2 * lost_share + difference * (1 - difference))
    observed = won - lost - n * difference
    if variance <= 0:
        return math.copysign(math.inf, observed) if observed else 0.0
    return observed / math.sqrt(variance)


def _resample(statistics: Array, samples: int, seed: int) -> Array:
    """Return (systems, samples, k): sums over items drawn with replacement."""
    rng = np.random.default_rng(seed)
    items = statistics.shape[1]
    parts = []
    for start in range(0, samples, DRAWS_AT_ONCE):
        count = min(DRAWS_AT_ONCE, samples - start)
        weights = rng.multinomial(items, np.full(items, 1 / items), size=count)
        parts.append(weights.astype(np.float64) @ statistics)
    return np.concatenate(parts, axis=1)


def _drawn_interval(value: float, draws: Array, tests: int = 1) -> Interval:
    """Return the interval that leaves out zero exactly if the p of the draws is small enough."""
    tail = max(1, math.ceil((1 - CONFIDENCE) / tests * (len(draws) + 1) / 2) - 1)
    ordered = np.sort(draws)
    return Interval(value, float(ordered[tail - 1]), float(ordered[-tail]))
