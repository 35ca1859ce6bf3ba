"""Estimate tokens, time and cost before the first call, from the figures in the recipe."""

from __future__ import annotations

from dataclasses import dataclass

from recipes.core.config import Config
from recipes.core.errors import UserError
from recipes.generate.settings import GenerateSettings
from recipes.generate.teacher.budget import Price

PRICE_KEYS = ("usd_per_hour", "usd_per_million_in", "usd_per_million_out")


@dataclass(frozen=True)
class Estimate:
    """Tokens, seconds and US dollars that a run will take."""

    tokens_in: float
    tokens_out: float
    seconds: float
    usd: float

    def __str__(self) -> str:
        return (
            f"estimate: {self.tokens_in:,.0f} tokens read and {self.tokens_out:,.0f} written, "
            f"{self.seconds / 60:.0f} min, ${self.usd:.2f}"
        )


def teacher_price(config: Config) -> Price:
    """Return what the teacher costs: `plan.teacher` of the recipe, with all replicas.

    Raises UserError if that has no price, because nothing would end a run at its cap.
    """
    teacher = config.plan.get("teacher") or {}
    prices = {key: float(teacher.get(key) or 0.0) for key in PRICE_KEYS}
    if not any(prices.values()):
        raise UserError(
            f"The recipe {config.name!r} does not say what its teacher costs: add `usd_per_hour`, "
            "or `usd_per_million_in` and `usd_per_million_out`, to `plan.teacher`."
        )
    prices["usd_per_hour"] *= float(teacher.get("max_replica") or 1)
    return Price(**prices)


def estimate(config: Config, settings: GenerateSettings, rows: int) -> Estimate:
    """Scale the figures of `plan.steps.generate` to a number of rows."""
    plan = (config.plan.get("steps") or {}).get("generate") or {}
    share = rows / max(1, settings.planned_rows(None))
    tokens_in, tokens_out = (
        float(plan.get(key) or 0.0) * share for key in ("tokens_in", "tokens_out")
    )
    seconds = float(plan.get("expected_minutes") or 0.0) * 60 * share
    usd = teacher_price(config).of_run(tokens_in, tokens_out, seconds)
    return Estimate(tokens_in, tokens_out, seconds, usd)
