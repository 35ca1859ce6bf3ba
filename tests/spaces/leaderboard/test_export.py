"""Entries as CSV."""

from __future__ import annotations

import csv
import io

import pytest
from benchmarks import FIRST_BENCHMARKS
from entries import Entry, Score
from export import as_csv


@pytest.mark.parametrize("hostile", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|x", "%x"])
def test_no_cell_is_a_formula(hostile: str) -> None:
    scores = {"into": Score(1.0, 0.5, -0.5, (-0.6, -0.4), 0.01, True, 9)}
    entry = Entry(
        hostile, hostile, hostile, scores, False, name=hostile, autonym=hostile, date=hostile
    )
    text = as_csv([entry], (), FIRST_BENCHMARKS).removeprefix("\ufeff")
    head, row = csv.reader(io.StringIO(text, newline=""))
    cells = dict(zip(head, row, strict=True))
    assert cells["name"].startswith("'") and cells["name"].replace("'", "") == hostile
    assert cells["into_difference"] == "-0.5"
    assert not [cell for cell in row if cell.startswith(tuple("=+@|%\t\r"))]


def test_csv_has_the_chosen_columns() -> None:
    entry = Entry("a_Latn", "m", "b", {"topic": Score(adapter=0.5)}, False)
    head = as_csv([entry], ("topic",), FIRST_BENCHMARKS).splitlines()[0]
    assert "topic_adapter" in head and "into" not in head and "cost" not in head
