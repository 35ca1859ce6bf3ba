"""Estimate tokens, time and cost before the first call, from the figures in the recipe."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from recipes.core.config import Config
from recipes.core.errors import Unworkable
from recipes.generate import lengths
from recipes.generate.settings import GenerateSettings
from recipes.generate.sources.table import SOURCES
from recipes.generate.teacher.budget import Price

PRICE_KEYS = ("usd_per_hour", "usd_per_million_in", "usd_per_million_out")


@dataclass(frozen=True)
class Estimate:
    """Tokens, seconds and US dollars that a run will take."""

    tokens_in: float
    tokens_out: float
    seconds: float
    usd: float
    tokens_per_second: float = 0.0
    """The assumed speed of the teacher, 0 if the recipe assumes none."""

    def __str__(self) -> str:
        speed = f", at {self.tokens_per_second:,.0f} tokens/s" if self.tokens_per_second else ""
        return (
            f"estimate: {self.tokens_in:,.0f} tokens read and {self.tokens_out:,.0f} written, "
            f"{self.seconds / 60:.0f} min, ${self.usd:.2f}{speed}"
        )


def teacher_price(config: Config) -> Price:
    """Return what the teacher costs: `plan.teacher` of the recipe, with all replicas.

    Raises UserError if that has no price, because nothing would end a run at its cap.
    """
    teacher = config.plan.get("teacher") or {}
    prices = {key: float(teacher.get(key) or 0.0) for key in PRICE_KEYS}
    if not any(prices.values()):
        raise Unworkable(
            f"The recipe {config.name!r} does not say what its teacher costs: add `usd_per_hour`, "
            "or `usd_per_million_in` and `usd_per_million_out`, to `plan.teacher`."
        )
    prices["usd_per_hour"] *= float(teacher.get("max_replica") or 1)
    return Price(**prices)


def estimate(
    config: Config,
    settings: GenerateSettings,
    limit: int | None,
    rows: int,
    fertility: float | None = None,
) -> Estimate:
    """Estimate `rows` of the rows that are planned with `limit` per source.

    `fertility` is what `check` measured. A recipe without `lengths` has the figures of its plan.
    """
    plan = (config.plan.get("steps") or {}).get("generate") or {}
    speed = float((config.plan.get("teacher") or {}).get("tokens_per_second") or 0.0)
    if settings.lengths is not None and speed:
        share = rows / max(1, settings.planned_rows(limit))
        tokens_in, tokens_out = (
            share * tokens
            for tokens in lengths.tokens(
                planned_calls(settings, limit),
                settings.lengths,
                efforts(settings),
                fertility or settings.lengths.fertility,
            )
        )
        seconds = tokens_out / speed
    else:
        share = rows / max(1, settings.planned_rows(None))
        tokens_in, tokens_out, minutes = (
            share * float(plan.get(key) or 0.0)
            for key in ("tokens_in", "tokens_out", "expected_minutes")
        )
        seconds = 60 * minutes
    usd = teacher_price(config).of_run(tokens_in, tokens_out, seconds)
    return Estimate(tokens_in, tokens_out, seconds, usd, speed)


def planned_calls(settings: GenerateSettings, limit: int | None) -> dict[lengths.Kind, float]:
    """Return how many calls of each kind a run makes if every answer is good."""
    calls: defaultdict[lengths.Kind, float] = defaultdict(float)
    planned = settings.planned_by_source(limit)
    for source in SOURCES:
        section, rows = settings.sources[source.name], planned[source.name]
        share = rows / max(1, source.planned(section, 0))
        for kind, count in source.calls(section).items():
            calls[kind] += share * count
        if source.answers:
            calls[source.answers] += rows
            calls["revisions"] += rows * settings.answers.revised
    judged = settings.judge.share + settings.judge.unsafe
    calls["judgements"] += settings.planned_rows(limit) * judged
    return dict(calls)


def efforts(settings: GenerateSettings) -> lengths.Efforts:
    """Return the reasoning efforts of a recipe."""
    answers = settings.answers
    share = 1 - answers.concise if answers.thinking else 0.0
    return lengths.Efforts(answers.effort, share, settings.teacher.effort)
