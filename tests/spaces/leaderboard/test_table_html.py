"""What the leaderboard shows: escaped whatever it is given, honest about what it cannot show."""

from __future__ import annotations

import copy_text
import pytest
import queue_html
import table_html
from entries import Board, Entry, Score, build
from markup import safe
from query import Index, View
from request_queue import parse_requests
from space_markup import EVIL, LINKS, check
from space_rows import lines, pair, request


@pytest.mark.parametrize("evil", EVIL)
def test_no_value_becomes_markup(evil: str) -> None:
    scores = {"into": Score(1.0, 2.0, 1.0, (0.5, 1.5), 0.01, True, 9, None, evil)}
    entry = Entry(evil, evil, evil, scores, True, evil, evil, 1.0, evil, evil, evil, 3)
    ledger = request(1, evil, evil, author=evil, status=evil, steps={"train": {"state": evil}})
    queue = parse_requests([ledger])
    board = Board((entry,), tuple(queue), 1)
    cut = Index(board.entries).select(View())
    assert evil in check(table_html.table(cut, LINKS))
    assert evil in check(queue_html.queue(queue, LINKS))
    assert evil in check(table_html.status(cut, board, evil))


def test_template_signs_of_gradio_are_escaped() -> None:
    assert not set("{}$`\\<>\"'") & set(safe("${x}{{y}}`\\<>\"'"))


def test_a_row_says_base_adapter_difference_and_verdict() -> None:
    board = build(
        [lines(*pair("epo_Latn", "flores", 12.34, 56.78), *pair("epo_Latn", "sib200", 0.25, 0.2))],
        parse_requests([request(1, "epo_Latn", "Esperanto")]),
    )
    text = check(table_html.table(Index(board.entries).select(View()), LINKS))
    for told in ("Esperanto", "practice", "12.3", "56.8", "+44.4", "clear gain", "25.0%", "−5.0"):
        assert told in text, told
    for told in ("clear loss", "not covered", "#1", "US$2.00", "< 0.001"):
        assert told in text, told


def test_links_lead_to_model_dataset_discussion_and_chat() -> None:
    board = build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7))], [])
    markup = table_html.table(Index(board.entries).select(View()), LINKS)
    for url in (
        "https://hub.test/practice/kakugo-practice-base-epo_Latn",
        "https://hub.test/datasets/org/kakugo-epo_Latn",
        "https://hub.test/spaces/org/kakugo-chat?language=epo_Latn",
    ):
        assert f'href="{url}"' in markup
    assert "/discussions/" not in markup, "without a request there is no discussion to link"


def test_nothing_to_show_is_a_sentence() -> None:
    empty = Board()
    assert "No language has been evaluated yet" in check(table_html.nothing(empty, LINKS))
    full = build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7))], [])
    assert "No language matches" in check(table_html.nothing(full, LINKS))
    assert "Nobody has asked" in check(queue_html.queue([], LINKS))
    assert "left out" in table_html.status(Index(()).select(View()), Board(broken=2), "")


def test_practice_is_said_and_real_results_are_not_called_practice() -> None:
    practice = build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7))], []).entries
    real = build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7, practice=False))], []).entries
    assert "rehearsal" in check(table_html.practice_note(practice))
    assert table_html.practice_note(real) == ""
    assert "practice" not in table_html.badge(real[0]) and "practice" in table_html.badge(
        practice[0]
    )


def test_the_words_around_are_whole() -> None:
    board = Board(tuple(build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7))], []).entries))
    assert "language1" in check(copy_text.hero(board))
    assert "not covered" in check(copy_text.guide())
    assert 'href="https://hub.test/spaces/org/kakugo/discussions"' in copy_text.instead(LINKS)
    assert "in your own name" in check(copy_text.asking())


def test_a_page_stays_small() -> None:
    kinds = ("flores", "sib200", "belebele", "global_mmlu")
    rows = [row for kind in kinds for row in pair("epo_Latn", kind, 0.1, 0.2)]
    board = build([lines(*rows)] * 1000, [])
    cut = Index(board.entries).select(View())
    assert cut.found == 1000 and len(table_html.table(cut, LINKS)) < 150_000
