"""Measure the import graph of each folder: `python -m tests.import_graph [DIR]`.

A member is a file or package directly inside a folder, and an edge leads from a member to one that
it imports. A cycle is a set of files that import each other, and the depth is the length of the
longest chain of members. DIR is another checkout to measure.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("bot", "bot/localhub", "bot/hub", "recipes", "recipes/generate", "recipes/evaluate",
           "recipes/train", "spaces/chat", "spaces/leaderboard")  # fmt: skip
Graph = Mapping[str, set[str]]


@dataclass(frozen=True)
class Measurement:
    """The import graph of one folder in numbers."""

    members: int
    edges: int
    cycles: int
    depth: int


def modules(root: Path, folder: str) -> dict[str, Path]:
    """Return the file of every module under `folder` by dotted name.

    The modules of a Space are imported without a prefix, and those of spaces/common belong to it.
    """
    is_space = folder.startswith("spaces/")
    trees = (root / folder, root / "spaces" / "common") if is_space else (root / folder,)
    files = {}
    for tree in trees:
        for path in sorted(tree.rglob("*.py")):
            if not is_space:
                start = root
            else:
                start = root / folder if path.is_relative_to(root / folder) else root / "spaces"
            parts = path.relative_to(start).with_suffix("").parts
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


@cache
def graph(root: Path, folder: str) -> Graph:
    """Return what each module of the folder's tree imports of that tree, also inside functions."""
    tree = folder if folder.startswith("spaces/") else folder.split("/")[0]
    files = modules(root, tree)
    return {name: set(_imports(path, files)) - {name} for name, path in files.items()}


def _imports(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in submodules]
        else:
            continue
        yield from (name for name in names if name in known)


def members(imports: Graph, folder: str) -> Graph:
    """Return the graph between the files and packages directly inside `folder`."""
    prefix = "" if folder.startswith("spaces/") else folder.replace("/", ".") + "."

    def member(name: str) -> str:
        return name.removeprefix(prefix).split(".")[0]

    edges: dict[str, set[str]] = {}
    for name, targets in imports.items():
        if name.startswith(prefix) and name:
            imported = {member(target) for target in targets if target.startswith(prefix)}
            edges.setdefault(member(name), set()).update(imported - {member(name)})
    return edges


def cycles(imports: Graph) -> list[set[str]]:
    """Return the sets of modules that import each other, directly or through others."""
    reach = {name: _reachable(imports, name) for name in imports}
    distinct: list[set[str]] = []
    for name in imports:
        cycle = {other for other in reach[name] if name in reach[other]}
        if cycle and cycle not in distinct:
            distinct.append(cycle)
    return distinct


def _reachable(imports: Graph, start: str) -> set[str]:
    reached: set[str] = set()
    queue = [start]
    while queue:
        for target in imports.get(queue.pop(), ()):
            if target not in reached:
                reached.add(target)
                queue.append(target)
    return reached


def depth(edges: Graph) -> int:
    """Return the length of the longest chain of members, 0 if members import each other."""
    heights: dict[str, int] = {}
    try:
        for name in TopologicalSorter(edges).static_order():
            heights[name] = 1 + max((heights[t] for t in edges.get(name, ())), default=0)
    except CycleError:
        return 0
    return max(heights.values(), default=0)


def measure(root: Path, folder: str) -> Measurement:
    """Measure one folder."""
    imports = graph(root, folder)
    edges = members(imports, folder)
    prefix = folder.replace("/", ".") if not folder.startswith("spaces/") else ""
    inside = [c for c in cycles(imports) if all(name.startswith(prefix) for name in c)]
    return Measurement(len(edges), sum(map(len, edges.values())), len(inside), depth(edges))


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    print("| folder | members | edges | cycles | depth |\n|---|---|---|---|---|")
    for folder in FOLDERS:
        m = measure(root, folder)
        print(f"| `{folder}` | {m.members} | {m.edges} | {m.cycles} | {m.depth or '-'} |")


if __name__ == "__main__":
    main()
