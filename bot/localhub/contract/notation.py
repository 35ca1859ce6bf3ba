"""The notation of the area files, and its expansion into JSON Schema (2020-12).

A type is written as

    string, integer, number, boolean, "null", any    the JSON types
    Name                          a definition of any area file; its name starts with a capital
    string | null, Account | Job  one of several
    [Job]                         a list
    {fields: {id!: string, …}}    an object; `!` marks a required field
    {map: string, names: Key}     an object with any keys; `names` is the type of a key
    {extends: Job, fields: …, omit: […]}    the object of another definition with changes
    {by: type, cases: {user: User, bot|app: Bot}, default: user}    an object chosen by a field

and anything else is JSON Schema (`enum`, `pattern`, `items`, `anyOf`, …) with these types as
subschemas. Objects in responses are closed (no other keys) unless they have `open: true`. Objects
in requests are open, because the Hub ignores unknown keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Node = Any  # what YAML gives: a string, a list of one node, or a mapping
Schema = dict[str, Any]

PRIMITIVES = ("string", "integer", "number", "boolean", "null")
# JSON Schema keywords whose value is one schema, or a list of them.
ONE = ("items", "not", "contains", "additionalProperties", "propertyNames")
SEVERAL = ("anyOf", "oneOf", "allOf")
OWN = ("fields", "map", "names", "extends", "omit", "by", "cases", "default", "open")


class ContractError(Exception):
    """An area file is not valid; the message is one sentence."""


class Notation:
    """Expands types that may name the given definitions.

    Closed schemas (for responses) reject unknown keys, the others (for requests) allow them.
    """

    def __init__(self, definitions: Mapping[str, Node]) -> None:
        self._definitions = definitions
        self._expanded: dict[tuple[str, bool], Schema] = {}

    def schema(self, node: Node, *, closed: bool) -> Schema:
        """Return a complete schema: the type with all definitions that it uses."""
        root = self.expand(node, closed=closed)
        found: dict[str, Schema] = {}
        left = _names(root)
        while left:
            name = left.pop()
            if name not in found:
                found[name] = self._definition(name, closed)
                left += _names(found[name])
        return {**root, "$defs": found} if found else root

    def expand(self, node: Node, *, closed: bool) -> Schema:
        """Return a type as JSON Schema; definitions stay `$ref`s into `$defs`."""
        if isinstance(node, str):
            return self._named(node)
        if isinstance(node, list):
            if len(node) != 1:
                raise ContractError(f"A list type has exactly one item type: {node}")
            return {"type": "array", "items": self.expand(node[0], closed=closed)}
        if not isinstance(node, Mapping):
            raise ContractError(f"This is not a type: {node!r}")
        if "extends" in node:
            node = self._extended(node)
        if "cases" in node:
            return self._cases(node, closed)
        schema = {key: value for key, value in node.items() if key not in OWN}
        if "default" in node:
            schema["default"] = node["default"]
        for key in ONE:
            if key in schema and not isinstance(schema[key], bool):
                schema[key] = self.expand(schema[key], closed=closed)
        for key in SEVERAL:
            if key in schema:
                schema[key] = [self.expand(part, closed=closed) for part in schema[key]]
        if "items" in schema:
            schema["type"] = "array"
        if "fields" in node or "map" in node:
            schema |= self._object(node, closed)
        return schema

    def _named(self, text: str) -> Schema:
        parts = [part.strip() for part in text.split("|")]
        if len(parts) > 1:
            return {"anyOf": [self._named(part) for part in parts]}
        if text in PRIMITIVES:
            return {"type": text}
        if text == "any":
            return {}
        if text not in self._definitions:
            raise ContractError(f"There is no definition {text!r}")
        return {"$ref": f"#/$defs/{text}"}

    def _definition(self, name: str, closed: bool) -> Schema:
        if (name, closed) not in self._expanded:
            self._expanded[name, closed] = self.expand(self._definitions[name], closed=closed)
        return self._expanded[name, closed]

    def _object(self, node: Mapping[str, Node], closed: bool) -> Schema:
        schema: Schema = {"type": "object"}
        fields = node.get("fields") or {}
        if fields:
            schema["properties"] = {
                key.removesuffix("!"): self.expand(value, closed=closed)
                for key, value in fields.items()
            }
        required = [key.removesuffix("!") for key in fields if key.endswith("!")]
        if required:
            schema["required"] = required
        if "map" in node:
            schema["additionalProperties"] = self.expand(node["map"], closed=closed)
        elif node.get("open"):
            schema["additionalProperties"] = True
        elif closed and not fields:
            schema["maxProperties"] = 0
        elif closed:
            schema["additionalProperties"] = False
        if "names" in node:
            schema["propertyNames"] = self.expand(node["names"], closed=closed)
        return schema

    def _cases(self, node: Mapping[str, Node], closed: bool) -> Schema:
        tag, default = node["by"], node.get("default")
        rules: list[Schema] = []
        values: list[Any] = []
        for names, case in node["cases"].items():
            tags = names.split("|") if isinstance(names, str) else [names]
            values += tags
            condition: Schema = {"properties": {tag: {"enum": tags}}}
            if default not in tags:
                condition["required"] = [tag]
            rules.append({"if": condition, "then": self.expand(case, closed=closed)})
        schema: Schema = {
            "type": "object",
            "properties": {tag: {"enum": values}},
            "allOf": rules,
        }
        if default is None:
            schema["required"] = [tag]
        return schema

    def _extended(self, node: Mapping[str, Node]) -> Mapping[str, Node]:
        """Resolve an `extends` node into an object or a choice."""
        base: Node = node["extends"]
        while isinstance(base, str):
            if base not in self._definitions:
                raise ContractError(f"There is no definition {base!r} to extend")
            base = self._definitions[base]
        if "extends" in base:
            base = self._extended(base)
        change = {key: value for key, value in node.items() if key != "extends"}
        if "cases" in base:
            cases = {name: {"extends": case, **change} for name, case in base["cases"].items()}
            return {**base, "cases": cases}
        if "fields" not in base:
            raise ContractError(f"Only an object can be extended: {node['extends']!r}")
        omitted = set(change.pop("omit", ())) | {
            key.removesuffix("!") for key in change.get("fields", {})
        }
        kept = {k: v for k, v in base["fields"].items() if k.removesuffix("!") not in omitted}
        return {**base, **change, "fields": {**kept, **change.get("fields", {})}}


def _names(schema: Any) -> list[str]:
    """Return the definitions that a schema refers to."""
    if isinstance(schema, dict):
        found = [name for value in schema.values() for name in _names(value)]
        ref = schema.get("$ref")
        return [*found, ref.rpartition("/")[2]] if isinstance(ref, str) else found
    if isinstance(schema, list):
        return [name for value in schema for name in _names(value)]
    return []
