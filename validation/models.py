"""Build dataclasses from plain values with pydantic; its errors become one sentence.

The dataclasses stay those of the standard library: their fields' types are the rules, such as
`Annotated[int, Field(ge=1)]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import ErrorDetails

from validation.documents import path_of
from validation.errors import InvalidInput, quote

T = TypeVar("T")
# Nested dataclasses and TypedDicts of the standard library inherit it.
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True)
# For files that others extend: `__pydantic_config__ = OPEN` in a dataclass ignores unknown keys.
OPEN = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore")
UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")
KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping of keys to values",
    "mapping_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "dataclass_type": "a mapping of keys to values",
    "none_required": "null",
}
BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def parse(kind: type[T], value: object, place: str) -> T:
    """Return a plain value (one that JSON can hold) as a `kind`.

    `place` is where the value is, such as `generate.teacher`. Raises InvalidInput for the first
    problem, which starts with the path. Types are strict: "3" is no number, and 1 is not true.
    """
    model = _model(kind)
    try:
        text = json.dumps({"value": value}, allow_nan=False)
        built: T = vars(model.model_validate_json(text))["value"]
    except ValidationError as error:
        problems = error.errors(include_url=False)
        # A misspelt key is missing, too: say that it is misspelt.
        first = min(problems, key=lambda problem: problem["type"] not in UNKNOWN_KEY)
        raise InvalidInput(sentence(first, place, model)) from error
    except (ValueError, TypeError, RecursionError) as error:  # of json.dumps
        raise InvalidInput(f"{place} has a value that JSON cannot hold.") from error
    return built


def sentence(problem: ErrorDetails, place: str, model: type[BaseModel]) -> str:
    """Return a problem of pydantic as a sentence for people: path, value, rule and remedy."""
    location = tuple(part for part in problem["loc"][1:] if part != "[key]")
    found = f"{place}.{path_of(location)}" if location else place
    return f"{found.replace('.[', '[').removeprefix('.')}: {_rule(problem, model)}."


@cache
def _model(kind: Hashable) -> type[BaseModel]:
    """Return a model whose only field is a `kind`, so that it is validated strictly."""
    return create_model("Value", __config__=STRICT, value=(kind, ...))


def _rule(problem: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, context = problem["type"], quote(problem["input"]), problem.get("ctx", {})
    if kind in KINDS:
        hint = "; put it in quotes" if kind == "string_type" and value[0] not in "a[{n" else ""
        return f"{value} is not {KINDS[kind]}{hint}"
    if kind in BOUNDS:
        bound, words = BOUNDS[kind]
        return f"{value} is out of range; use a number {words} {context[bound]:g}"
    match kind:
        case "missing":
            return "is missing; add it"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return _unknown(str(problem["loc"][-1]), _keys(problem["loc"][:-1], model))
        case "literal_error" | "enum":
            return f"{value} is not one of {_listed(context['expected'])}"
        case "too_short" | "string_too_short":
            return f"{value} is too short; it needs at least {context['min_length']}"
        case "too_long" | "string_too_long":
            return f"{value} is too long; use at most {context['max_length']}"
        case "value_error":
            return str(context["error"]).rstrip(".")
    return f"{value}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"


def _listed(expected: str) -> str:
    """Return pydantic's `'a', 'b' or 'c'` without the quotes."""
    return re.sub(r"'([^']*)'", r"\1", expected)


def _unknown(key: str, known: list[str]) -> str:
    if close := get_close_matches(key, known, 1):
        return f"is not a known key; the nearest is {close[0]}"
    return f"is not a known key; use only {', '.join(known)}" if known else "is not a known key"


def _keys(location: tuple[str | int, ...], model: type[BaseModel]) -> list[str]:
    """Return the keys that the model knows at a location."""
    root = model.model_json_schema()
    node: dict[str, Any] = root
    for part in location:
        node = _resolved(node, root)
        items = node.get("properties", {}).get(part) or node.get("additionalProperties")
        node = items if isinstance(items, dict) else node.get("items", {})
    return list(_resolved(node, root).get("properties", {}))


def _resolved(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Follow references, and leave out `null` of what may be null."""
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            node = root["$defs"][node["$ref"].rpartition("/")[2]]
        else:
            node = next(choice for choice in node["anyOf"] if choice.get("type") != "null")
    return node
