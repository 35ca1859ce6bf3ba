"""Choose the base and write the report; no I/O.

The held-out loss after the short training decides, in bits per byte of the answers, because that
can be compared between tokenizers. Of the bases that are not significantly worse than the best, the
smallest is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recipes.bakeoff.candidate import Measurement
from recipes.core.number_format import signed
from recipes.evaluate import intervals
from recipes.train.heldout_loss import bits_per_byte


@dataclass(frozen=True)
class Decision:
    """The base to use, and sentences that say why."""

    base: str
    reasons: tuple[str, ...]


def decide(
    measurements: Sequence[Measurement], sizes: Sequence[int], samples: int, seed: int
) -> Decision:
    """Choose the smallest of the bases that are as good as the best.

    `sizes` holds the bytes of each held-out chat's answers; `samples` and `seed` are of the
    bootstrap.
    """
    ranked = sorted(measurements, key=lambda m: (bits_per_byte(m.after, sizes), m.parameters))
    best = ranked[0]
    if len(ranked) == 1:
        return Decision(best.base, ("It is the only candidate.",))
    reasons = [f"{best.base} needs the fewest bits per byte after training: {_bits(best, sizes)}."]
    as_good = [best]
    for other in ranked[1:]:
        comparison = intervals.compare_scores(
            _bits_of_sums, _statistics(best, sizes), _statistics(other, sizes), samples, seed
        )
        gap = comparison.difference
        value, low, high = (signed(each, 3) for each in (gap.value, gap.low, gap.high))
        interval = f"{value} [{low}, {high}]"
        figures = f"{other.base}: {_bits(other, sizes)}, {interval}"
        if comparison.is_significant:
            reasons.append(f"{figures}, significantly worse.")
        else:
            reasons.append(f"{figures}, not significantly worse.")
            as_good.append(other)
    smallest = min(as_good, key=lambda m: m.parameters)
    if smallest is not best:
        reasons.append(
            f"{smallest.base} is as good and smaller, with {smallest.parameters:,} parameters."
        )
    return Decision(smallest.base, tuple(reasons))


def report(
    language: str,
    measurements: Sequence[Measurement],
    sizes: Sequence[int],
    decision: Decision,
    steps: int,
    left_out: Sequence[str] = (),
) -> str:
    """Return the Markdown of `report.md`; `left_out` says which bases could not be measured."""
    benchmarks = sorted({name for m in measurements for name in m.scores_before})
    head = [
        "base",
        "parameters",
        "tokens per character",
        "partial-character tokens",
        "bits per byte before",
        "after",
        "gain",
    ]
    head += [f"{name}, before → after" for name in benchmarks]
    head += ["tokens/s", "minutes per million characters"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for m in measurements:
        cells = [
            m.base,
            f"{m.parameters:,}",
            f"{m.tokens_per_character:.2f}",
            f"{m.partial_tokens:.1%}",
        ]
        before, after = (bits_per_byte(losses, sizes) for losses in (m.before, m.after))
        cells += [f"{before:.3f}", f"{after:.3f}", f"{1 - after / before:.1%}"]
        cells += [
            f"{m.scores_before[name]:.1%} → {m.scores_after[name]:.1%}" for name in benchmarks
        ]
        cells += [f"{m.tokens_per_second:,.0f}", f"{_minutes_per_million(m):.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    table = "\n".join(lines)
    sentences = [*decision.reasons, *(f"Left out: {reason}" for reason in left_out)]
    reasons = "\n".join(f"* {sentence}" for sentence in sentences)
    return (
        f"# Bake-off for {language}\n\nUse **{decision.base}**.\n\n{reasons}\n\n{table}\n\n"
        f"Each base was trained for {steps} steps on the same rows. Bits per byte are of the "
        f"answers in {len(sizes)} held-out chats, with 95% paired bootstrap intervals. The "
        "benchmark scores are accuracies, few-shot and on few items; they do not affect the "
        "choice. The minutes are for training on a million characters, which is what a base costs: "
        "the more tokens it needs for a text, the longer it takes.\n"
    )


def _minutes_per_million(measurement: Measurement) -> float:
    """Return the minutes of training on a million characters; 0 if the speed is unknown."""
    speed = measurement.tokens_per_second
    return 1e6 * measurement.tokens_per_character / speed / 60 if speed else 0.0


def _bits(measurement: Measurement, sizes: Sequence[int]) -> str:
    return f"{bits_per_byte(measurement.after, sizes):.3f}"


def _statistics(measurement: Measurement, sizes: Sequence[int]) -> NDArray[np.float64]:
    return np.stack([np.asarray(measurement.after), np.asarray(sizes, dtype=float)], axis=1)


def _bits_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    bits: NDArray[np.float64] = sums[..., 0] / math.log(2) / np.maximum(1, sums[..., 1])
    return bits
