"""What schemas of different make say is read alike."""

from __future__ import annotations

from typing import Any

import pytest

from bot.localhub.contract.facts import Fact, facts

TEXT = frozenset({"string"})


def read(schema: Any, **definitions: Any) -> dict[str, Fact]:
    """Return the facts of a schema."""
    return facts(schema, definitions)


def test_fields_items_and_maps_have_paths() -> None:
    facts = read(
        {
            "type": "object",
            "required": ["jobs"],
            "properties": {
                "jobs": {
                    "type": "array",
                    "maxItems": 3,
                    "items": {"properties": {"id": {"type": "string"}}, "required": ["id"]},
                },
                "env": {
                    "type": "object",
                    "propertyNames": {"pattern": "^a"},
                    "additionalProperties": {"type": ["string", "null"]},
                },
            },
        }
    )
    assert facts["jobs"] == Fact(frozenset({"array"}), True, None, {"maxItems": 3})
    assert facts["jobs[]"].types == frozenset({"object"})
    assert facts["jobs[].id"] == Fact(TEXT, True)
    assert facts["env.*"].types == frozenset({"string", "null"})
    assert facts["env.<key>"].limits == {"pattern": "^a"}
    assert facts["env"].open and not facts[""].open


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "string", "const": "a"}, {"enum": ["a"]}),
        ({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"enum": ["a", "b"]}),
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"allOf": [{"type": "string"}, {"minLength": 1}]}, {"type": "string", "minLength": 1}),
        ({"type": "integer", "maximum": 9007199254740991}, {"type": "integer"}),
        (
            {"type": "string", "format": "date-time", "pattern": "^1"},
            {"type": "string", "format": "date-time", "pattern": "Z$"},
        ),
        (
            {
                "oneOf": [
                    {"properties": {"t": {"const": "a"}}},
                    {"properties": {"t": {"const": "b"}}},
                ]
            },
            {
                "properties": {"t": {"enum": ["a", "b"]}},
                "allOf": [
                    {"if": {}, "then": {"properties": {"t": {"const": "a"}}}},
                    {"if": {}, "then": {"properties": {"t": {"const": "b"}}}},
                ],
            },
        ),
        (
            {
                "oneOf": [
                    {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"a": {"type": "string"}, "b": {}}, "required": ["b"]},
                ]
            },
            {"properties": {"a": {"type": "string"}, "b": {}}},
        ),
    ],
)
def test_the_same_in_other_words_has_the_same_facts(one: Any, other: Any) -> None:
    assert read(one) == read(other)


def test_a_union_requires_what_all_its_parts_require() -> None:
    part: dict[str, Any] = {"properties": {"id": {}, "x": {}}}
    facts = read({"anyOf": [{**part, "required": ["id", "x"]}, {**part, "required": ["id"]}]})
    assert facts["id"].required and not facts["x"].required


def test_values_are_open_if_one_part_lists_none() -> None:
    assert read({"anyOf": [{"enum": ["a"]}, {"type": "string"}]})[""].values is None
    assert read({"anyOf": [{"enum": ["a"]}, {"type": "null"}]})[""].values == frozenset({"a"})


def test_references_are_followed_and_may_lead_back() -> None:
    tree = {"properties": {"name": {"type": "string"}, "parent": {"$ref": "#/$defs/Tree"}}}
    facts = read({"$ref": "#/components/schemas/Tree"}, Tree=tree)
    assert facts["name"].types == TEXT
    assert facts["parent"] == Fact()


@pytest.mark.parametrize("schema", [True, None, {}, {"$ref": "#/nowhere"}])
def test_no_schema_says_nothing(schema: Any) -> None:
    assert read(schema)[""] == Fact()
