"""JSON Schemas of the templates of a recipe, so that they are checked before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from recipes.core.benchmarks.settings import Direction
from recipes.core.benchmarks.table import Benchmark

DIRECTIONS = get_args(Direction)


def template(fields: Sequence[str]) -> dict[str, Any]:
    """Return the schema of a template that may have these fields."""
    names = ", ".join(f"{{{field}}}" for field in fields)
    return {
        "pattern": rf"^([^{{}}]|\{{\{{|\}}\}}|\{{({'|'.join(fields)})\}})+$",
        "errorMessage": f"use only the fields {names}, and write other braces twice",
    }


def question_rules(benchmark: Benchmark) -> dict[str, Any]:
    """Return the schema of a benchmark's templates, in the language and in English."""
    prompt = template(benchmark.prompt_fields)
    rules: dict[str, Any] = {"answer": template(("letter", "option"))}
    if benchmark.is_translation:
        rules["prompts"] = {
            "properties": dict.fromkeys(DIRECTIONS, prompt),
            "required": list(DIRECTIONS),
        }
    else:
        rules["prompt"] = prompt
    if "options" in benchmark.prompt_fields:
        rules["options"] = {"minProperties": 1}
    needed = [key for key in rules if key != "answer"]
    return {"properties": {**rules, "english": {"properties": rules}}, "required": needed}
