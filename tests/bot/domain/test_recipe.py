"""The `plan:` section of a recipe."""

from __future__ import annotations

import pytest
import yaml

from bot.domain import recipe
from bot.domain.request import Step
from recipes.validation.recipe_files import PACKAGED, packaged_names
from tests.bot import examples


def test_packaged_recipes_are_read() -> None:
    recipes = [recipe.load(name, "org") for name in packaged_names()]
    assert {loaded.name for loaded in recipes} >= {"practice", "kakugo", "economy"}
    assert all("{org}" not in loaded.base for loaded in recipes)


def test_bot_and_recipes_compute_the_same_digest() -> None:
    from recipes.core import config

    for name in packaged_names():
        digest = recipe.load(name, "org").digest("epo_Latn")
        assert digest == config.load(name, "org", "epo_Latn").digest


def test_an_incomplete_recipe_is_refused() -> None:
    complete = yaml.safe_load(examples.YAML)
    for key in ("base", "image", "teacher", "steps"):
        broken = {"plan": {k: v for k, v in complete["plan"].items() if k != key}}
        with pytest.raises(recipe.InvalidRecipe, match=key):
            recipe.parse("broken", "org", yaml.safe_dump(broken))
    with pytest.raises(recipe.InvalidRecipe, match="There is no recipe"):
        recipe.load("../../etc/passwd", "org")


def test_package_data_is_where_the_bot_looks() -> None:
    assert (PACKAGED / "practice.yaml").is_file()


def test_a_job_installs_lm_eval_only_if_the_recipe_asks_for_it() -> None:
    text = (PACKAGED / "practice.yaml").read_text("utf-8")
    assert recipe.parse("practice", "org", text).extras(Step.EVALUATE) == ("evaluate",)
    section = yaml.safe_load(text)
    section["evaluate"] |= {"backend": "lm_eval", "lm_eval": {"model": "vllm"}}
    asking = recipe.parse("practice", "org", yaml.safe_dump(section))
    assert asking.extras(Step.IMPROVE) == ("improve", "lm-eval", "vllm")
    assert asking.extras(Step.TRAIN) == ("train",)


def test_the_models_and_datasets_of_others_are_all_inputs() -> None:
    text = (PACKAGED / "kakugo.yaml").read_text("utf-8")
    text = text.replace("  # neural: {", "  neural: {").replace("  #          first", "    first")
    text = text.replace("tokenizer: ibm-granite/granite-4.0-micro", "tokenizer: x/tokenizer")
    found = recipe.parse("kakugo", "lab", text).inputs
    models = {repo for repo_type, repo in found if repo_type == "model"}
    assert models == {"ibm-granite/granite-4.0-micro", "x/tokenizer", "Elron/bleurt-base-512"}
    datasets = {"openlanguagedata/flores_plus", "BAAI/Infinity-Instruct", "Davlan/sib200"}
    assert datasets < {repo for repo_type, repo in found if repo_type == "dataset"}
    assert all(not repo.startswith("lab/") for _, repo in found)


def test_the_keys_of_the_teacher_choose_its_kind() -> None:
    teachers = [examples.recipe_with(text).teacher for text in (examples.URL, examples.JOB)]
    assert [type(teacher) for teacher in teachers] == [recipe.TeacherUrl, recipe.TeacherJob]
    assert examples.recipe().endpoint == examples.recipe().teacher


@pytest.mark.parametrize(
    ("teacher", "tokens", "named"),
    [
        (examples.URL.partition(", usd_per_million_out")[0], "tokens_in: 1, tokens_out: 1", "out"),
        (examples.URL.replace("0.5", "0"), "tokens_in: 1, tokens_out: 1", "usd_per_million_out"),
        (examples.URL.replace("0.5", ".inf"), "tokens_in: 1, tokens_out: 1", "usd_per_million_out"),
        (examples.URL, "tokens_in: 1", "tokens_out"),
        (examples.URL.replace("https", "ftp"), "tokens_in: 1, tokens_out: 1", "url"),
        (
            examples.JOB.replace("usd_per_hour: 5", "bill_to: a"),
            "tokens_in: 1",
            "usd_per_hour",
        ),
    ],
)
def test_a_teacher_without_its_price_is_refused(teacher: str, tokens: str, named: str) -> None:
    with pytest.raises(recipe.InvalidRecipe, match=named):
        examples.recipe_with(teacher, tokens)
