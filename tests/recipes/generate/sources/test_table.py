"""The table of sources: its sections are checked, and its numbers are those of the recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recipes.core.config import load
from recipes.core.errors import UserError
from recipes.generate.publish import parquet
from recipes.generate.schema import Message, Row
from recipes.generate.settings import parse
from recipes.generate.sources.table import SOURCES

SECTION = load("kakugo", "o", "gla_Latn").generate


@pytest.mark.parametrize("key", [source.section for source in SOURCES])
def test_a_missing_section_of_a_source_is_named(key: str) -> None:
    with pytest.raises(UserError, match=f"generate.{key}: is missing"):
        parse({name: value for name, value in SECTION.items() if name != key})


@pytest.mark.parametrize("value", ["many", -1, True, 1.5, None])
def test_a_number_of_conversations_is_checked(value: Any) -> None:
    with pytest.raises(UserError, match=r"generate\.translations: .* (number|range)"):
        parse({**SECTION, "translations": value})


def test_planned_rows_are_those_of_the_recipe() -> None:
    planned = parse(SECTION).planned_by_source(None)
    assert planned == {
        "topics": 10_608,
        "scenarios": 9_300,
        "contexts": 10_000,
        "pairs": 12_000,
        "translation": 15_000,
        "replay": 2_995,
    }
    assert parse(SECTION).planned_rows(None) == sum(planned.values()) - planned["replay"]
    limited = parse(SECTION).planned_by_source(200)
    assert limited == {**dict.fromkeys(planned, 200), "replay": 53}


def test_rows_of_an_unknown_source_are_never_written(tmp_path: Path) -> None:
    turns = (Message(role="user", content="a"), Message(role="assistant", content="b"))
    origin = parquet.RunColumns(1, 1.0, 1, "recipe")
    with pytest.raises(ValueError, match="'nowhere' is not in the table"):
        parquet.write(tmp_path, [(Row("nowhere", "p", "t", turns), None)], 0.1, origin)
