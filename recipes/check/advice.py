"""Turn the metrics of a check into a level: good, doubtful, hopeless or unknown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from recipes.check.settings import Thresholds

Level = Literal["good", "doubtful", "hopeless", "unknown"]

HIGHER_IS_BETTER = ("answered", "script", "language", "structured", "chrf", "round_trip")
LOWER_IS_BETTER = ("fertility", "bytes")


@dataclass(frozen=True)
class Shortfall:
    """A metric that misses its threshold."""

    metric: str
    value: float
    threshold: float


@dataclass(frozen=True)
class Advice:
    """A level, and the shortfalls that made it no better; none if it is good."""

    level: Level
    shortfalls: tuple[Shortfall, ...] = ()


def advise(
    metrics: Mapping[str, float | None], hopeless: Thresholds, doubtful: Thresholds
) -> Advice:
    """Compare the metrics with both sets of thresholds; None (not measured) counts for nothing.

    The level is `unknown` if the teacher did not answer, or if no translation could be compared.
    """
    shortfalls = _shortfalls(metrics, hopeless)
    silent = tuple(shortfall for shortfall in shortfalls if shortfall.metric == "answered")
    if silent or (metrics.get("chrf") is None and metrics.get("round_trip") is None):
        return Advice("unknown", silent)
    if shortfalls:
        return Advice("hopeless", shortfalls)
    if shortfalls := _shortfalls(metrics, doubtful):
        return Advice("doubtful", shortfalls)
    return Advice("good")


def _shortfalls(
    metrics: Mapping[str, float | None], thresholds: Thresholds
) -> tuple[Shortfall, ...]:
    limits = asdict(thresholds)
    return tuple(
        Shortfall(metric, round(value, 3), limits[metric])
        for metric in (*HIGHER_IS_BETTER, *LOWER_IS_BETTER)
        if (value := metrics.get(metric)) is not None
        and (value < limits[metric] if metric in HIGHER_IS_BETTER else value > limits[metric])
    )
