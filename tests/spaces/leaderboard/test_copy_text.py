"""The texts around the table."""

from __future__ import annotations

import copy_text
from benchmarks import FIRST_BENCHMARKS
from entries import build_leaderboard
from request_queue import parse_requests

from tests.spaces.markup_checker import URLS, checked_text
from tests.spaces.result_rows import lines, pair, request


def test_texts_are_complete_and_their_markup_is_closed() -> None:
    leaderboard = build_leaderboard([lines(*pair("epo_Latn", "sib200", 0.2, 0.7))], [])
    hero = checked_text(copy_text.hero(leaderboard))
    assert "language1" in hero and "requests in progress0" in hero
    requests = parse_requests(
        [request(1, "", "", status="asked"), request(2, "x", "X", status="open")]
    )
    assert "request in progress1" in checked_text(
        copy_text.hero(build_leaderboard([], requests))
    ), "an unanswered question is not in progress"
    assert "not covered" in checked_text(copy_text.guide(FIRST_BENCHMARKS))
    alternative = copy_text.request_alternative(URLS)
    assert 'href="https://hub.test/spaces/org/kakugo/discussions"' in alternative
    assert "in your own name" in checked_text(copy_text.request_intro())
