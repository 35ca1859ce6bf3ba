"""What the datasets library makes of the results dataset, in a process that uses the local Hub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.recipes.recipe_runner import RecipeRunner


def check_load_dataset(repo: str, runner: RecipeRunner, rows: list[dict[str, Any]]) -> None:
    """`load_dataset` finds the rows and outputs of all adapters by the card of the results."""
    script = f"""
import json, sys
from datasets import load_dataset
results, outputs = (load_dataset({repo!r}, *name, split="train") for name in ((), ("outputs",)))
json.dump([results.to_list(), outputs.to_list()], sys.stdout)
"""
    loaded, outputs = json.loads(runner.run_script(script))
    assert len(loaded) == len(rows) and len(outputs) == 48
    for row, seen in zip(rows, loaded, strict=True):
        assert {key for key, value in row.items() if value is not None} == {
            key for key, value in seen.items() if value is not None
        }
        for key in ("model", "metric", "n", "main", "degenerate", "significant"):
            assert seen[key] == row.get(key), key
        assert seen["value"] == pytest.approx(row["value"])
        if chat := row.get("chat"):
            assert seen["chat"]["first_ci"] == pytest.approx(chat["first_ci"]), "texts before"
    assert {tuple(output["scores"]) for output in outputs} >= {("chrF++",), ("accuracy",)}
