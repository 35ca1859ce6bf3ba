"""Whether a new version takes the place of the present one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Compared:
    """One test of both versions on the same items; `significant` after Holm's correction."""

    test: str
    metric: str
    present: float
    new: float
    significant: bool

    @property
    def worse(self) -> bool:
        """Whether the new version is worse, and that is no accident."""
        return self.significant and self.new < self.present

    @property
    def better(self) -> bool:
        """Whether it is better, and that is no accident."""
        return self.significant and self.new > self.present


@dataclass(frozen=True)
class Verdict:
    """Whether it is promoted, and a sentence that says why."""

    promoted: bool
    reason: str


def promote(scores: Sequence[Compared]) -> Verdict:
    """Promote unless one test says that it is worse; without a test nothing is known."""
    if not scores:
        return Verdict(False, "It was not compared by any test.")
    worse = [one for one in scores if one.worse]
    if worse:
        told = "; ".join(map(_told, worse))
        return Verdict(False, f"It is significantly worse in {_of(worse, scores)}: {told}.")
    better = [one for one in scores if one.better]
    if better:
        told = "; ".join(map(_told, better))
        return Verdict(True, f"It is significantly better in {_of(better, scores)}: {told}.")
    return Verdict(True, f"In none of {len(scores)} tests does it differ significantly.")


def _of(some: Sequence[Compared], scores: Sequence[Compared]) -> str:
    return f"{len(some)} of {len(scores)} tests"


def _told(one: Compared) -> str:
    digits = 3 if one.metric == "accuracy" else 1
    return f"{one.test} ({one.metric}) {one.present:.{digits}f} → {one.new:.{digits}f}"
