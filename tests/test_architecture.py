"""The structure of the source: maps, layers, import cycles and file sizes."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.import_graph import ROOT, cycles, graph, members

LONGEST_FILE = 400
PACKAGES = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for tree in ("bot", "recipes")
    for path in (ROOT / tree).rglob("__init__.py")
)
LAYERS: list[dict[str, Any]] = [
    contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    if contract["type"] == "layers"
]


def contents(package: str) -> set[str]:
    """Return the files and packages directly inside a package."""
    folder = ROOT / package
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_of_a_package_names_every_file(package: str) -> None:
    source = (ROOT / package / "__init__.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source), clean=False) or ""
    assert set(re.findall(r"^ *(\w+) {2,}\S", docstring, re.MULTILINE)) == contents(package)


@pytest.mark.parametrize("contract", LAYERS, ids=[c["containers"][0] for c in LAYERS])
def test_layers_name_every_file(contract: dict[str, Any]) -> None:
    (container,) = contract["containers"]
    named = {name.strip() for layer in contract["layers"] for name in re.split(r"[|:]", layer)}
    beside = {"bot": {"localhub"}, "bot.localhub": {"coverage"}}.get(container, set())
    assert named == contents(container.replace(".", "/")) - beside


@pytest.mark.parametrize("tree", ["bot", "recipes", "spaces/chat", "spaces/leaderboard"])
def test_no_modules_import_each_other(tree: str) -> None:
    assert cycles(graph(ROOT, tree)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_packages_import_each_other(package: str) -> None:
    assert cycles(members(graph(ROOT, package.split("/")[0]), package)) == []


def test_no_file_is_too_long() -> None:
    trees = ("bot", "recipes", "spaces", "tests")
    files = [path for tree in trees for path in (ROOT / tree).rglob("*.py")]
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in files
    }
    assert {path: n for path, n in lengths.items() if n > LONGEST_FILE} == {}
    assert len(files) > 60


def test_no_name_is_taken_from_the_standard_library() -> None:
    """If a script runs by its path, its folder hides modules of the standard library."""
    import sys

    folders = [*(ROOT / "spaces").iterdir(), *(ROOT / "tests").rglob("*")]
    scripts = {path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.py")}
    assert not scripts & set(sys.stdlib_module_names)


def test_test_modules_import_libraries_that_take_seconds_in_functions(
    modules_after_collection: frozenset[str],
) -> None:
    """Each process of `pytest -n` imports all test modules."""
    slow = {"datasets", "gradio", "lm_eval", "scipy", "torch", "transformers"}
    assert not slow & modules_after_collection


def test_paths_in_prose_exist() -> None:
    """Files that docstrings, comments and documents name exist."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / ".github").rglob("*.md")]
    files += [path for tree in ("bot", "recipes", "spaces") for path in (ROOT / tree).rglob("*.py")]
    named = re.compile(
        r"(?<![\w/{])((?:bot|recipes|spaces|tests)/[\w/]+\.(?:py|yaml|tsv|md|j2|json))\b"
    )
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        if path.name != "LOG.md"
        for name in named.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    }
    assert missing == set()


def test_folders_mirror_in_the_tests() -> None:
    """The folders of tests are those of the source, or hold tests of a whole."""
    known = {Path(package) for package in PACKAGES} | {Path("spaces/chat"), Path("spaces/common")}
    known |= {Path("spaces/leaderboard"), Path("spaces")}
    folders = {
        path.parent.relative_to(ROOT / "tests")
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.parent != ROOT / "tests"
    }
    assert folders - known == {
        Path("attacks"),
        Path("bench"),
        Path("scenarios"),
        Path("recipes/gaelic"),
    }
