"""Entries as CSV."""

from __future__ import annotations

import csv
import io

import pytest
from benchmarks import FIRST_BENCHMARKS
from copy_text import guide
from entries import Entry, Score
from export import as_csv, as_json
from parse_results import ChatScore

from tests.spaces.markup_checker import checked_text


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


def test_csv_has_what_json_has_and_the_guide_describes_every_column() -> None:
    score = Score(0.1, 0.5, 0.4, (0.3, 0.6), 0.01, True, 9, degenerate=2)
    chat: ChatScore = {
        "metric": "accuracy",
        "n": 50,
        "first": 0.9,
        "first_ci": (0.7, 0.95),
        "second": 0.8,
        "second_ci": (0.6, 0.85),
    }
    entry = Entry(
        "a_Latn", "m", "b", {"topic": score}, False, gain_interval=(1.0, 3.0), english="kept",
        english_difference=0.5, english_interval=(-1.0, 2.0), chat=chat,
    )  # fmt: skip
    text = as_csv([entry], (), FIRST_BENCHMARKS).removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    api = as_json(entry)
    intervals = {
        "gain": api["gain_ci"],
        "english_difference": api["english_difference_ci"],
        "chat_first": api["chat"]["first_ci"],
        "chat_second": api["chat"]["second_ci"],
    }
    for name, interval in intervals.items():
        assert [float(row[f"{name}_{end}"]) for end in ("low", "high")] == [*interval], name
    topic = [row[f"topic_{name}"] for name in ("base", "low", "high", "significant", "broken")]
    assert topic == ["0.1", "0.3", "0.6", "True", "2"]
    described, (first, *others) = checked_text(guide(FIRST_BENCHMARKS)), FIRST_BENCHMARKS.by_key
    columns = [name for name in row if not name.startswith(tuple(f"{key}_" for key in others))]
    assert f"{first}_broken" in columns
    assert [name for name in columns if name not in described] == []


def test_csv_has_the_chosen_columns() -> None:
    entry = Entry("a_Latn", "m", "b", {"topic": Score(adapter=0.5)}, False)
    head = as_csv([entry], ("topic",), FIRST_BENCHMARKS).splitlines()[0]
    assert "topic_adapter" in head and "into" not in head and "cost" not in head
