"""Sum up an evaluation: how much better the adapter is, and whether English was kept. Pure.

Discussion, card, leaderboard and CSV show these figures, in points from 0 to 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from recipes.core.benchmarks.table import benchmark_of
from recipes.evaluate import intervals
from recipes.evaluate.chat import ChatScore
from recipes.evaluate.intervals import Interval, Verdict
from recipes.evaluate.significance import TaskResult


@dataclass(frozen=True)
class Overall:
    """The mean differences from the base, in the language and in English; None without a test.

    Benchmarks that share their texts are one family, and each family counts once. English was kept
    if it is certain that not more than `margin` points were lost. `chat` is None if the adapter was
    not asked in a chat.
    """

    gain: Interval | None
    english: Interval | None
    margin: float
    chat: ChatScore | None = None

    @property
    def english_verdict(self) -> Verdict | None:
        """Whether English was kept; None if it was not tested."""
        if self.english is None:
            return None
        return intervals.non_inferiority(self.english, self.margin)


def overall(
    results: Sequence[TaskResult], language: str, margin: float, chat: ChatScore | None = None
) -> Overall:
    """Sum up the results of an adapter for a language."""
    own = [result for result in results if result.task.language == language]
    english = [result for result in results if result.task.language != language]
    return Overall(_mean_difference(own), _mean_difference(english), margin, chat)


def gains(results: Sequence[TaskResult], language: str) -> list[float]:
    """Return the mean difference from the base of each compared model, the base included."""
    families: dict[str, list[list[float]]] = {}
    for result in results:
        if result.task.language == language:
            values = [_scale(result) * each.value for each in result.main_score.intervals]
            family = families.setdefault(benchmark_of(result.task.benchmark).family, [])
            family.append([value - values[0] for value in values])
    means = [[mean(column) for column in zip(*rows, strict=True)] for rows in families.values()]
    return [mean(column) for column in zip(*means, strict=True)]


def _mean_difference(results: Sequence[TaskResult]) -> Interval | None:
    families: dict[str, list[Interval]] = {}
    for result in results:
        difference = result.main_score.comparison.alone.scaled(_scale(result))
        families.setdefault(benchmark_of(result.task.benchmark).family, []).append(difference)
    return intervals.mean_by_family(families)


def _scale(result: TaskResult) -> int:
    """Return by what its main score is multiplied to be in points from 0 to 100."""
    return 100 if result.main_score.metric == "accuracy" else 1
