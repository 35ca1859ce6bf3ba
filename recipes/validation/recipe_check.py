"""Check a whole recipe: before the bot pays for anything, and before a command runs.

What each value must be is in the JSON Schema of a recipe, and most of what values must be together.
What such a schema cannot say is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from recipes.validation.errors import InvalidInput, quote
from recipes.validation.json_schema import check
from recipes.validation.models import Partial, parse
from recipes.validation.plan import Plan
from recipes.validation.recipe_files import PACKAGED, merged

SCHEMA = PACKAGED / "recipe.schema.json"
Section = Mapping[str, Any]
_PLAN: Any = Annotated[dict[str, Any], Partial(Plan, deep=True)]


def check_recipe(recipe: Any) -> None:
    """Raise InvalidInput for the first wrong setting; it starts with its path.

    A recipe that is only run by hand may leave out what the bot needs of the plan.
    """
    if not isinstance(recipe, dict):
        raise InvalidInput(f"the document: {quote(recipe)} is not a mapping of keys to values.")
    parse(_PLAN, recipe.get("plan", {}), "plan")
    check({key: section for key, section in recipe.items() if key != "plan"}, SCHEMA)
    _check_gates(recipe.get("generate", {}))
    _check_variants(recipe.get("train", {}))
    _check_chat(recipe.get("evaluate", {}))


def _check_gates(generate: Section) -> None:
    if generate and generate["gates"]["ratio"] != sorted(generate["gates"]["ratio"]):
        raise InvalidInput(
            "generate.gates.ratio: the first number is above the second; write the lower one first."
        )


def _check_chat(evaluate: Section) -> None:
    for benchmark in (evaluate.get("chat") or {}).get("benchmarks", []):
        if benchmark not in evaluate["benchmarks"]:
            raise InvalidInput(
                f"evaluate.chat.benchmarks: {quote(benchmark)} is not one of "
                f"`evaluate.benchmarks`; use only {', '.join(evaluate['benchmarks'])}."
            )


def _check_variants(train: Section) -> None:
    """Check `train` and what each of its variants makes of it."""
    variants = train.get("variants", {})
    _check_training(train)
    for name, changes in variants.items():
        variant = merged(train, changes)
        try:
            check({"train": variant}, SCHEMA)
            _check_training(variant)
        except InvalidInput as error:
            raise InvalidInput(f"train.variants.{name}: with these changes, {error}") from error
    if train.get("variant") not in (None, *variants):
        raise InvalidInput(
            f"train.variant: {quote(train['variant'])} is not one of `variants`; use only "
            f"{', '.join(sorted(variants)) or 'null'}."
        )


def _check_training(train: Section) -> None:
    if train.get("batch", 0) % (train.get("processes") or 1):
        raise InvalidInput(
            f"train.batch: {train['batch']} is not a multiple of `processes`; use a multiple of "
            f"{train['processes']}."
        )
    trainer = train.get("trainer", {})
    if train.get("held_out") and trainer.get("save_strategy") == "steps":
        _check_steps(trainer["eval_steps"], trainer.get("save_steps", 500))
    preferences = (train.get("feedback") or {}).get("trainer", {})
    losses, weights = preferences.get("loss_type", ""), preferences.get("loss_weights")
    if weights and len(weights) != (len(losses) if isinstance(losses, list) else 1):
        raise InvalidInput(
            "train.feedback.trainer.loss_weights: a list of another length than `loss_type`; give "
            "each loss a weight."
        )


def _check_steps(evaluated: float, saved: float) -> None:
    """Check that what is saved has been evaluated, as transformers does: below 1, it is a share."""
    is_mixed = (evaluated < 1) != (saved < 1)
    if is_mixed or round(1e6 * saved) % round(1e6 * evaluated):
        raise InvalidInput(
            f"train.trainer.save_steps: {quote(saved)} is not a multiple of `eval_steps`, so the "
            f"best model might not be saved; use a multiple of {quote(evaluated)}."
        )
