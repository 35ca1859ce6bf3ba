"""The structure of the Spaces: maps, layers, and what each needs to run by itself."""

from __future__ import annotations

import ast
import re

import pytest

from tests.import_graph import ROOT, graph

SPACES = ROOT / "spaces"
MAPS = {"common": "__init__.py", "chat": "app.py", "leaderboard": "app.py"}
NOT_IN_MAPS = {"README.md", "requirements.txt", "__init__.py", "__pycache__"}


def documented(folder: str) -> list[str]:
    """Return the names in the map of a folder, in its order."""
    source = (SPACES / folder / MAPS[folder]).read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source), clean=False) or ""
    return re.findall(r"^ {4}([\w.]+) {2,}\S", docstring, re.MULTILINE)


@pytest.mark.parametrize("folder", MAPS)
def test_map_names_every_file(folder: str) -> None:
    paths = [path for path in (SPACES / folder).iterdir() if path.name not in NOT_IN_MAPS]
    names = [path.stem if path.suffix == ".py" else path.name for path in paths]
    assert sorted(documented(folder)) == sorted(names)


@pytest.mark.parametrize("folder", MAPS)
def test_files_import_only_from_lower_layers_and_common(folder: str) -> None:
    prefix = "common." if folder == "common" else ""
    layers = {f"{prefix}{name}": layer for layer, name in enumerate(documented(folder))}
    imports = graph(ROOT, "spaces/chat" if folder == "common" else f"spaces/{folder}")
    wrong = {
        (name, target)
        for name, targets in imports.items()
        if name in layers
        for target in targets
        if not (folder != "common" and target.startswith("common."))
        and layers.get(target, len(layers)) >= layers[name]
    }
    assert wrong == set()


def test_modules_of_both_spaces_have_different_names() -> None:
    """Tests have both folders on one path."""
    chat, leaderboard = (
        {path.stem for path in (SPACES / name).glob("*.py")} for name in ("chat", "leaderboard")
    )
    assert chat & leaderboard == {"app"}


@pytest.mark.parametrize("name", ["leaderboard", "chat"])
def test_space_has_a_card_and_imports_neither_bot_nor_recipes(name: str) -> None:
    folder = SPACES / name
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "sdk: gradio" in card and "app_file: app.py" in card and "title: " in card
    description = re.search(r"short_description: (.*)", card)
    assert description and len(description[1]) <= 60, "the Hub accepts 60 characters"
    for module in (*folder.glob("*.py"), *(SPACES / "common").glob("*.py")):
        source = module.read_text(encoding="utf-8")
        imported = re.findall(r"^\s*(?:from|import) (\w+)", source, re.MULTILINE)
        assert not {"bot", "recipes"} & set(imported), module
