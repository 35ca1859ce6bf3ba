"""Check plain values against the JSON Schema in a file, with sentences for people.

The keyword `errorMessage`, which editors know, is the remedy where a rule of its mapping is broken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from recipes.validation.documents import path_of
from recipes.validation.errors import InvalidInput, quote, shorten, unknown_key, wrong_kind

KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping of keys to values",
    "string": "text",
}
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}
FEWEST = ("minItems", "minLength", "minProperties")
# Reported before others: a misspelt key also counts as missing, and a value outside an enum often
# has the wrong type as well.
REPORTED_FIRST = ("additionalProperties", "propertyNames", "enum")


def check(value: object, schema: Path) -> None:
    """Raise InvalidInput for the first place where a plain value breaks the schema."""
    if errors := list(_validator(schema).iter_errors(value)):
        raise InvalidInput(_sentence(_first(errors), _read(schema)))


@cache
def _read(schema: Path) -> Any:
    return json.loads(schema.read_text(encoding="utf-8"))


@cache
def _validator(schema: Path) -> Any:
    return jsonschema_rs.validator_for(_read(schema))


def _first(errors: Iterable[Any]) -> Any:
    """Return the problem to report; among alternatives, that of the one that fits furthest."""
    inner = [
        max(map(_first, error.kind.context), key=lambda problem: len(problem.instance_path))
        if error.kind.name == "anyOf"
        else error
        for error in errors
    ]
    return min(inner, key=lambda error: error.kind.name not in REPORTED_FIRST)


def _sentence(error: Any, schema: Any) -> str:
    path: list[str | int] = list(error.instance_path)
    nodes = _nodes(schema, error.schema_path)
    if error.kind.name == "required":
        path.append(error.kind.property)
    if error.kind.name == "additionalProperties":
        path.append(error.kind.unexpected[0])
    if error.kind.name == "propertyNames":
        path.append(error.kind.error.instance)
    rule = _rule(error, nodes)
    if remedies := [node["errorMessage"] for node in nodes if "errorMessage" in node]:
        is_missing = error.kind.name == "required"
        problem = "is missing" if is_missing else f"{quote(error.instance)} does not fit"
        rule = f"{problem}; {remedies[-1]}"
    return f"{path_of(tuple(path)) or 'the document'}: {rule}."


def _nodes(schema: Any, path: Iterable[str | int]) -> list[dict[str, Any]]:
    """Return the mappings on the way to a keyword of a schema, from the outermost."""
    nodes = [schema]
    for part in path:
        nodes.append(nodes[-1][part])
    return [node for node in nodes if isinstance(node, dict)]


def _rule(error: Any, nodes: Sequence[dict[str, Any]]) -> str:
    kind, name, value = error.kind, error.kind.name, quote(error.instance)
    match name:
        case "additionalProperties":
            return unknown_key(kind.unexpected[0], list(nodes[-1].get("properties", {})))
        case "propertyNames":
            return unknown_key(kind.error.instance, nodes[-1]["enum"])
        case "required":
            return "is missing; add it"
        case "type":
            kinds = [KINDS[each] for each in sorted(kind.types) if each != "null"]
            return wrong_kind(value, " or ".join(kinds))
        case "enum":
            return f"{value} is not one of {', '.join(map(str, kind.options))}"
    if name in BOUNDS:
        return f"{value} is out of range; use a number {BOUNDS[name]} {kind.limit:g}"
    if name in FEWEST:
        return f"{value} is too short; it needs at least {kind.limit}"
    return shorten(error.message, longest=200)
