"""The JSON Schema of a recipe, with which editors, the bot and `kakugo-recipe` check it.

After a change of any settings class, run `kakugo-recipe schema > recipes/recipe.schema.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import field, make_dataclass
from typing import Any

from recipes.bakeoff import settings as bake_off
from recipes.check import settings as check
from recipes.core.agreement import ReviewSettings
from recipes.core.benchmarks.settings import QuestionSettings
from recipes.evaluate import settings as evaluate
from recipes.export import settings as export
from recipes.generate import settings as generate
from recipes.generate.gates.settings import GateSettings
from recipes.train import settings as train
from recipes.validation.models import json_schema
from recipes.validation.plan import Plan

TYPES: dict[str, Any] = {
    "plan": Plan,
    "check": check.CheckSettings,
    "generate": generate.GenerateSection,
    "bake_off": bake_off.BakeOffSettings,
    "train": train.TrainSection,
    "evaluate": evaluate.EvaluateSettings,
    "export": export.ExportSettings,
    "review": ReviewSettings,
}
# Definitions whose class has fields of a base class.
INHERITED: dict[str, Callable[..., Any]] = {
    "BenchmarkSettings": QuestionSettings,
    "GateSection": GateSettings,
    "GenerateSection": generate.GenerateSettings,
    "TrainSection": train.TrainingSettings,
}
Recipe = make_dataclass(
    "Recipe",
    [(name, kind, field(default_factory=dict)) for name, kind in TYPES.items()],
    namespace={"__doc__": "A recipe of Kakugo: every number that a run depends on."},
)


def main(args: argparse.Namespace) -> None:
    """Print the JSON Schema of a recipe."""
    print(schema_text())


def schema_text() -> str:
    """Return the JSON Schema of a recipe."""
    schema = json_schema(Recipe)
    for name, base in INHERITED.items():  # pydantic finds descriptions of a class's own fields only
        properties, described = schema["$defs"][name]["properties"], json_schema(base)["properties"]
        for key in properties.keys() & described.keys():
            if description := described[key].get("description"):
                properties[key].setdefault("description", description)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=1, ensure_ascii=False)
