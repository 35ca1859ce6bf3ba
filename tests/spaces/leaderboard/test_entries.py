"""What the leaderboard makes of results: read, joined with the queue, searched, sorted, cut."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from benchmarks import ALL, BENCHMARKS
from entries import Entry, Score, build
from export import as_csv, as_json
from parse_results import parse_rows
from query import PAGE_SIZE, Index, View, from_query, to_query
from request_queue import parse_requests
from space_rows import lines, pair, request


def entry(code: str, name: str = "", **more: Any) -> Entry:
    return Entry(code, f"o/kakugo-b-{code}", more.pop("base", "o/b"), {}, False, name=name, **more)


def test_rows_of_base_and_adapter_become_one_entry_beside_its_request() -> None:
    back = pair("epo_Latn", "flores", 20.0, 60.0, direction="epo_Latn-eng_Latn")
    text = lines(
        *pair("epo_Latn", "flores", 10.0, 50.0), *back, *pair("epo_Latn", "sib200", 0.2, 0.7)
    )
    board = build([text], parse_requests([request(1, "epo_Latn", "Esperanto")]))
    (one,) = board.entries
    assert (one.title, one.code, one.script, one.discussion) == (
        "Esperanto",
        "epo_Latn",
        "Latin",
        1,
    )
    assert one.cost == 2.0, "the cost of the whole request, not of its last step"
    assert one.practice and one.date == "2026-11-20"
    assert set(one.scores) == {"into", "out", "topic"}
    assert (one.scores["into"].base, one.scores["into"].adapter) == (10.0, 50.0)
    assert one.scores["topic"].verdict == "gain"
    assert one.gain == pytest.approx((40 + 40 + 50) / 3)
    assert json.loads(json.dumps(as_json(one)))["scores"]["out"]["difference"] == 40.0


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "{}",
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":NaN}',
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":Infinity}',
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":1e999}',
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":true}',
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":"9"}',
        '{"language":"a","model":"b","benchmark":"c","role":"judge","value":1}',
        '{"language":"","model":"b","benchmark":"c","role":"base","value":1}',
        '{"language":1,"model":"b","benchmark":"c","role":"base","value":1}',
        '{"language":"a","model":"b","benchmark":"c","role":"base","value":1' + "0" * 400 + "}",
        "[" * 100_000,
    ],
)
def test_a_broken_row_is_counted_and_the_others_stay(line: str) -> None:
    good = lines(*pair("epo_Latn", "sib200", 0.2, 0.7))
    rows, bad = parse_rows(good + line + "\n\n" + good)
    assert (len(rows), bad) == (4, 1)


def test_missing_keys_leave_gaps_and_no_error() -> None:
    bare = {"language": "epo_Latn", "model": "o/m", "role": "adapter", "benchmark": "belebele"}
    (one,) = build([lines({**bare, "metric": "accuracy", "value": 0.5})], []).entries
    assert one.scores["reading"] == Score(adapter=0.5)
    assert one.scores["reading"].verdict == "untested" and one.gain is None and one.cost is None
    assert one.practice, "a row that does not say what it is must not pass for a real result"
    assert one.title == "Esperanto", "the table of languages knows what no request tells"


@pytest.mark.parametrize(
    "more",
    [
        {"difference": "much"},
        {"difference_ci": [1]},
        {"difference_ci": [None, 2]},
        {"difference_ci": "0-1"},
        {"significant": "yes"},
        {"n": None},
        {"p": "small", "chance": [], "signature": 7, "date": None, "cost_usd": "free"},
        {"direction": None, "benchmark": "flores", "metric": "chrF++"},
        {"benchmark": "another", "metric": "BLEU"},
    ],
)
def test_odd_values_are_left_out(more: dict[str, Any]) -> None:
    board = build([lines(*pair("epo_Latn", "sib200", 0.2, 0.7, **more))], [])
    assert len(board.entries) == 1
    json.dumps([as_json(one) for one in board.entries], allow_nan=False)


def test_a_difference_that_may_be_luck_is_no_gain() -> None:
    verdicts = [
        Score(difference=d, significant=s).verdict
        for d, s in ((1.0, True), (-1.0, True), (1.0, False), (None, True), (1.0, None))
    ]
    assert verdicts == ["gain", "loss", "unclear", "untested", "untested"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Amharic", "Scottish Gaelic", "zul_Latn"]),
        ("gaelic", ["Scottish Gaelic"]),
        ("GAIDHLIG", ["Scottish Gaelic"]),
        ("scottish latin", ["Scottish Gaelic"]),
        ("ethiopic", ["Amharic"]),
        ("አማርኛ", ["Amharic"]),
        ("zul", ["zul_Latn"]),
        ("  ", ["Amharic", "Scottish Gaelic", "zul_Latn"]),
        ("klingon", []),
        ("<script>", []),
        ("x" * 10_000, []),
    ],
)
def test_any_name_finds_a_language(query: str, found: list[str]) -> None:
    entries = [
        entry("gla_Latn", "Scottish Gaelic", autonym="Gàidhlig", bcp47="gd"),
        entry("zul_Latn"),
        entry("amh_Ethi", "Amharic", autonym="አማርኛ"),
    ]
    page = Index(entries).select(View(query=query, sort="name"))
    assert [one.title for one in page.entries] == found


def test_filters_by_script_base_and_benchmark() -> None:
    tested = Entry("a_Latn", "m1", "o/b", {"into": Score(adapter=1.0)}, False)
    entries = [tested, entry("b_Cyrl"), entry("c_Cyrl", base="o/other")]

    def codes(**view: str) -> list[str]:
        return [one.code for one in Index(entries).select(View(sort="name", **view)).entries]

    assert codes(script="Cyrillic") == ["b_Cyrl", "c_Cyrl"]
    assert codes(script="Cyrillic", base="o/other") == ["c_Cyrl"]
    assert codes(covered="into") == ["a_Latn"]
    assert codes(covered="knowledge") == []


@pytest.mark.parametrize(
    ("sort", "order"),
    [("name", "abc"), ("gain", "bac"), ("date", "cba"), ("into", "bac"), ("nonsense", "abc")],
)
def test_sorts_largest_first_and_what_has_no_figure_last(sort: str, order: str) -> None:
    def scored(code: str, difference: float, adapter: float, date: str) -> Entry:
        scores = {"into": Score(adapter=adapter, difference=difference)}
        return Entry(code, code, "o/b", scores, False, date=date)

    entries = [
        scored("a", 1.0, 10.0, "2026-01-01"),
        scored("b", 2.0, 20.0, "2026-01-02"),
        Entry("c", "c", "o/b", {}, False, date="2026-01-03"),
    ]
    assert "".join(one.code for one in Index(entries).select(View(sort=sort)).entries) == order


@pytest.mark.parametrize(("asked", "got"), [(-3, 1), (1, 1), (2, 2), (3, 3), (99, 3)])
def test_pages_stay_in_range(asked: int, got: int) -> None:
    entries = [entry(f"{number:03}_Latn") for number in range(2 * PAGE_SIZE + 1)]
    page = Index(entries).select(View(sort="name", page=asked))
    assert (page.number, page.pages, page.found) == (got, 3, len(entries))
    assert page.entries[0].code == f"{(got - 1) * PAGE_SIZE:03}_Latn"
    assert Index([]).select(View()).pages == 1


def test_every_column_says_what_it_tells() -> None:
    assert len({column.key for column in BENCHMARKS}) == len(BENCHMARKS) == 5
    assert all(column.tells for column in BENCHMARKS)


def test_what_is_beside_our_scores_is_neither_shown_nor_called_broken() -> None:
    base, adapter = pair("epo_Latn", "sib200", 0.2, 0.7)
    beside = [
        {**base, "role": "peer", "model": "o/other"},
        {**adapter, "tested": "eng_Latn", "value": 0.9},
        {**adapter, "benchmark": "belebele", "covered": False, "value": None},
    ]
    board = build([lines(base, {**adapter, "tested": "epo_Latn"}, *beside)], [])
    assert board.broken == 0
    assert {key: score.adapter for key, score in board.entries[0].scores.items()} == {"topic": 0.7}


def test_every_number_of_answers_that_are_none_and_every_peer_is_kept() -> None:
    base, adapter = pair("epo_Latn", "flores", 10.0, 20.0, degenerate={"any": 7, "loop": 7})
    peer = {**base, "role": "peer", "model": "o/other"}
    (one,) = build([lines(base, adapter, peer, {**peer, "model": "o/more"})], []).entries
    assert one.scores["into"].broken == 7 and one.peers == 2


def test_versions_of_an_adapter_are_two_entries_and_the_older_is_the_first() -> None:
    base, new = pair("epo_Latn", "sib200", 0.2, 0.7, revision="b" * 40)
    old = {**new, "revision": "a" * 40, "value": 0.5, "date": "2026-10-01"}
    board = build([lines(base, new, old)], [], {base["model"]: 3_200_000_000})
    found = {one.version: one.scores["topic"].adapter for one in board.entries}
    assert found == {(1, 2): 0.5, (2, 2): 0.7}
    assert {one.size for one in board.entries} == {3_200_000_000}


def test_filters_by_family_and_region_and_offers_what_there_is() -> None:
    index = Index([entry("gla_Latn"), entry("zul_Latn"), entry("amh_Ethi"), entry("qaa_Latn")])
    assert index.choices["family"] == ("Afro-Asiatic", "Atlantic-Congo", "Indo-European")
    found = index.matching(View(family="Afro-Asiatic"))
    assert [one.code for one in found] == ["amh_Ethi"]
    assert [one.code for one in index.matching(View(region="Southern Africa"))] == ["zul_Latn"]


def test_a_word_finds_the_languages_of_which_it_begins_a_word() -> None:
    index = Index([entry("bul_Cyrl"), entry("gla_Latn"), entry("ckb_Arab")])
    for query, code in (
        ("gari", ""),
        ("bulg", "bul_Cyrl"),
        ("Sorani", "ckb_Arab"),
        ("gd", "gla_Latn"),
    ):
        assert [one.code for one in index.matching(View(query=query))] == [code] * bool(code), query


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View(query="Gàidhlig & <b>", sort="-into", page=3),
        View(script="Latin", family="Afro-Asiatic", region="Eastern Africa", base="o/b"),
        View(covered="topic", columns=("into", "about"), language="gla_Latn"),
    ],
)
def test_a_link_restores_the_view(view: View) -> None:
    assert from_query(dict(parse_qsl(to_query(view)))) == view
    assert (to_query(view) == "") == (view == View())


def test_a_link_with_nonsense_shows_the_usual() -> None:
    query = {"sort": "evil", "page": "-1", "columns": "x", "language": "../..", "what": "ever"}
    assert from_query(query) == View()
    assert len(from_query({"query": "x" * 10_000}).query) == 200


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|x", "%x"])
def test_no_cell_of_a_sheet_is_a_formula(evil: str) -> None:
    scores = {"into": Score(1.0, 0.5, -0.5, (-0.6, -0.4), 0.01, True, 9)}
    one = Entry(evil, evil, evil, scores, False, name=evil, autonym=evil, date=evil)
    head, row = csv.reader(io.StringIO(as_csv([one], ALL).removeprefix("\ufeff"), newline=""))
    told = dict(zip(head, row, strict=True))
    assert told["name"] == f"'{evil}" and told["into_difference"] == "-0.5"
    assert not [text for text in row if text.startswith(tuple("=+@|%\t\r"))]


def test_a_sheet_has_the_columns_that_were_chosen() -> None:
    one = Entry("a_Latn", "m", "b", {"topic": Score(adapter=0.5)}, False)
    head = as_csv([one], ("topic",)).splitlines()[0]
    assert "topic_adapter" in head and "into" not in head and "cost" not in head
