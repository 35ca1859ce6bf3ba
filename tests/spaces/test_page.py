"""What the leaderboard shows: escaped whatever it is given, honest about what it cannot show."""

from __future__ import annotations

import page
import pytest
import waiting
import words
from ledger import parse_requests
from links import safe
from space_markup import EVIL, LINKS, check
from space_rows import lines, pair, request
from table import Board, Entry, Score, build
from view import Index, View


@pytest.mark.parametrize("evil", EVIL)
def test_no_value_becomes_markup(evil: str) -> None:
    scores = {"into": Score(1.0, 2.0, 1.0, (0.5, 1.5), 0.01, True, 9, None, evil)}
    entry = Entry(evil, evil, evil, scores, True, evil, evil, 1.0, evil, evil, evil, 3)
    ledger = request(1, evil, evil, author=evil, status=evil, steps={"train": {"state": evil}})
    queue = parse_requests([ledger])
    board = Board((entry,), tuple(queue), 1)
    cut = Index(board.entries).select(View())
    assert evil in check(page.table(cut, LINKS))
    assert evil in check(waiting.queue(queue, LINKS))
    assert evil in check(page.status(cut, board, evil))


def test_template_signs_of_gradio_are_escaped() -> None:
    assert not set("{}$`\\<>\"'") & set(safe("${x}{{y}}`\\<>\"'"))


def test_a_row_says_base_adapter_difference_and_verdict() -> None:
    board = build(
        [lines(*pair("epo_Latn", "flores", 12.34, 56.78), *pair("epo_Latn", "sib200", 0.25, 0.2))],
        parse_requests([request(1, "epo_Latn", "Esperanto")]),
    )
    text = check(page.table(Index(board.entries).select(View()), LINKS))
    for told in ("Esperanto", "practice", "12.3", "56.8", "+44.4", "clear gain", "25.0%", "−5.0"):
        assert told in text, told
    for told in ("clear loss", "not covered", "#1", "US$2.00", "< 0.001"):
        assert told in text, told


def test_links_lead_to_model_dataset_discussion_and_chat() -> None:
    board = build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7))], [])
    markup = page.table(Index(board.entries).select(View()), LINKS)
    for url in (
        "https://hub.test/practice/kakugo-practice-base-epo_Latn",
        "https://hub.test/datasets/org/kakugo-epo_Latn",
        "https://hub.test/spaces/org/kakugo-chat?language=epo_Latn",
    ):
        assert f'href="{url}"' in markup
    assert "/discussions/" not in markup, "without a request there is no discussion to link"


def test_nothing_to_show_is_a_sentence() -> None:
    empty = Board()
    assert "No language has been evaluated yet" in check(page.nothing(empty, LINKS))
    full = build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7))], [])
    assert "No language matches" in check(page.nothing(full, LINKS))
    assert "Nobody has asked" in check(waiting.queue([], LINKS))
    assert "left out" in page.status(Index(()).select(View()), Board(broken=2), "")


def test_practice_is_said_and_real_results_are_not_called_practice() -> None:
    practice = build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7))], []).entries
    real = build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7, practice=False))], []).entries
    assert "rehearsal" in check(page.practice_note(practice))
    assert page.practice_note(real) == ""
    assert "practice" not in page.badge(real[0]) and "practice" in page.badge(practice[0])


def test_the_words_around_are_whole() -> None:
    board = Board(tuple(build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7))], []).entries))
    assert "language1" in check(words.hero(board))
    assert "not covered" in check(words.guide())
    assert 'href="https://hub.test/spaces/org/kakugo/discussions"' in words.instead(LINKS)
    assert "in your own name" in check(words.asking())


def test_a_page_stays_small() -> None:
    kinds = ("flores", "sib200", "belebele", "global_mmlu")
    rows = [row for kind in kinds for row in pair("epo_Latn", kind, 0.1, 0.2)]
    board = build([lines(*rows)] * 1000, [])
    cut = Index(board.entries).select(View())
    assert cut.found == 1000 and len(page.table(cut, LINKS)) < 150_000
