"""The page of one language, the pictures, the form: true to the files, inert whatever they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import charts_tab
import details
import language_page
import pytest
import request_form
import svg_charts
from details_source import Archive
from entries import Board, build
from hub_source import Settings, Source
from huggingface_hub import HfApi
from parse_results import parse_rows
from request_queue import parse_requests
from space_markup import EVIL, LINKS, check
from space_rows import BASE, lines, pair, request

from bot.localhub.testing import LocalHub

CODE = "epo_Latn"
OURS = f"{BASE}-{CODE}"


def said(item: int, model: str, output: str) -> dict[str, Any]:
    names = {"model": model, "direction": f"eng_Latn-{CODE}", "id": str(item)}
    return {**names, "prompt": f"Ask {item}", "output": output, "reference": "ref"}


def rows(**more: Any) -> list[dict[str, Any]]:
    base, adapter = pair(CODE, "flores", 10.0, 50.0, ci=[9.0, 11.0], **more)
    peer = {**base, "role": "peer", "model": "o/other", "value": 30.0}
    english = pair(CODE, "sib200", 0.8, 0.7, tested="eng_Latn")
    return [*english, base, adapter, peer]


def test_every_model_and_version_stands_under_its_test_and_english_comes_last() -> None:
    first, last = details.tests(parse_rows(lines(*rows()))[0])
    assert [figure.role for figure in first.figures] == ["base", "adapter", "peer"]
    assert (first.metric, last.tested) == ("chrF++", "eng_Latn")


def test_the_training_log_becomes_two_curves_whatever_else_is_in_it() -> None:
    log = [{"step": 1, "loss": 3.0}, {"step": 2, "loss": "x"}, {"step": 5, "eval_loss": 2.5}]
    known = details.training(lines(*log).encode() + b"broken\n[1]\n")
    assert known.learnt == ((1.0, 3.0),) and known.held_out == ((5.0, 2.5),)
    long = lines(*({"step": step, "loss": 1.0} for step in range(10_000))).encode()
    thin = details.training(long).learnt
    assert len(thin) <= 2 * details.MOST_POINTS and thin[-1][0] == 9999.0


def test_a_dataset_is_counted_by_source_and_by_reason() -> None:
    text = json.dumps({"counts": {"kept": 7, "dropped": {"echo": 1, "cap": 5, "odd": "x"}}})
    sizes = {"topics/train.parquet": 5, "topics/test.parquet": 1, "pairs/train.parquet": 9}
    known = details.dataset(text.encode(), {**sizes, "rejected/train.parquet": 99, "README.md": 1})
    assert known.kept == 7 and known.dropped == (("cap", 5), ("echo", 1))
    assert known.sources == (("pairs", 9), ("topics", 6))
    assert details.dataset(b"{", {}) == details.Dataset()


@pytest.mark.parametrize(
    ("card", "told"),
    [
        ("# A card", ""),
        ("**Not yet reviewed by speakers of Esperanto.**", "not yet"),
        ("**Not yet reviewed by speakers of Welsh**: 1 person looked", "not yet: 1 person looked"),
        ("x\n**Reviewed by speakers of Welsh**: 3 people.\ny", "yes: 3 people."),
    ],
)
def test_the_card_says_whether_speakers_have_looked(card: str, told: str) -> None:
    assert details.reviewed(card.encode()) == told


def test_examples_are_the_first_that_both_answered() -> None:
    told = [said(1, BASE, "a"), said(2, BASE, "b"), said(2, OURS, "c"), said(3, "o/x", "d")]
    found = details.examples([json.dumps(one).encode() for one in told], CODE, BASE, OURS)
    assert [(one.prompt, one.base, one.adapter) for one in found] == [("Ask 2", "b", "c")]


def whole(evil: str = "word") -> tuple[Board, details.Dossier]:
    board = build([lines(*rows())], parse_requests([request(1, CODE, evil)]))
    return board, details.Dossier(
        tests=details.tests(parse_rows(lines(*rows(revision=evil, benchmark=evil)))[0]),
        training=details.Training(((1, 3.0), (9, 1.0)), ((5, 2.0),)),
        dataset=details.Dataset(7, ((evil, 3),), ((evil, 9),)),
        examples=(details.Example(evil, evil, evil, evil),),
        advice=details.Advice("doubtful", ((evil, 1.0, 2.0),)),
        export=evil,
        licence=evil,
    )


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_on_a_page_or_in_a_picture_becomes_markup(evil: str) -> None:
    board, known = whole(evil)
    assert evil in check(language_page.closeup(board.entries, known, LINKS))
    assert check(charts_tab.pictures(board.entries, evil))
    assert evil[:20] in check(request_form.answer(evil, board, LINKS))
    dot = svg_charts.Dot(evil[:20], 1.0, None, "gain")
    assert evil[:20] in check(svg_charts.dots([dot], evil))
    assert check(language_page.unknown(evil, LINKS))


def test_a_page_says_what_there_is_and_is_silent_about_what_is_not() -> None:
    board, known = whole()
    text = check(language_page.closeup(board.entries, known, LINKS))
    for told in ("50.0", "o/other", "English kept", "held-out rows", "7 rows", "doubtful", "#1"):
        assert told in text, told
    bare = check(language_page.closeup(board.entries, details.Dossier(), LINKS))
    assert "cannot be read now" in bare and "What it learned from" not in bare


def test_a_picture_says_in_words_what_it_shows() -> None:
    board = build([lines(*pair(CODE, "flores", 10.0, 50.0)), lines(*rows())], [])
    markup = charts_tab.pictures(board.entries, "into")
    assert 'role="img"' in markup and "Esperanto" in markup and "+40.0" in markup
    assert "Nothing to draw" in charts_tab.pictures([], "into")


@pytest.mark.parametrize("ends", [(0, 0), (0, 0.4), (-3, 7), (-120, 950), (2, 1e6)])
def test_axes_have_a_handful_of_round_numbers(ends: tuple[float, float]) -> None:
    found = svg_charts.ticks(*ends)
    assert len(found) <= 10 and all(ends[0] <= tick <= ends[1] for tick in found)


def test_the_form_knows_what_is_here_what_is_queued_and_what_it_costs() -> None:
    queue = parse_requests(
        [
            request(1, CODE, "Esperanto"),
            request(2, "hau_Latn", "Hausa", status="open"),
        ]
    )
    board = build([lines(*rows())], queue)
    told = {
        name: check(request_form.answer(name, board, LINKS))
        for name in ("", "Esperanto", "hausa", "Breton", "Kurdish", "scotish gealic", "qqqqqqq")
    }
    assert "Type a name" in told[""] and "here already" in told["Esperanto"]
    assert "discussion #2" in told["hausa"] and "US$2.00" in told["Breton"]
    assert "several languages" in told["Kurdish"] and "Scottish Gaelic" in told["scotish gealic"]
    assert "No language is known here" in told["qqqqqqq"]
    assert "tells the price" in request_form.estimate([])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as running:
        yield running


def test_what_a_page_shows_is_fetched_once_and_what_is_missing_is_left_out(
    filled: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from space_world import push

    api = HfApi(endpoint=filled.url, token=filled.token("kakugo-bot"))
    outputs = lines(said(1, BASE, "a"), said(1, OURS, "b")).encode()
    folder = f"{CODE}/{Path(OURS).name}"
    files = {f"{folder}/results.jsonl": lines(*rows()).encode()}
    push(api, "practice/kakugo-results", {**files, f"{folder}/outputs.jsonl": outputs})
    api.create_repo(OURS)
    log = lines({"step": 1, "loss": 3.0}).encode()
    api.upload_file(repo_id=OURS, path_in_repo="training_log.jsonl", path_or_fileobj=log)
    settings = Settings.read({"HF_ENDPOINT": filled.url, "KAKUGO_ORG": "practice"})
    source, archive = Source(settings), Archive(settings)
    source.refresh()
    known = archive.of(source.see(), CODE)
    assert len(known.tests) == 2 and known.examples[0].adapter == "b"
    assert known.training.learnt and known.dataset == details.Dataset() and not known.export

    monkeypatch.setattr(archive, "_api", None)
    assert archive.of(source.see(), CODE) is known
