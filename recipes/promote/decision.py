"""Decide whether an adapter's new version replaces the current version. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class VersionScores:
    """One test of both versions on the same items; `significant` is corrected for all tests."""

    test: str
    metric: str
    current: float
    new: float
    significant: bool

    @property
    def is_worse(self) -> bool:
        """Whether the new version is significantly worse."""
        return self.significant and self.new < self.current

    @property
    def is_better(self) -> bool:
        """Whether the new version is significantly better."""
        return self.significant and self.new > self.current


@dataclass(frozen=True)
class Decision:
    """Whether the new version is promoted, and a sentence that says why."""

    promoted: bool
    reason: str


def decide(scores: Sequence[VersionScores]) -> Decision:
    """Promote unless a test finds the new version significantly worse or there is no test."""
    if not scores:
        return Decision(False, "No test compared it.")
    worse = [score for score in scores if score.is_worse]
    if worse:
        return Decision(False, f"It is significantly worse {_listed(worse, scores)}.")
    better = [score for score in scores if score.is_better]
    if better:
        return Decision(True, f"It is significantly better {_listed(better, scores)}.")
    return Decision(True, f"No significant difference was found in {_tests(len(scores))}.")


def _listed(different: Sequence[VersionScores], scores: Sequence[VersionScores]) -> str:
    listed = "; ".join(map(_text, different))
    return f"in {len(different)} of {_tests(len(scores))}: {listed}"


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _text(score: VersionScores) -> str:
    shown = ".1%" if score.metric == "accuracy" else ".1f"
    return f"{score.test} ({score.metric}) {score.current:{shown}} → {score.new:{shown}}"
