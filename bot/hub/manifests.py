"""Read the manifest of a recipe, `run.json`, of schema 1 or 2.

`recipes/core/manifest.py` documents the file; the bot reads only what it decides by or reports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.domain import names
from bot.domain.observation import (
    ADVICE_LEVELS,
    CHECK_METRICS,
    FIRST_TITLES,
    VERDICTS,
    Advice,
    Change,
    ChatScore,
    Manifest,
    Overall,
    Score,
    Shortfall,
    TooFewCorrections,
    Version,
)
from recipes.validation.errors import quote
from recipes.validation.ranges import is_fertility

SCHEMAS = (1, 2)
LARGEST, LARGEST_SCORE = 1e12, 1e4


def parse_manifest(data: Any) -> Manifest:
    """Parse the content of `run.json`. Raises one of `client.MALFORMED`."""
    if data["schema"] not in SCHEMAS:
        raise ValueError(f"schema {quote(data['schema'])} is unknown")
    metrics = data.get("metrics", {})
    if data["schema"] == 1 and "advice" in metrics:
        metrics = _upgrade_check(metrics)
    return Manifest(
        digest=str(data["digest"]),
        attempt=int(amount(data["attempt"])),
        kept=int(amount(data["counts"]["kept"])),
        dropped=int(sum(map(amount, data["counts"]["dropped"].values()))),
        seconds=amount(data["seconds"]),
        cost_usd=amount(data["cost_usd"]),
        advice=_advice(metrics) if "advice" in metrics else None,
        scores=tuple(map(_score, metrics.get("results", ()))),
        overall=_overall(metrics["overall"]) if "overall" in metrics else Overall(),
        stopped="cap" if metrics.get("stopped") == "cap" else "",
        not_covered=tuple(map(_word, metrics.get("not_covered", ()))),
        version=_outcome(metrics),
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
        raise ValueError(f"{quote(advice['level'])} is not a level of advice")
    tokens: Mapping[str, Any] = next(iter(metrics["bases"].values()), {})
    fertility = teacher.get("fertility")
    return Advice(
        level=advice["level"],
        shortfalls=tuple(
            Shortfall(item["metric"], _score_value(item["value"]), _score_value(item["threshold"]))
            for item in advice["shortfalls"]
            if item["metric"] in CHECK_METRICS
        ),
        script=_optional_score(teacher.get("script")),
        chrf=_optional_score(teacher.get("chrf")),
        round_trip=_optional_score(teacher.get("round_trip")),
        fertility=_optional_score(tokens.get("fertility")),
        teacher_fertility=float(fertility) if is_fertility(fertility) else 0.0,
        looks_like=_word(teacher["looks_like"]) if teacher.get("looks_like") else "",
    )


def is_amount(value: object) -> bool:
    """Whether this is a number that may be added up: others would pass every limit on money."""
    return _is_number(value) and 0 <= value <= LARGEST  # type: ignore[operator]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def amount(value: Any) -> float:
    """Return a number that may be added up. Raises ValueError."""
    if not is_amount(value):
        raise ValueError(f"{quote(value)} is not an amount")
    return float(value)


def _score_value(value: Any) -> float:
    if not _is_number(value) or not abs(value) <= LARGEST_SCORE:
        raise ValueError(f"{quote(value)} is not a score")
    return float(value)


def _optional_score(value: Any) -> float | None:
    return None if value is None else _score_value(value)


def _word(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[\w +().,/-]{1,80}", value):
        raise ValueError(f"{quote(value)} is not a name")
    return value


def _score(result: Mapping[str, Any]) -> Score:
    low, high = result["difference_ci"]
    return Score(
        benchmark=_word(result["benchmark"]),
        direction=_word(result["direction"]) if result.get("direction") else "",
        metric=_word(result["metric"]),
        base=_score_value(result["base"]),
        adapter=_score_value(result["adapter"]),
        low=_score_value(low),
        high=_score_value(high),
        significant=result["significant"] is True,
    )


def _overall(overall: Mapping[str, Any]) -> Overall:
    verdict = overall["english"]
    if verdict is not None and verdict not in VERDICTS:
        raise ValueError(f"{quote(verdict)} is not a verdict")
    return Overall(
        gain=_change(overall, "gain"),
        english=_change(overall, "english_difference"),
        verdict=verdict or "",
        margin=_score_value(overall["margin"]),
        chat=_chat(overall["chat"]) if overall.get("chat") else None,
    )


def _chat(chat: Mapping[str, Any]) -> ChatScore:
    return ChatScore(
        metric=_word(chat["metric"]),
        count=int(amount(chat["n"])),
        first=_score_value(chat["first"]),
        second=_score_value(chat["second"]),
    )


def _change(overall: Mapping[str, Any], name: str) -> Change | None:
    if overall[name] is None:
        return None
    low, high = overall[f"{name}_ci"]
    return Change(_score_value(overall[name]), _score_value(low), _score_value(high))


def _titles(titles: Mapping[str, Any]) -> dict[str, str]:
    """Return the titles that are a few words without markup, by benchmark."""
    return {
        str(key): title
        for key, title in titles.items()
        if isinstance(title, str) and re.fullmatch(r"\w[\w ,-]{0,40}", title)
    }


def _outcome(metrics: Mapping[str, Any]) -> Version | TooFewCorrections | None:
    """Return what `improve` has made, None for another step."""
    if "needed" in metrics:
        return TooFewCorrections(int(amount(metrics["usable"])), int(amount(metrics["needed"])))
    return _version(metrics) if "fresh" in metrics else None


def _version(metrics: Mapping[str, Any]) -> Version:
    tag = str(metrics["version"])
    if not names.is_version(tag):
        raise ValueError(f"{quote(tag)} is not a version")
    gain_before = _change(metrics, "gain_before") if "gain_before" in metrics else None
    is_promoted, is_fresh = metrics["promoted"] is True, metrics["fresh"] is True
    return Version(tag, is_promoted, is_fresh, gain_before=gain_before)
