"""Upgrade manifests of schema 1, which older repositories still contain, to schema 2.

The keys that schema 2 renamed are listed here; `manifest.py` documents today's.
"""

from __future__ import annotations

from typing import Any

# Step → keys of its metrics in schema 1, at any depth → their names since schema 2.
RENAMED_METRICS: dict[str, dict[str, str]] = {
    "check": {
        "a_letter": "tokens_per_character",
        "failed": "most_common_failure",
        "seconds": "median_seconds",
        "times": "fertility",
    },
    "generate": {
        "asked": "calls",
        "earlier_usd": "earlier_runs_usd",
        "others_usd": "other_languages_usd",
        "reused": "reused_answers",
    },
    "bake-off": {"take": "recommended_base", "why": "reasons"},
    "train": {
        "feedback": "pairs_digest",
        "from": "parent_version",
        "margin": "reward_margin",
        "right": "reward_accuracy",
    },
    "evaluate": {"found": "contaminated", "further": "other_metrics"},
    "promote": {"compared": "comparisons", "present": "current"},
}
RENAMED_SHORTFALL = {"what": "metric", "seen": "value", "wanted": "threshold"}


def upgrade(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of schema 1 as schema 2 has it, and any other as it is.

    Raises KeyError, TypeError or ValueError for what is not a manifest.
    """
    if manifest["schema"] != 1:
        return manifest
    step, tokens = manifest["step"], manifest["tokens"]
    metrics = _renamed(dict(manifest["metrics"]), RENAMED_METRICS.get(step, {}))
    if step == "check":
        shortfalls = _renamed(metrics.pop("reasons"), RENAMED_SHORTFALL)
        metrics["advice"] = {"level": metrics["advice"], "shortfalls": shortfalls}
    return {
        **manifest,
        "schema": 2,
        "tokens": {"input": tokens["in"], "output": tokens["out"]},
        "metrics": metrics,
    }


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value
