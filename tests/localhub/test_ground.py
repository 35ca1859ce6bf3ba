"""The map of the package is true: every file is on it, and none imports from below its line."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from bot import localhub
from bot.localhub import coverage

ROOT = Path(localhub.__file__).parent
FLOORS = re.findall(r"^    ([a-z]+)  +\S", localhub.__doc__ or "", re.MULTILINE)


def imported(tree: ast.Module) -> set[str]:
    """The modules of the package that a module imports when it runs."""
    found = set()
    checked = [
        node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node)
    ]
    skipped = {id(inner) for node in checked for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in skipped:
            first, _, rest = node.module.partition("bot.localhub")
            if first == "" and node.module.startswith("bot.localhub"):
                names = [rest.strip(".").split(".")[0]] if rest else [n.name for n in node.names]
                found |= set(names)
    return found


def test_every_file_is_on_the_map() -> None:
    files = {p.stem for p in ROOT.glob("*.py")} - {"__init__"} | {"pages"}
    assert files == set(FLOORS)
    assert len(FLOORS) == len(set(FLOORS))


def test_no_file_imports_from_below_its_line() -> None:
    checked = 0
    for floor, name in enumerate(FLOORS):
        paths = sorted((ROOT / name).glob("*.py")) if name == "pages" else [ROOT / f"{name}.py"]
        for path in paths:
            for other in imported(ast.parse(path.read_text(encoding="utf-8"))):
                assert other in FLOORS[: floor + 1], f"{name} imports {other}"
                checked += 1
    assert checked > 100


def test_nothing_of_the_bot_is_imported() -> None:
    for path in ROOT.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(r"\s*(from|import) bot\b", line):
                assert "bot.localhub" in line or line.strip() == "from bot import localhub", path


def test_the_list_of_what_is_served_is_the_routing_table() -> None:
    assert coverage.FILE.read_text(encoding="utf-8") == coverage.render(), (
        "run python -m bot.localhub.coverage"
    )
    assert coverage.render().count("\n| `") > 100


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(code[0], "README.md", "exec"), names)
    example = names["test_my_bot_answers"]
    assert callable(example)
    example(tmp_path)
