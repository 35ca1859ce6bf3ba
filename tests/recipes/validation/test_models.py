"""Wrong values are refused in one sentence: path, value, rule, remedy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from recipes.validation.errors import InvalidInput
from recipes.validation.models import Partial, parse


@dataclass(frozen=True)
class Options:
    depth: int
    width: int


@dataclass(frozen=True)
class Part:
    name: str
    count: Annotated[int, Field(ge=1)] = 1
    ratio: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class Whole:
    part: Part | None
    parts: list[Part] = field(default_factory=list)
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    is_quiet: bool = False
    mode: Literal["fast", "slow"] = "fast"
    names: Annotated[tuple[str, ...], Field(min_length=1)] = ("x",)
    weights: dict[Literal["a", "b"], int] = field(default_factory=dict)
    options: Annotated[dict[str, Any], Partial(Options)] | None = None


def test_what_fits_is_built() -> None:
    value = {"part": {"name": "n", "ratio": [1, 2]}, "options": {"depth": 2}, "weights": {"a": 1}}
    assert parse(Whole, value, "whole") == Whole(
        Part("n", ratio=(1, 2)), options={"depth": 2}, weights={"a": 1}
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "w: 3 is not a mapping of keys to values."),
        ({}, "w.part: is missing; add it."),
        ({"part": {"name": 3}}, "w.part.name: 3 is not text; put it in quotes."),
        ({"part": {"name": ["a"]}}, "w.part.name: a list is not text."),
        ({"part": {"name": "a", "count": "many"}}, 'w.part.count: "many" is not a whole number.'),
        ({"part": {"name": "a", "count": True}}, "w.part.count: true is not a whole number."),
        ({"part": {"name": "a", "count": 1.5}}, "w.part.count: 1.5 is not a whole number."),
        (
            {"part": {"name": "a", "count": 0}},
            "w.part.count: 0 is out of range; use a number at least 1.",
        ),
        (
            {"part": {"name": "a", "cuont": 3}},
            "w.part.cuont: is not a known key; the nearest is count.",
        ),
        ({"part": None, "parts": [{}]}, "w.parts[0].name: is missing; add it."),
        ({"part": None, "share": "1"}, 'w.share: "1" is not a number.'),
        ({"part": None, "share": 0}, "w.share: 0 is out of range; use a number above 0."),
        ({"part": None, "is_quiet": "no"}, 'w.is_quiet: "no" is not true or false.'),
        ({"part": None, "mode": "fsat"}, 'w.mode: "fsat" is not one of fast or slow.'),
        ({"part": None, "names": "abc"}, 'w.names: "abc" is not a list.'),
        ({"part": None, "names": []}, "w.names: [] is too short; it needs at least 1."),
        ({"part": None, "weights": {"c": 1}}, 'w.weights.c: "c" is not one of a or b.'),
        (
            {"part": None, "options": {"speed": 1}},
            "w.options.speed: is not a known key; use only depth, width.",
        ),
        (
            {"part": None, "options": {"depth": "a"}},
            'w.options.depth: "a" is not a whole number.',
        ),
        ({"part": None, "share": float("nan")}, "w has a value that JSON cannot hold."),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(value: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse(Whole, value, "w")
    assert str(refusal.value) == message
