"""The answer of the request form."""

from __future__ import annotations

import pytest
from entries import build_leaderboard
from request_form import answer, estimate
from request_queue import parse_requests

from tests.spaces.markup_checker import HOSTILE_TEXTS, URLS, checked_text
from tests.spaces.result_rows import lines, request, rows_of_all_roles

PRICED = {"language": {"code": "epo_Latn"}, "estimate_usd": 0.004, "cap_usd": 1.0}
LEADERBOARD = build_leaderboard(
    [lines(*rows_of_all_roles("epo_Latn"))],
    parse_requests(
        [
            request(1, "epo_Latn", "Esperanto", spec=PRICED),
            request(2, "hau_Latn", "Hausa", status="open"),
            request(3, "yor_Latn", "Yoruba", status="declined", verdict="no-teacher"),
            request(4, "epo_Latn", "Esperanto", status="declined", verdict="too-few"),
        ]
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Type a name"),
        ("Esperanto", "here already"),
        ("hausa", "discussion #2"),
        ("Breton", "The last request cost about US$2.00."),
        ("Breton", "The bot now expects less than a cent, and never more than US$1.00."),
        ("Breton", "All models here are practice so far"),
        ("Yoruba", "It was declined in discussion #3: the teacher here cannot teach it."),
        ("Kurdish", "several languages"),
        ("scotish gealic", "Scottish Gaelic"),
        ("qqqqqqq", "We do not know a language"),
    ],
)
def test_form_knows_what_is_here_what_is_queued_and_the_cost(text: str, expected: str) -> None:
    assert expected in checked_text(answer(text, LEADERBOARD, URLS))


def test_form_neither_prices_nor_offers_what_was_declined() -> None:
    text = checked_text(answer("Yoruba", LEADERBOARD, URLS))
    assert "expects" not in text and "Request Yoruba" not in text and "ask again" in text


def test_form_says_only_that_a_language_is_here_after_another_request_for_it() -> None:
    text = checked_text(answer("Esperanto", LEADERBOARD, URLS))
    assert "here already" in text and "No model" not in text


def test_estimate_without_requests_refers_to_the_bot() -> None:
    assert "tells you the price" in estimate([])


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_hostile_names_do_not_become_markup(hostile: str) -> None:
    assert hostile[:20] in checked_text(answer(hostile, LEADERBOARD, URLS))
