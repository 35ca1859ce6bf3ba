"""A recipe may extend a packaged one; its text, and so its digest, is that of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recipes.core import config
from recipes.core.errors import UserError
from recipes.validation.errors import InvalidInput
from recipes.validation.recipe_files import PACKAGED, read_recipe, recipe_text


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_has_what_it_does_not_change_from_the_one_it_extends(tmp_path: Path) -> None:
    mine = written(tmp_path, "# mine\nextends: practice\ngenerate: {translations: 7, texts: []}\n")
    text, practice = recipe_text(mine), recipe_text(PACKAGED / "practice.yaml")
    merged, base = read_recipe(text, "r", {}), read_recipe(practice, "r", {})
    assert merged["generate"] == {**base["generate"], "translations": 7, "texts": []}
    assert {**merged, "generate": 0} == {**base, "generate": 0} and "extends" not in merged
    loaded = config.load(str(mine), "org", "epo_Latn")
    assert loaded.generate["translations"] == 7 and loaded.name == "mine"
    assert loaded.digest == config.digest(text, "epo_Latn")
    assert loaded.digest != config.load("practice", "org", "epo_Latn").digest


@pytest.mark.parametrize("start", ["---\n", "# mine\n---\n", "\n---\n", "# mine\r\n---\r\n"])
def test_the_start_of_a_document_does_not_hide_the_base(tmp_path: Path, start: str) -> None:
    mine = written(tmp_path, f"{start}extends: practice\ngenerate: {{translations: 7}}\n")
    base = read_recipe(recipe_text(PACKAGED / "practice.yaml"), "r", {})
    merged = read_recipe(recipe_text(mine), "r", {})
    assert merged == {**base, "generate": {**base["generate"], "translations": 7}}


def test_a_recipe_alone_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = PACKAGED / "kakugo.yaml"
    assert recipe_text(path) == path.read_text("utf-8")
    value: dict[str, Any] = read_recipe('# a title\n---\na: "{b}"\n', "r", {"{b}": "c"})
    assert value == {"a": "c"}


@pytest.mark.parametrize("base", ["nowhere", "../kakugo", "[kakugo]", "3", "economy.yaml"])
def test_only_a_packaged_recipe_can_be_extended(tmp_path: Path, base: str) -> None:
    mine = written(tmp_path, f"extends: {base}\n")
    with pytest.raises(
        InvalidInput, match=r"^extends: .* is not another packaged recipe: economy,"
    ):
        recipe_text(mine)
    with pytest.raises(UserError, match="is not another packaged recipe"):
        config.load(str(mine), "org", "epo_Latn")
