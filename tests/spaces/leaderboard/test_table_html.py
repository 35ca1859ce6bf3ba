"""The HTML of the table."""

from __future__ import annotations

import pytest
from benchmarks import FIRST_BENCHMARKS, BenchmarkTable
from copy_text import guide
from entries import Entry, Leaderboard, Score, build_leaderboard
from msgspec.structs import replace
from query import EntryIndex, Page, View
from request_queue import parse_requests
from table_html import empty_table, practice_note, status_bar, table

from tests.spaces.markup_checker import HOSTILE_TEXTS, URLS, checked_text
from tests.spaces.result_rows import lines, pair, request


def leaderboard(practice: bool = True) -> Leaderboard:
    rows = pair("epo_Latn", "sib200", 0.2, 0.7, practice=practice)
    return build_leaderboard([lines(*rows)], [])


def first_page(shown: Leaderboard) -> Page:
    return EntryIndex(shown.entries).select(View())


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_hostile_values_do_not_become_markup(hostile: str) -> None:
    score = Score(1.0, 2.0, 1.0, (0.5, 1.5), 0.01, True, 9, None, hostile)
    entry = Entry(
        code=hostile,
        model=hostile,
        base=hostile,
        scores={"into": score},
        practice=True,
        request=hostile,
        date=hostile,
        cost_usd=1.0,
        name=hostile,
        autonym=hostile,
        bcp47=hostile,
        discussion=3,
    )
    shown = Leaderboard((entry,), (), 1)
    page = first_page(shown)
    into = replace(
        FIRST_BENCHMARKS.by_key["into"], label=hostile, source=hostile, metric=hostile,
        description=hostile, family=hostile,
    )  # fmt: skip
    benchmarks = BenchmarkTable((into,))
    assert hostile in checked_text(table(page, benchmarks, URLS))
    assert hostile in checked_text(guide(benchmarks))
    assert hostile in checked_text(status_bar(page, shown, hostile))


def test_row_shows_base_adapter_difference_and_outcome() -> None:
    rows = [*pair("epo_Latn", "flores", 12.34, 56.78), *pair("epo_Latn", "sib200", 0.25, 0.2)]
    requests = parse_requests([request(1, "epo_Latn", "Esperanto")])
    text = checked_text(
        table(first_page(build_leaderboard([lines(*rows)], requests)), FIRST_BENCHMARKS, URLS)
    )
    for part in ("Esperanto", "practice", "12.3", "56.8", "+44.4", "clear gain", "25.0%", "−5.0"):
        assert part in text, part
    for part in ("clear loss", "not covered", "#1", "US$2.00"):
        assert part in text, part


def test_row_shows_the_best_other_model_and_whether_english_was_kept() -> None:
    english = {"english": "kept", "english_difference": -0.3}
    base, adapter = pair("epo_Latn", "flores", 10.0, 50.0, **english)
    peers = [
        {**base, "role": "peer", "model": f"o/{name}", "value": value}
        for name, value in (("weaker", 20.0), ("other", 30.0), ("weakest", 10.0))
    ]
    shown = build_leaderboard([lines(base, adapter, *peers)], [])
    assert shown.entries[0].scores["into"].peer == ("o/other", 30.0)
    markup = table(first_page(shown), FIRST_BENCHMARKS, URLS)
    text = checked_text(markup)
    assert "vs 30.0" in text and "o/other" in markup and "−0.3 kept" in text
    index = EntryIndex(shown.entries)
    assert index.matching(View(english="kept")) and not index.matching(View(english="lost"))


def test_row_links_to_model_dataset_and_chat() -> None:
    markup = table(first_page(leaderboard()), FIRST_BENCHMARKS, URLS)
    for url in (
        "https://hub.test/practice/kakugo-practice-base-epo_Latn",
        "https://hub.test/datasets/org/kakugo-epo_Latn",
        "https://hub.test/spaces/org/kakugo-chat?language=epo_Latn",
    ):
        assert f'href="{url}"' in markup
    assert "/discussions/" not in markup, "without a request there is no discussion"


def test_empty_table_is_a_sentence() -> None:
    assert "No language has been evaluated yet" in checked_text(empty_table(Leaderboard(), URLS))
    assert "No language matches" in checked_text(empty_table(leaderboard(), URLS))


def test_status_bar_counts_models_and_unreadable_rows() -> None:
    page = EntryIndex(()).select(View())
    two = status_bar(page, Leaderboard(unreadable_rows=2), "")
    assert "0 models · 2 unreadable result rows left out" in checked_text(two)
    one = status_bar(page, Leaderboard(unreadable_rows=1), "")
    assert "1 unreadable result row left out" in checked_text(one)


def test_practice_runs_are_marked_and_real_results_are_not() -> None:
    practice, real = leaderboard(), leaderboard(practice=False)
    assert "practice run" in checked_text(practice_note(practice.entries))
    assert practice_note(real.entries) == ""
    marked = ">practice</span>"
    assert marked in table(first_page(practice), FIRST_BENCHMARKS, URLS)
    assert marked not in table(first_page(real), FIRST_BENCHMARKS, URLS)


def test_page_stays_small() -> None:
    benchmarks = ("flores", "sib200", "belebele", "global_mmlu")
    rows = [row for name in benchmarks for row in pair("epo_Latn", name, 0.1, 0.2)]
    page = first_page(build_leaderboard([lines(*rows)] * 1000, []))
    assert page.total == 1000 and len(table(page, FIRST_BENCHMARKS, URLS)) < 150_000
