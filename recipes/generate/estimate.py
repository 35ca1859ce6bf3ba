"""What a run will take, said before its first call: the recipe's own figures, for as much of it."""

from __future__ import annotations

from dataclasses import dataclass

from recipes.core.config import Config
from recipes.generate.settings import GenerateSettings
from recipes.generate.teacher.budget import Price

PRICES = ("usd_per_hour", "usd_per_million_in", "usd_per_million_out")


@dataclass(frozen=True)
class Forecast:
    """Tokens, seconds and US dollars that are still to come."""

    tokens_in: float
    tokens_out: float
    seconds: float
    usd: float

    def __str__(self) -> str:
        return (
            f"expect {self.tokens_in:,.0f} tokens read and {self.tokens_out:,.0f} written, "
            f"{self.seconds / 60:.0f} minutes, ${self.usd:.2f}"
        )


def price(config: Config) -> Price:
    """What the teacher costs, by the hour or by the token: `plan.teacher` of the recipe."""
    told = config.plan.get("teacher") or {}
    return Price(**{key: float(told.get(key) or 0.0) for key in PRICES})


def forecast(config: Config, settings: GenerateSettings, rows: int) -> Forecast:
    """The figures of `plan.steps.generate`, the share of them that so many rows are."""
    whole = (config.plan.get("steps") or {}).get("generate") or {}
    share = rows / max(1, settings.planned(None))
    read, written = (float(whole.get(key) or 0.0) * share for key in ("tokens_in", "tokens_out"))
    seconds = float(whole.get("expected_minutes") or 0.0) * 60 * share
    return Forecast(read, written, seconds, price(config).estimate(read, written, seconds))
