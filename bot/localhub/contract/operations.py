"""The operations, read from the area files and found by method and path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from bot.localhub.contract.notation import ContractError, Node, Notation

FOLDER = Path(__file__).with_name("areas")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
AREA_KEYS = {
    "title", "sources", "document", "prefix", "parameters", "definitions", "operations",
}  # fmt: skip
OPERATION_KEYS = {
    "about", "query", "body", "answers", "undocumented", "deviations", "notes", "ours",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Operation:
    """One call of the Hub.

    name: method and path, as the area file has them.
    path: a template; `{name}` is one segment, `{name:a|b}` one of these, `{name*}` the rest.
    prefix: the path under which the local Hub serves the operations of another service.
    answers: the types of responses by status; empty if any response is accepted.
    undocumented: why the contract has an operation that the official document lacks.
    deviations: where the contract differs from the document, and why.
    ours: why only the local Hub has this operation; "" for operations of the real Hub.
    """

    name: str
    method: str
    path: str
    area: str
    document: str = "hub"
    prefix: str = ""
    about: str = ""
    query: Mapping[str, Node] = field(default_factory=dict)
    body: Node = None
    answers: Mapping[int, Node] = field(default_factory=dict)
    undocumented: str = ""
    deviations: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    ours: str = ""

    def paths(self) -> list[str]:
        """Return the path for each choice of `{name:a|b}`, with `{}` for other parameters."""
        choices = [_choices(segment) for segment in self.path.split("/")]
        return ["/".join(parts) for parts in product(*choices)]


@dataclass(frozen=True)
class Contract:
    """All operations, and the notation with their definitions."""

    operations: tuple[Operation, ...]
    notation: Notation
    definitions: Mapping[str, Node]
    sources: Mapping[str, tuple[str, ...]]
    _routes: Mapping[tuple[str, int], list[_Route]]

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation for a request; HEAD counts as GET.

        path: as it was sent, percent-encoded, without the query.
        """
        method = "GET" if method == "HEAD" else method
        segments = tuple(path.split("/"))
        for size in (len(segments), -1):
            for route in self._routes.get((method, size), ()):
                if route.matches(segments):
                    return route.operation
        return None


@dataclass(frozen=True)
class _Route:
    """A path template, ready to be compared with a path."""

    operation: Operation
    segments: tuple[frozenset[str] | None, ...]
    tail: bool

    def matches(self, path: tuple[str, ...]) -> bool:
        if self.tail and len(path) <= len(self.segments):
            return False
        return all(
            given and (known is None or given in known)
            for known, given in zip(self.segments[1:], path[1 : len(self.segments)], strict=True)
        )


@cache
def contract() -> Contract:
    """Return the contract; raises ContractError if an area file is not valid."""
    return load(FOLDER)


def load(folder: Path) -> Contract:
    """Read all area files of a folder; raises ContractError if one is not valid."""
    areas = {path.stem: _read(path) for path in sorted(folder.glob("*.yaml"))}
    parameters = _merged(areas, "parameters")
    definitions = _merged(areas, "definitions")
    operations: dict[str, Operation] = {}
    for name, area in areas.items():
        for operation in _operations(name, area, parameters):
            if operation.name in operations:
                raise ContractError(f"{name}.yaml has {operation.name} again")
            operations[operation.name] = operation
    known = tuple(operations.values())
    sources = {name: tuple(area.get("sources") or ()) for name, area in areas.items()}
    return Contract(known, Notation(definitions), definitions, sources, _routes(known))


def _merged(areas: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, Any]:
    """Merge what all areas have under a key; raises ContractError if a name occurs twice."""
    merged: dict[str, Any] = {}
    for area, content in areas.items():
        for name, value in (content.get(key) or {}).items():
            if name in merged:
                raise ContractError(f"{area}.yaml defines {name} again")
            merged[name] = value
    return merged


def _read(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        area = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except yaml.YAMLError as error:
        raise ContractError(f"{path.name} is not YAML: {error}") from error
    if not isinstance(area, dict) or not area.keys() <= AREA_KEYS:
        raise ContractError(f"{path.name} may only have the keys {', '.join(sorted(AREA_KEYS))}")
    return area


def _operations(
    area: str, content: Mapping[str, Any], parameters: Mapping[str, str]
) -> Iterator[Operation]:
    for name, entry in (content.get("operations") or {}).items():
        method, _, path = name.partition(" ")
        if method not in METHODS or not path.startswith("/"):
            raise ContractError(f"{area}.yaml: {name!r} is not a method and a path")
        values = dict(entry or {})
        if not values.keys() <= OPERATION_KEYS:
            unknown = ", ".join(sorted(values.keys() - OPERATION_KEYS))
            raise ContractError(f"{area}.yaml: {name} has unknown keys: {unknown}")
        values["notes"] = tuple(values.get("notes") or ())
        for parameter, choices in parameters.items():
            path = path.replace(f"{{{parameter}}}", f"{{{parameter}:{choices}}}")
        given = {key: value for key, value in values.items() if value is not None}
        yield Operation(
            name,
            method,
            path,
            area,
            document=content.get("document", "hub"),
            prefix=content.get("prefix", ""),
            **given,
        )


def _routes(operations: tuple[Operation, ...]) -> dict[tuple[str, int], list[_Route]]:
    """Return the routes by method and number of segments (-1: any), most specific first."""
    table: dict[tuple[str, int], list[_Route]] = {}
    for operation in operations:
        parts = (operation.prefix + operation.path).split("/")
        tail = parts[-1].endswith("*}")
        segments = tuple(_segment(part) for part in (parts[:-1] if tail else parts))
        size = -1 if tail else len(segments)
        table.setdefault((operation.method, size), []).append(_Route(operation, segments, tail))
    for routes in table.values():
        routes.sort(key=lambda route: [len(s) if s else 10_000 for s in route.segments])
    return table


def _segment(part: str) -> frozenset[str] | None:
    if not part.startswith("{"):
        return frozenset([part])
    _, colon, values = part.strip("{}").partition(":")
    return frozenset(values.split("|")) if colon else None


def _choices(part: str) -> list[str]:
    known = _segment(part)
    return sorted(known) if known else ["{}"]
