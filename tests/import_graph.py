"""The import graph of each folder, counted from the source: `python -m tests.import_graph`.

A room is a file or a package directly inside a folder, an arrow an import from one room to another,
a circle a set of files that import each other, and the floors are the longest chain of rooms.
`python -m tests.import_graph DIR` counts another checkout.
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
PLACES = ("bot", "bot/localhub", "bot/hub", "recipes", "recipes/generate", "recipes/evaluate",
          "recipes/train", "spaces/chat", "spaces/leaderboard")  # fmt: skip
Graph = Mapping[str, set[str]]


@dataclass(frozen=True)
class Shape:
    """The counts for one folder."""

    rooms: int
    arrows: int
    circles: int
    floors: int


def modules(root: Path, place: str) -> dict[str, Path]:
    """Dotted name → file of every module under `place`; a Space's modules have no prefix."""
    space = place.startswith("spaces/")
    base = root / place if space else root
    folders = (root / place, root / "spaces" / "common") if space else (root / place,)
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            start = base if path.is_relative_to(base) else root / "spaces"
            parts = path.relative_to(start).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def graph(root: Path, place: str) -> Graph:
    """Module → the modules of the same tree that it imports, inside functions too."""
    tree = place if place.startswith("spaces/") else place.split("/")[0]
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


def rooms(imports: Graph, place: str) -> Graph:
    """The same graph between the files and packages directly inside `place`."""
    prefix = "" if place.startswith("spaces/") else place.replace("/", ".") + "."
    found: dict[str, set[str]] = {}
    for name, targets in imports.items():
        if name.startswith(prefix) and name:
            here = name.removeprefix(prefix).split(".")[0]
            there = {t.removeprefix(prefix).split(".")[0] for t in targets if t.startswith(prefix)}
            found.setdefault(here, set()).update(there - {here})
    return found


def circles(imports: Graph) -> list[set[str]]:
    """The sets of modules that import each other, directly or through others."""
    reach = {name: _reachable(imports, name) for name in imports}
    found: list[set[str]] = []
    for name in imports:
        circle = {other for other in reach[name] if name in reach[other]}
        if circle and circle not in found:
            found.append(circle)
    return found


def _reachable(imports: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    left = [start]
    while left:
        for target in imports.get(left.pop(), ()):
            if target not in seen:
                seen.add(target)
                left.append(target)
    return seen


def floors(between: Graph) -> int:
    """The length of the longest chain of imports; 0 where rooms import each other."""
    height: dict[str, int] = {}
    try:
        for name in TopologicalSorter(between).static_order():
            height[name] = 1 + max((height[t] for t in between.get(name, ())), default=0)
    except CycleError:
        return 0
    return max(height.values(), default=0)


def shape(root: Path, place: str) -> Shape:
    """Count one folder."""
    imports = graph(root, place)
    between = rooms(imports, place)
    arrows = sum(map(len, between.values()))
    inside = place.replace("/", ".") if not place.startswith("spaces/") else ""
    own = [circle for circle in circles(imports) if all(n.startswith(inside) for n in circle)]
    return Shape(len(between), arrows, len(own), floors(between))


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    print("| folder | rooms | arrows | circles | floors |\n|---|---|---|---|---|")
    for place in PLACES:
        s = shape(root, place)
        print(f"| `{place}` | {s.rooms} | {s.arrows} | {s.circles} | {s.floors or '-'} |")


if __name__ == "__main__":
    main()
