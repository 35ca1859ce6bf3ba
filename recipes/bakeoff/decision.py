"""Which base to take, and why: the pure part, and the report that people read.

Bits a byte of the answers after the short training decide, because they can be compared between
tokenizers. A base that is not significantly worse than the best and has fewer weights goes first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recipes.bakeoff.candidate import Measured
from recipes.evaluate import metrics
from recipes.train.heldout_loss import bits_per_byte

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Verdict:
    """The base to take, and the sentences that say why."""

    base: str
    why: tuple[str, ...]


def decide(measured: Sequence[Measured], sizes: Sequence[int], samples: int, seed: int) -> Verdict:
    """Take the smallest of those that are as good as the best; `sizes` are the chats' bytes."""
    ranked = sorted(measured, key=lambda one: (bits_per_byte(one.after, sizes), one.parameters))
    best = ranked[0]
    why = [f"{best.base} has the fewest bits a byte after training: {_bits(best, sizes)}."]
    if len(ranked) == 1:
        return Verdict(best.base, ("It is the only candidate.",))
    equal = [best]
    for other in ranked[1:]:
        compared = metrics.compare(
            _rate, _statistics(best, sizes), _statistics(other, sizes), samples, seed
        )
        gap = compared.difference
        interval = f"{gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]"
        told = f"{other.base}: {_bits(other, sizes)}, {interval}"
        if compared.p < SIGNIFICANT:
            why.append(f"{told}, significantly worse.")
        else:
            why.append(f"{told}, not significantly worse.")
            equal.append(other)
    taken = min(equal, key=lambda one: one.parameters)
    if taken is not best:
        why.append(f"{taken.base} is as good and has {taken.parameters:,} weights, so it is taken.")
    return Verdict(taken.base, tuple(why))


def report(
    language: str, measured: Sequence[Measured], sizes: Sequence[int], verdict: Verdict, steps: int
) -> str:
    """The Markdown of report.md."""
    names = sorted({name for one in measured for name in one.scores_before})
    head = [
        "base",
        "weights",
        "tokens a letter",
        "pieces of letters",
        "bits a byte before",
        "after",
    ]
    head += [f"{name}, before → after" for name in names] + ["tokens/s"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for one in measured:
        cells = [one.base, f"{one.parameters:,}", f"{one.tokens_a_letter:.2f}", f"{one.pieces:.1%}"]
        cells += [f"{bits_per_byte(side, sizes):.3f}" for side in (one.before, one.after)]
        cells += [f"{one.scores_before[name]:.2f} → {one.scores_after[name]:.2f}" for name in names]
        lines.append(f"| {' | '.join([*cells, f'{one.tokens_per_second:,.0f}'])} |")
    table = "\n".join(lines)
    why = "\n".join(f"* {sentence}" for sentence in verdict.why)
    return (
        f"# Bake-off for {language}\n\nTake **{verdict.base}**.\n\n{why}\n\n{table}\n\n"
        f"After {steps} steps on the same rows; bits a byte are of the assistant's words in "
        f"{len(sizes)} held-out chats, with 95 % paired bootstrap intervals. The scores are "
        "few-shot and on few items: they decide nothing here.\n"
    )


def _bits(one: Measured, sizes: Sequence[int]) -> str:
    return f"{bits_per_byte(one.after, sizes):.3f}"


def _statistics(one: Measured, sizes: Sequence[int]) -> NDArray[np.float64]:
    return np.stack([np.asarray(one.after), np.asarray(sizes, dtype=float)], axis=1)


def _rate(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    rate: NDArray[np.float64] = sums[..., 0] / math.log(2) / np.maximum(1, sums[..., 1])
    return rate
