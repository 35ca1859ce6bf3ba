"""The local Hub does not depend on the bot, its maps are complete, and its documents are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import localhub
from bot.localhub import coverage
from tests.import_graph import graph

ROOT = Path(localhub.__file__).parents[2]
FOLDER = ROOT / "bot" / "localhub"
PACKAGES = sorted(path.parent.name for path in FOLDER.glob("*/__init__.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_map_of_a_package_lists_its_files_from_the_lowest_layer_up(package: str) -> None:
    text = (FOLDER / package / "__init__.py").read_text(encoding="utf-8")
    order = re.findall(r"^ *(\w+) {2,}\S", text, re.MULTILINE)
    assert sorted(order) == sorted(
        path.stem for path in (FOLDER / package).glob("*.py") if path.stem != "__init__"
    )
    prefix = f"bot.localhub.{package}."
    for module, imports in graph(ROOT, "bot").items():
        if module.startswith(prefix):
            above = set(order[order.index(module.removeprefix(prefix)) :])
            names = {name.removeprefix(prefix) for name in imports if name.startswith(prefix)}
            assert not names & above, f"{module} imports files that its map lists above it"


def test_coverage_list_matches_the_routing_table() -> None:
    assert coverage.FILE.read_text(encoding="utf-8") == coverage.render(), (
        "run python -m bot.localhub.coverage"
    )
    assert coverage.render().count("\n| `") > 100


def test_nothing_imports_pytest() -> None:
    for path in FOLDER.rglob("*.py"):
        assert not re.search(r"^\s*(import|from) pytest", path.read_text("utf-8"), re.MULTILINE)


def test_example_in_the_readme_runs(tmp_path: Path) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(code[0], "README.md", "exec"), names)
    example = names["test_my_bot_answers"]
    assert callable(example)
    example(tmp_path)
