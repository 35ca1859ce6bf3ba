"""The HTML of the page of one language."""

from __future__ import annotations

import details
import pytest
from benchmarks import FIRST_BENCHMARKS
from entries import Leaderboard, build_leaderboard
from language_page import language_page, missing_language_page
from parse_results import parse_rows
from request_queue import parse_requests

from tests.spaces.markup_checker import HOSTILE_TEXTS, URLS, checked_text
from tests.spaces.result_rows import lines, request, rows_of_all_roles

CODE = "epo_Latn"


def language(text: str = "word") -> tuple[Leaderboard, details.LanguageDetails]:
    """Return a leaderboard and details with this text wherever others may write one."""
    requests = parse_requests([request(1, CODE, text)])
    leaderboard = build_leaderboard([lines(*rows_of_all_roles(CODE))], requests)
    rows = rows_of_all_roles(CODE, revision=text, benchmark=text)
    return leaderboard, details.LanguageDetails(
        measures=details.parse_measures(parse_rows(lines(*rows))[0]),
        training=details.TrainingLog(((1, 3.0), (9, 1.0)), ((5, 2.0),)),
        dataset=details.DatasetSummary(7, ((text, 3),), ((text, 9),)),
        examples=(details.Example(text, text, text, text),),
        advice=details.CheckAdvice("doubtful", ((text, 1.0, 2.0),)),
        gguf_repo=text,
        licence=text,
    )


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_hostile_texts_do_not_become_markup(hostile: str) -> None:
    leaderboard, known = language(hostile)
    assert hostile in checked_text(
        language_page(leaderboard.entries, known, FIRST_BENCHMARKS, URLS)
    )
    assert checked_text(missing_language_page(hostile, URLS))


def test_page_shows_what_is_known_and_leaves_out_what_is_not() -> None:
    leaderboard, known = language()
    text = checked_text(language_page(leaderboard.entries, known, FIRST_BENCHMARKS, URLS))
    for part in ("50.0", "o/other", "in English", "held-out rows", "7 rows", "not certain", "#1"):
        assert part in text, part
    assert "3 more rows were written" in text
    empty = details.LanguageDetails()
    text = checked_text(language_page(leaderboard.entries, empty, FIRST_BENCHMARKS, URLS))
    assert "cannot be read right now" in text and "What it learned from" not in text
