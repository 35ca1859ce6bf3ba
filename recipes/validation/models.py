"""Build dataclasses from plain values with pydantic; its errors become one sentence.

The dataclasses stay those of the standard library: their fields' types are the rules, such as
`Annotated[int, Field(ge=1)]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import ErrorDetails, core_schema

from recipes.validation.documents import path_of
from recipes.validation.errors import InvalidInput, quote, unknown_key, wrong_kind

T = TypeVar("T")
# Nested dataclasses of the standard library inherit it.
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
# For what others extend, such as the arguments of a library: `__pydantic_config__ = OPEN` in a
# dataclass ignores unknown keys.
OPEN = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False, use_attribute_docstrings=True)
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


def parse(kind: Callable[..., T], value: object, place: str) -> T:
    """Return a plain value (one that JSON can hold) as a `kind`.

    `place` is where the value is, such as `generate.teacher`. Raises InvalidInput for the first
    problem, which starts with the path. Types are strict: "3" is no number, and 1 is not true.
    """
    try:
        built: T = vars(_model(kind).model_validate_json(_json(value, place)))["value"]
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False), place, _model(kind)) from error
    return built


def given(key: str, schema: dict[str, Any] | bool = True) -> dict[str, Any]:
    """Return a JSON Schema of mappings that have this key, with a value that fits."""
    return {"properties": {key: schema}, "required": [key]}


def rule(condition: dict[str, Any], consequence: dict[str, Any], message: str) -> dict[str, Any]:
    """Return a JSON Schema: what fits the condition must fit the consequence, too."""
    return {"if": condition, "then": {**consequence, "errorMessage": message}}


def strict_with(*rules: dict[str, Any]) -> ConfigDict:
    """Return the `__pydantic_config__` of a dataclass that has more rules in its JSON Schema.

    Those are for a whole section as people write it: `parse` does not check them.
    """
    return STRICT | ConfigDict(
        use_attribute_docstrings=True, json_schema_extra={"allOf": list(rules)}
    )


class Partial:
    """Annotates a mapping of changes to a `kind`: each key that is there must fit.

    A required key may be missing, with `deep` also one of a mapping inside. `keys` are all those
    that are known, if the `kind` does not have them all, with their types as in a JSON Schema:
    "string null". The mapping stays as it is.
    """

    def __init__(
        self,
        kind: Callable[..., Any],
        *,
        deep: bool = False,
        keys: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._kind, self._deep, self._keys = kind, deep, keys

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        root = _model(self._kind, is_documented=True).model_json_schema()
        changes = _inlined(root["properties"]["value"], root, self._deep)
        if self._keys:
            own = changes["properties"]
            changes["properties"] = {
                key: own.get(key, {"type": types.split()}) for key, types in self._keys.items()
            }
            changes["additionalProperties"] = False
        return _without(changes, "required")

    def check(self, value: dict[str, Any], place: str = "") -> dict[str, Any]:
        """Return the value, or raise InvalidInput for the first problem."""
        if unknown := [key for key in value if self._keys and key not in self._keys]:
            problem = unknown_key(unknown[0], list(self._keys))
            raise InvalidInput(f"{path_of((unknown[0],))}: {problem}.")
        try:
            _model(self._kind).model_validate_json(_json(value, place))
        except ValidationError as error:
            problems = error.errors(include_url=False)
            if wrong := [problem for problem in problems if not self._may_miss(problem)]:
                raise _refusal(wrong, place, _model(self._kind)) from error
        return value

    def _may_miss(self, problem: ErrorDetails) -> bool:
        is_own = len(problem["loc"]) == 2  # "value" and the key
        return problem["type"] == "missing" and (self._deep or is_own)


def json_schema(kind: Callable[..., Any]) -> dict[str, Any]:
    """Return the JSON Schema of a `kind`, as people write and read it."""
    root = _simplified(_model(kind, is_documented=True).model_json_schema())
    whole = root["properties"]["value"]
    own = whole["$ref"].rpartition("/")[2]
    return {**_resolved(whole, root), "$defs": _without(root["$defs"], own)}


def _simplified(node: Any) -> Any:
    if isinstance(node, list):
        return [_simplified(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _simplified(item) for key, item in node.items() if not _is_title(key, item)}
    match node:
        case {"anyOf": [{"type": str(name), **choice}, {"type": "null"}], **other} if (
            "enum" not in choice
        ):
            return {"type": [name, "null"], **choice, **other}
    return node


def _inlined(node: Any, root: dict[str, Any], deep: bool) -> Any:
    """Return a schema without references; with `deep`, no key in it needs another."""
    if isinstance(node, list):
        return [_inlined(item, root, deep) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        named = {**_resolved({"$ref": node["$ref"]}, root), **_without(node, "$ref")}
        return _inlined(named, root, deep)
    kept = _without(_without(node, "required"), "allOf") if deep else node
    return {key: _inlined(item, root, deep) for key, item in kept.items()}


def _without(node: dict[str, Any], key: str) -> dict[str, Any]:
    return {other: value for other, value in node.items() if other != key}


def _is_title(key: str, value: object) -> bool:
    """Whether it is pydantic's title of a field, which only repeats the name."""
    return key == "title" and isinstance(value, str)


def _json(value: object, place: str) -> str:
    try:
        return json.dumps({"value": value}, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(f"{place} has a value that JSON cannot hold.") from error


def _refusal(problems: list[ErrorDetails], place: str, model: type[BaseModel]) -> InvalidInput:
    """Return the first problem; a misspelt key comes before the missing one that it stands for."""
    first = min(problems, key=lambda problem: problem["type"] not in UNKNOWN_KEY)
    return InvalidInput(sentence(first, place, model))


def sentence(problem: ErrorDetails, place: str, model: type[BaseModel]) -> str:
    """Return a problem of pydantic as a sentence for people: path, value, rule and remedy."""
    location = tuple(part for part in problem["loc"][1:] if part != "[key]")
    found = f"{place}.{path_of(location)}" if location else place
    found = found.replace(".[", "[").removeprefix(".") or "the document"
    inner = problem.get("ctx", {}).get("error")
    if isinstance(inner, InvalidInput):  # of changes to a dataclass: its path goes on
        return f"{found}.{inner}".rstrip(".") + "."
    return f"{found}: {_rule(problem, model)}."


@cache
def _model(kind: Callable[..., Any], is_documented: bool = False) -> type[BaseModel]:
    """Return a model whose only field is a `kind`, so that it is validated strictly.

    `is_documented`: its JSON Schema has the docstrings of fields, which take long to find.
    """
    config = ConfigDict(**STRICT, use_attribute_docstrings=is_documented)
    required: Any = (kind, ...)
    return create_model("Value", __config__=config, value=required)


def _rule(problem: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, context = problem["type"], quote(problem["input"]), problem.get("ctx", {})
    if kind in KINDS:
        return wrong_kind(value, KINDS[kind])
    if kind in BOUNDS:
        bound, words = BOUNDS[kind]
        return f"{value} is out of range; use a number {words} {context[bound]:.12g}"
    match kind:
        case "missing":
            return "is missing; add it"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return unknown_key(str(problem["loc"][-1]), _keys(problem["loc"][:-1], model))
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
