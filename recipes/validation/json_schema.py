"""Check plain values against a JSON Schema that another program wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from recipes.validation.documents import path_of
from recipes.validation.errors import InvalidInput, quote, shorten

KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping of keys to values",
    "string": "text",
}


def check(value: object, schema: Path) -> None:
    """Raise InvalidInput for the first place where a plain value breaks the schema."""
    if errors := list(_validator(schema).iter_errors(value)):
        raise InvalidInput(_sentence(_first(errors)))


@cache
def _validator(schema: Path) -> Any:
    return jsonschema_rs.validator_for(json.loads(schema.read_text(encoding="utf-8")))


def _first(errors: Iterable[Any]) -> Any:
    """Return the first problem; a misspelt key is missing, too, and comes first."""
    # The first choice of several is that which is not `null`.
    inner = [_first(error.kind.context[0]) if _is_choice(error) else error for error in errors]
    return min(inner, key=lambda error: error.kind.name != "additionalProperties")


def _is_choice(error: Any) -> bool:
    return str(error.kind.name) == "anyOf"


def _sentence(error: Any) -> str:
    path: tuple[str | int, ...] = tuple(error.instance_path)
    place, value = path_of(path) or "the document", quote(error.instance)
    match error.kind.name:
        case "additionalProperties":
            return f"{path_of((*path, error.kind.unexpected[0]))}: is not a known key."
        case "required":
            return f"{path_of((*path, error.kind.property))}: is missing; add it."
        case "type":
            kinds = " or ".join(KINDS[kind] for kind in sorted(error.kind.types))
            return f"{place}: {value} is not {kinds}."
        case "enum":
            return f"{place}: {value} is not one of {', '.join(map(str, error.kind.options))}."
    return f"{place}: {shorten(error.message, longest=200)}."
