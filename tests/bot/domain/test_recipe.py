"""The `plan:` section of a recipe."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.domain import recipe
from bot.domain.request import Step
from tests.bot import examples


def test_packaged_recipes_are_read() -> None:
    recipes = [recipe.load(path.stem, "org") for path in recipe.RECIPES.glob("*.yaml")]
    assert {loaded.name for loaded in recipes} >= {"practice", "kakugo"}
    assert all("{org}" not in loaded.base for loaded in recipes)


def test_bot_and_recipes_compute_the_same_digest() -> None:
    from recipes.core import config

    digest = recipe.load("practice", "org").digest("epo_Latn")
    assert digest == config.load("practice", "org", "epo_Latn").digest


def test_an_incomplete_recipe_is_refused() -> None:
    complete = yaml.safe_load(examples.YAML)
    for key in ("base", "image", "teacher", "steps"):
        broken = {"plan": {k: v for k, v in complete["plan"].items() if k != key}}
        with pytest.raises(recipe.InvalidRecipe, match=key):
            recipe.parse("broken", "org", yaml.safe_dump(broken))
    with pytest.raises(recipe.InvalidRecipe, match="There is no recipe"):
        recipe.load("../../etc/passwd", "org")


def test_package_data_is_where_the_bot_looks() -> None:
    assert (Path(recipe.RECIPES) / "practice.yaml").is_file()


def test_a_job_installs_lm_eval_only_if_the_recipe_asks_for_it() -> None:
    text = (recipe.RECIPES / "practice.yaml").read_text("utf-8")
    assert recipe.parse("practice", "org", text).extras(Step.EVALUATE) == ("evaluate",)
    section = yaml.safe_load(text)
    section["evaluate"] |= {"backend": "lm_eval", "lm_eval": {"model": "vllm"}}
    asking = recipe.parse("practice", "org", yaml.safe_dump(section))
    assert asking.extras(Step.IMPROVE) == ("improve", "lm-eval", "vllm")
    assert asking.extras(Step.TRAIN) == ("train",)
