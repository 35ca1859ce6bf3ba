"""What a JSON Schema says about each field, for comparing two schemas that are written differently.

Unions are merged: a field is required if every alternative requires it, and may have any of their
types and values. Which of them belong together is lost, in both schemas alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

LIMITS = (
    "pattern", "minLength", "maxLength", "minItems", "maxItems",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
)  # fmt: skip
# What generators write for "any whole number".
SAFE_INTEGERS = (9007199254740991, -9007199254740991)
# Formats whose pattern depends on the generator.
FORMATS = ("date-time", "email", "uri")


@dataclass(frozen=True)
class Fact:
    """What a schema says about one field.

    types: JSON types; empty for any. values: the texts that are allowed; None for any.
    open: whether an object may have other keys than the known ones.
    """

    types: frozenset[str] = frozenset()
    required: bool = False
    values: frozenset[str] | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    open: bool = False


Facts = dict[str, Fact]


def facts(schema: Any, definitions: Mapping[str, Any], within: Sequence[str] = ()) -> Facts:
    """Return the facts of a schema by path.

    "" is the value itself, `a.b` a field, `a[]` an item, `a.*` any value of a map and `a.<key>`
    its keys. definitions: schemas by the last part of a `$ref`. within: the `$ref`s that are being
    expanded; a recursive one counts as "anything".
    """
    if not isinstance(schema, Mapping):
        return {"": Fact()}
    parts = [_plain(schema, definitions, within)]
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        target = definitions.get(name) if name not in within else None
        parts.append(facts(target, definitions, (*within, name)))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            parts.append(_either([facts(part, definitions, within) for part in schema[key]]))
    rules = [part["then"] for part in schema.get("allOf", ()) if "if" in part]
    if rules:
        parts.append(_either([facts(rule, definitions, within) for rule in rules]))
    plain = [part for part in schema.get("allOf", ()) if "if" not in part]
    return _both([*parts, *(facts(part, definitions, within) for part in plain)])


def _plain(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], within: Sequence[str]
) -> Facts:
    """Return the facts of a schema without its unions and references."""
    found: Facts = {"": _fact(schema)}
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        found |= _below(name, facts(inner, definitions, within), name in required)
    for name in required:
        found.setdefault(name, Fact(required=True))
    if "items" in schema:
        found |= _below("[]", facts(schema["items"], definitions, within))
    if isinstance(schema.get("additionalProperties"), Mapping):
        found |= _below("*", facts(schema["additionalProperties"], definitions, within))
        names = {"type": "string", **schema.get("propertyNames", {})}
        found["<key>"] = facts(names, definitions, within)[""]
    return found


def _below(name: str, inner: Facts, required: bool = False) -> Facts:
    """Return the facts of a field's or item's contents, with its name in front of the paths."""
    found = {
        name + (f".{path}" if path and not path.startswith("[") else path): fact
        for path, fact in inner.items()
    }
    return {**found, name: replace(found[name], required=required)}


def _fact(schema: Mapping[str, Any]) -> Fact:
    given = schema.get("type")
    types = {given} if isinstance(given, str) else set(given or ())
    texts: frozenset[str] | None = None
    if "const" in schema or "enum" in schema:
        members = schema["enum"] if "enum" in schema else [schema["const"]]
        types = {_type(member) for member in members}
        texts = frozenset(str(m) for m in members if isinstance(m, str)) or None
    if not types and "properties" in schema:
        types = {"object"}
    limits = {
        key: schema[key] for key in LIMITS if key in schema and schema[key] not in SAFE_INTEGERS
    }
    if schema.get("format") in FORMATS:
        limits = {"format": schema["format"]}
    is_open = "object" in types and schema.get("additionalProperties", False) is not False
    return Fact(frozenset(types), False, texts, limits, is_open)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    return "string" if isinstance(value, str) else "integer"


def _either(branches: list[Facts]) -> Facts:
    """Return what holds if any one of the branches does."""
    found: Facts = {}
    for path in _paths(branches):
        present = [branch[path] for branch in branches if path in branch]
        known = all(fact.types for fact in present)
        texts = [fact for fact in present if "string" in fact.types or not fact.types]
        listed = bool(texts) and all(fact.values is not None for fact in texts)
        limited = [fact.limits for fact in present if fact.types - {"null"}]
        found[path] = Fact(
            _union(fact.types for fact in present) if known else frozenset(),
            len(present) == len(branches) and all(fact.required for fact in present),
            _union(fact.values or frozenset() for fact in texts) if listed else None,
            _shared(limited),
            any(fact.open for fact in present),
        )
    return found


def _both(parts: list[Facts]) -> Facts:
    """Return what holds if all parts do."""
    found: Facts = {}
    for path in _paths(parts):
        first, *others = [part[path] for part in parts if path in part]
        for fact in others:
            first = Fact(
                (first.types & fact.types) or first.types or fact.types,
                first.required or fact.required,
                _narrower(first.values, fact.values),
                {**first.limits, **fact.limits},
                first.open or fact.open,
            )
        found[path] = first
    return found


def _shared(limits: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the limits that all have."""
    first = dict(limits[0]) if limits else {}
    return {key: value for key, value in first.items() if all(m.get(key) == value for m in limits)}


def _narrower(one: frozenset[str] | None, two: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or two is None:
        return one if two is None else two
    return one & two


def _paths(parts: Iterable[Facts]) -> list[str]:
    return list(dict.fromkeys(path for part in parts for path in part))


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset(member for members in sets for member in members)
