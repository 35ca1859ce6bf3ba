"""Damaged forms of a JSON file that a part has really written, for the tests of its readers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

# Of the texts with one damage, one in so many; `tests/bench/test_every_damage.py` tries all. It
# has no divisor in common with the 25 damages of a part, so that parts get different ones.
SAMPLE = 6
DEEP = 60_000  # brackets; Python's own parser gives up after about a thousand
WRONG_VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0.5, 10**9, 10**400, 1e308, -1e308),
    *(float("nan"), float("inf"), float("-inf")),
    *("", "zzz", "no", "../..", "<b>\x00\u202e", "9" * 30, "x" * 5_000),
    *([], {}, [[]], ["zzz"], [None], {"zzz": None}),
)
WRONG_TEXTS: tuple[bytes, ...] = (
    *(b"", b" ", b"\x00", b"\xff\xfe\xfd", b"null", b"7", b"true", b'"text"', b"[]", b"{}", b"[1]"),
    *(b"NaN", b"-Infinity", b"{", b'{"a": 1} {', b'{"a": 1, "a": 2}', b'"\\ud800"', b"zzz: [zzz"),
    *(b"[" * DEEP, b'{"a": ' * DEEP, b"[" * DEEP + b"]" * DEEP),
)


def damaged_values(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield where and how it is damaged, and the value with one part replaced, lost or added."""
    for path in _paths(value):
        for wrong in WRONG_VALUES:
            yield f"{path} = {str(wrong)[:20]}", _with(value, path, wrong)
        if path:
            yield f"without {path}", _with(value, path, _Nothing)
    if isinstance(value, dict):
        yield "with an unknown key", {**value, "zzz": 1}


def damaged_texts(value: Any) -> Iterator[tuple[str, bytes]]:
    """Yield a sample of the same as JSON, and texts that have nothing to do with it."""
    for text in WRONG_TEXTS:
        yield f"{text[:20]!r}", text
    for damage, damaged in islice(damaged_values(value), 0, None, SAMPLE):
        yield damage, json.dumps(damaged).encode()


class _Nothing:
    """Stands for a part that is lost."""


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the path of the value and of all its parts; of a list only the first item."""
    yield ()
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value[:1]):
            yield from ((key, *path) for path in _paths(item))


def _with(value: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    if not path:
        return wrong
    key, *below = path
    changed = value.copy()
    if wrong is _Nothing and not below:
        del changed[key]
    else:
        changed[key] = _with(value[key], tuple(below), wrong)
    return changed
