"""The notation of the area files becomes JSON Schema."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from bot.localhub.contract.notation import ContractError, Notation

NOTATION = Notation(
    {
        "Name": {"type": "string", "maxLength": 5},
        "Base": {"fields": {"id!": "string", "note": "string"}},
        "User": {"extends": "Base", "fields": {"type!": {"const": "user"}, "pro": "boolean"}},
        "Org": {"extends": "Base", "omit": ["note"], "fields": {"type!": {"const": "org"}}},
        "Account": {"by": "type", "cases": {"user": "User", "org": "Org"}},
        "Author": {"extends": "Account", "fields": {"owner!": "boolean"}},
        "New": {
            "by": "type",
            "default": "a",
            "cases": {"a": {"fields": {"x": "any"}}, "b": "Base"},
        },
        "Pull": {"by": "pull", "cases": {True: "Base", False: {"fields": {"pull": "any"}}}},
    }
)


def accepts(node: Any, value: Any, closed: bool = False) -> bool:
    """Whether a type accepts a value."""
    schema = NOTATION.schema(node, closed=closed)
    jsonschema_rs.meta.validate(schema)
    return bool(jsonschema_rs.Draft202012Validator(schema).is_valid(value))


@pytest.mark.parametrize(
    ("node", "value", "accepted"),
    [
        ("string", "a", True),
        ("string", 1, False),
        ("integer", 1.5, False),
        ("any", {"x": [None]}, True),
        ("string | null", None, True),
        ("string | null", 0, False),
        ("Name", "short", True),
        ("Name", "too long", False),
        ("Name | integer", 3, True),
        (["Name"], ["a", "b"], True),
        (["Name"], ["a", 1], False),
        ({"items": "Name", "maxItems": 1}, ["a", "b"], False),
        ({"enum": ["a", "b"]}, "c", False),
        ({"fields": {"a!": "string"}}, {}, False),
        ({"fields": {"a": "string"}}, {}, True),
        ({"fields": {"a": "string"}}, {"a": None}, False),
        ({"map": "integer", "names": "Name"}, {"a": 1}, True),
        ({"map": "integer", "names": "Name"}, {"a": "1"}, False),
        ({"map": "integer", "names": "Name"}, {"too long": 1}, False),
        ({"anyOf": ["Name", ["Name"]]}, ["a"], True),
    ],
)
def test_types_accept_what_they_say(node: Any, value: Any, accepted: bool) -> None:
    assert accepts(node, value) is accepted


def test_only_objects_of_answers_are_closed() -> None:
    node = {"fields": {"a": {"fields": {"b": "string"}}}}
    assert accepts(node, {"x": 1, "a": {"x": 1}})
    assert not accepts(node, {"x": 1}, closed=True)
    assert not accepts(node, {"a": {"x": 1}}, closed=True)
    assert accepts({**node, "open": True}, {"x": 1}, closed=True)


def test_an_object_extends_another() -> None:
    assert accepts("User", {"id": "1", "note": "n", "type": "user"}, closed=True)
    assert not accepts("User", {"type": "user"}, closed=True)
    assert not accepts("Org", {"id": "1", "note": "n", "type": "org"}, closed=True)


def test_a_field_chooses_among_objects() -> None:
    assert accepts("Account", {"id": "1", "type": "user", "pro": True}, closed=True)
    assert not accepts("Account", {"id": "1", "type": "org", "pro": True}, closed=True)
    assert not accepts("Account", {"id": "1", "type": "bot"}, closed=True)
    assert not accepts("Account", {"id": "1"}, closed=True)


def test_what_chooses_may_have_a_default_or_be_a_boolean() -> None:
    assert accepts("New", {"x": 1})
    assert not accepts("New", {"type": "b"})
    assert accepts("New", {"type": "b", "id": "1"})
    assert accepts("Pull", {"pull": False})
    assert not accepts("Pull", {"pull": True})


def test_extending_a_choice_extends_each_of_its_objects() -> None:
    user = {"id": "1", "type": "user"}
    assert accepts("Author", {**user, "owner": True}, closed=True)
    assert not accepts("Author", user, closed=True)
    assert not accepts("Account", {**user, "owner": True}, closed=True)


@pytest.mark.parametrize(
    ("node", "says"),
    [
        ("Nobody", "no definition 'Nobody'"),
        (["string", "integer"], "exactly one item type"),
        (3, "not a type: 3"),
        ({"extends": "Nobody"}, "no definition 'Nobody' to extend"),
        ({"extends": "Name", "fields": {}}, "Only an object can be extended"),
    ],
)
def test_what_breaks_the_notation_is_said(node: Any, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        NOTATION.schema(node, closed=True)
