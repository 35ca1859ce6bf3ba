"""Read the manifest of a recipe, `run.json`, of schema 1 or 2.

`recipes/core/manifest.py` documents the file; the bot reads only what it decides by or reports.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from bot.domain import names
from bot.domain.observation import (
    ADVICE_LEVELS,
    CHECK_METRICS,
    FIRST_TITLES,
    Advice,
    Manifest,
    Score,
    Shortfall,
    Version,
)

SCHEMAS = (1, 2)


def parse_manifest(data: Any) -> Manifest:
    """Parse the content of `run.json`. Raises one of `client.MALFORMED`."""
    if data["schema"] not in SCHEMAS:
        raise ValueError(f"schema {str(data['schema'])[:20]!r} is unknown")
    metrics = data.get("metrics", {})
    if data["schema"] == 1 and "advice" in metrics:
        metrics = _upgrade_check(metrics)
    return Manifest(
        digest=str(data["digest"]),
        attempt=int(data["attempt"]),
        kept=int(data["counts"]["kept"]),
        dropped=sum(map(int, data["counts"]["dropped"].values())),
        seconds=_finite(data["seconds"]),
        cost_usd=_finite(data["cost_usd"]),
        advice=_advice(metrics) if "advice" in metrics else None,
        scores=tuple(map(_score, metrics.get("results", ()))),
        english=tuple(map(_score, metrics.get("english", ()))),
        stopped="cap" if metrics.get("stopped") == "cap" else "",
        not_covered=tuple(map(str, metrics.get("not_covered", ()))),
        version=_version(metrics) if "fresh" in metrics else None,
        titles=FIRST_TITLES | _titles(metrics.get("titles", {})),
    )


def _upgrade_check(metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metrics of a check of schema 1 with the names of schema 2."""
    shortfalls = [
        {"metric": reason["what"], "value": reason["seen"], "threshold": reason["wanted"]}
        for reason in metrics["reasons"]
    ]
    bases = {base: {"fertility": tokens.get("times")} for base, tokens in metrics["bases"].items()}
    advice = {"level": metrics["advice"], "shortfalls": shortfalls}
    return {**metrics, "advice": advice, "bases": bases}


def _advice(metrics: Mapping[str, Any]) -> Advice:
    advice, teacher = metrics["advice"], metrics["teacher"]
    if advice["level"] not in ADVICE_LEVELS:
        raise ValueError(f"{str(advice['level'])[:20]!r} is not a level of advice")
    tokens: Mapping[str, Any] = next(iter(metrics["bases"].values()), {})
    return Advice(
        level=advice["level"],
        shortfalls=tuple(
            Shortfall(item["metric"], float(item["value"]), float(item["threshold"]))
            for item in advice["shortfalls"]
            if item["metric"] in CHECK_METRICS
        ),
        script=_optional_float(teacher.get("script")),
        chrf=_optional_float(teacher.get("chrf")),
        round_trip=_optional_float(teacher.get("round_trip")),
        fertility=_optional_float(tokens.get("fertility")),
    )


def _finite(value: Any) -> float:
    """Return a number. NaN and infinity raise ValueError: they would pass every limit on money."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} is not finite")
    return number


def _optional_float(value: Any) -> float | None:
    return None if value is None else float(value)


def _score(result: Mapping[str, Any]) -> Score:
    low, high = result["difference_ci"]
    return Score(
        benchmark=str(result["benchmark"]),
        direction=str(result.get("direction") or ""),
        metric=str(result["metric"]),
        base=float(result["base"]),
        adapter=float(result["adapter"]),
        low=float(low),
        high=float(high),
        significant=bool(result["significant"]),
    )


def _titles(titles: Mapping[str, Any]) -> dict[str, str]:
    """Return the titles that are a few words without markup, by benchmark."""
    return {
        str(key): title
        for key, title in titles.items()
        if isinstance(title, str) and re.fullmatch(r"\w[\w ,-]{0,40}", title)
    }


def _version(metrics: Mapping[str, Any]) -> Version:
    tag = str(metrics["version"])
    if not names.is_version(tag):
        raise ValueError(f"{tag[:20]!r} is not a version")
    return Version(tag, metrics["promoted"] is True, metrics["fresh"] is True)
