"""Names and markers, settings, and the `plan:` section of a recipe."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot import settings
from bot.domain import names, recipe
from bot.domain.request import Step
from tests.bot import examples


def test_names_on_the_hub() -> None:
    assert names.adapter("org", "org/kakugo-practice-base", "epo_Latn") == (
        "org/kakugo-practice-base-epo_Latn"
    )
    assert names.adapter("org", "ibm-granite/granite-4.0-micro", "gla_Latn") == (
        "org/kakugo-granite-4.0-micro-gla_Latn"
    )


def test_a_marker_is_found_and_tells_kind_and_text() -> None:
    one, other = names.marker("status", "a"), names.marker("status", "b")
    assert one != other
    assert names.find_marker(f"text\n\n{one}") == one
    assert names.marker_kind(f"text\n\n{one}") == "status"
    assert names.find_marker("<!-- kakugo status zzz -->") == ""


def test_settings_say_what_is_missing_and_hide_secrets() -> None:
    with pytest.raises(settings.SettingsError, match="HF_TOKEN"):
        settings.read({})
    with pytest.raises(settings.SettingsError, match="KAKUGO_ORG"):
        settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "../etc"})
    with pytest.raises(settings.SettingsError, match="KAKUGO_LIMIT_USD"):
        settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "o", "KAKUGO_LIMIT_USD": "much"})
    with pytest.raises(settings.SettingsError, match="KAKUGO_POLL_SECONDS"):
        settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "o", "KAKUGO_POLL_SECONDS": "-1"})
    read = settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "o", "HF_ENDPOINT": "http://h/"})
    assert (read.endpoint, read.job_token) == ("http://h", "hf_x")
    assert "hf_x" not in repr(read)


def test_the_packaged_programmes_are_usable() -> None:
    loaded = [recipe.load(path.stem, "org") for path in recipe.RECIPES.glob("*.yaml")]
    assert {p.name for p in loaded} >= {"practice", "kakugo"}
    assert all("{org}" not in p.base for p in loaded)


def test_bot_and_recipes_compute_the_same_digest() -> None:
    from recipes.core import config

    ours = recipe.load("practice", "org").digest("epo_Latn")
    assert ours == config.load("practice", "org", "epo_Latn").digest


def test_a_programme_that_lacks_something_is_refused() -> None:
    whole = yaml.safe_load(examples.YAML)
    for key in ("base", "image", "teacher", "steps"):
        broken = {"plan": {k: v for k, v in whole["plan"].items() if k != key}}
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
