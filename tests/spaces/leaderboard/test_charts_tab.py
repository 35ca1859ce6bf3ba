"""The charts of the whole leaderboard."""

from __future__ import annotations

import pytest
from benchmarks import FIRST_BENCHMARKS, BenchmarkTable
from charts_tab import charts
from entries import build_leaderboard
from msgspec.structs import replace

from tests.spaces.markup_checker import HOSTILE_TEXTS, checked_text
from tests.spaces.result_rows import lines, pair, rows_of_all_roles

CODE = "epo_Latn"
INTO = FIRST_BENCHMARKS.by_key["into"]


def test_charts_say_in_words_what_they_show() -> None:
    results = [lines(*pair(CODE, "flores", 10.0, 50.0)), lines(*rows_of_all_roles(CODE))]
    markup = charts(build_leaderboard(results, []).entries, INTO, FIRST_BENCHMARKS)
    assert 'role="img"' in markup and "Esperanto" in markup and "+40.0" in markup
    assert "2 clear gains, 0 clear losses" in checked_text(markup)
    assert "nothing to draw" in charts([], INTO, FIRST_BENCHMARKS)


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_hostile_benchmark_does_not_become_markup(hostile: str) -> None:
    leaderboard = build_leaderboard([lines(*rows_of_all_roles(CODE))], [])
    benchmark = replace(FIRST_BENCHMARKS.by_key["topic"], label=hostile, source=hostile)
    table = BenchmarkTable((benchmark,))
    assert checked_text(charts(leaderboard.entries, benchmark, table))
