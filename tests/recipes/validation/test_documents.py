"""YAML and JSON are read as plain values; anything else is refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.validation.documents import read_json, read_yaml
from recipes.validation.errors import InvalidInput, quote


def test_plain_values_are_read() -> None:
    text = "a: &x {b: [1, 2.5, true, null, text]}\nc: *x\nd: {<<: *x, e: 2024-01-31}\n"
    inner = [1, 2.5, True, None, "text"]
    value = {"a": {"b": inner}, "c": {"b": inner}, "d": {"b": inner, "e": "2024-01-31"}}
    assert read_yaml(text, "r") == value
    assert read_json(b'{"a": [1, 2.5, true, null, "text"]}', "r") == {"a": inner}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"\xff\xfe", "r is not UTF-8 text"),
        ("a: [", "r is not valid YAML"),
        ("a: \x00", "r is not valid YAML"),
        ("a: 1\nb: {c: 1, c: 2}", 'r is not valid YAML: the key "c" is there twice'),
        ("a: !!python/name:os.system", "r is not valid YAML"),
        ("a: !!binary aGk=", "r: a: a bytes is not allowed"),
        ("a: !!set {b}", "r: a: a set is not allowed"),
        ("a: {1: b}", "r: a: the key 1 is not text: put it in quotes"),
        ("no: b", "r: the key false is not text"),
        ("a: [1, .inf]", "r: a[1]: a very large number is not a finite number"),
        ("a: .nan", "r: a: NaN is not a finite number"),
        ("a: 1.0e+400", "r: a: a very large number is not a finite number"),
        (f"a: {10**400}", "r: a: a very large number is not a finite number"),
        (f"a: {'9' * 5000}", "r is not valid YAML"),
        ("[" * 60_000, "r is nested too deeply"),
        ("{a: " * 60 + "1" + "}" * 60, "r is nested too deeply"),
        ("a: &x [*x]", "r is nested too deeply"),
        ("a0: &a0 [x]\n" + "".join(
            f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
        ), "r has too many values"),
        ("a" * 300_001, "r is too long"),
        ("a0: &a0 {x: 1}\n" + "".join(
            f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 99)
        ), "r is not valid YAML: there are more than 50,000 keys"),
        ("a: {<<: &x {b: 1, b: 2}}", 'r is not valid YAML: the key "b" is there twice'),
        *(
            (f"a: !!{tag}", "r is not valid YAML")
            for tag in ('int ""', 'int "-"', 'float "_"', "bool x", "timestamp x", "map [1]")
        ),
    ],
    ids=range(27),
)  # fmt: skip
def test_other_yaml_is_refused(text: str | bytes, message: str) -> None:
    _refused(read_yaml, text, message)


def test_a_key_that_was_merged_is_not_there_twice() -> None:
    text = "x: {<<: &m {<<: &b {a: 1}, a: 2}}\ny: *m\n"
    assert read_yaml(text, "r") == {"x": {"a": 2}, "y": {"a": 2}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "r is not valid JSON"),
        (b"\xff", "r is not UTF-8 text"),
        ("[NaN]", "r is not valid JSON: NaN is not a finite number"),
        ("[1e400]", "r: [0]: a very large number is not a finite number"),
        (f"[{10**400}]", "r: [0]: a very large number is not a finite number"),
        (f"[{'9' * 5000}]", "r is not valid JSON"),
        ('{"a": 1, "a": 2}', 'r is not valid JSON: the key "a" is there twice'),
        ("[" * 60_000, "r is nested too deeply"),
        ("[" * 60 + "]" * 60, "r is nested too deeply"),
    ],
)
def test_other_json_is_refused(text: str | bytes, message: str) -> None:
    _refused(read_json, text, message)


def _refused(read: Any, text: str | bytes, message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(text, "r")
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 200


def test_quotes_are_short_and_visible() -> None:
    assert quote("a\n\u202eb\x1b[31m") == '"a\\nb\\u001b[31m"'
    assert len(quote("x" * 1000)) < 70
    assert quote([1]) == "a list" and quote({"a": 1}) == "a mapping" and quote(None) == "null"
