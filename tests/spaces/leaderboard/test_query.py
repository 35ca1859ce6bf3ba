"""Searching, filtering, sorting and paging; views in addresses."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from entries import Entry, Score
from query import PAGE_SIZE, EntryIndex, View, from_query, to_query


def entry(code: str, name: str = "", **more: Any) -> Entry:
    return Entry(code, f"o/kakugo-b-{code}", more.pop("base", "o/b"), {}, False, name=name, **more)


@pytest.mark.parametrize(
    ("query", "titles"),
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
def test_any_name_finds_a_language(query: str, titles: list[str]) -> None:
    entries = [
        entry("gla_Latn", "Scottish Gaelic", autonym="Gàidhlig", bcp47="gd"),
        entry("zul_Latn"),
        entry("amh_Ethi", "Amharic", autonym="አማርኛ"),
    ]
    page = EntryIndex(entries).select(View(query=query, sort="name"))
    assert [found.title for found in page.entries] == titles


def test_words_are_matched_from_their_beginning() -> None:
    index = EntryIndex([entry("bul_Cyrl"), entry("gla_Latn"), entry("ckb_Arab")])
    for query, codes in (
        ("gari", []),
        ("bulg", ["bul_Cyrl"]),
        ("Sorani", ["ckb_Arab"]),
        ("gd", ["gla_Latn"]),
    ):
        assert [found.code for found in index.matching(View(query=query))] == codes, query


def test_filters_by_script_base_and_benchmark() -> None:
    tested = Entry("a_Latn", "m1", "o/b", {"into": Score(adapter=1.0)}, False)
    index = EntryIndex([tested, entry("b_Cyrl"), entry("c_Cyrl", base="o/other")])

    def codes(**filters: str) -> list[str]:
        return [found.code for found in index.select(View(sort="name", **filters)).entries]

    assert codes(script="Cyrillic") == ["b_Cyrl", "c_Cyrl"]
    assert codes(script="Cyrillic", base="o/other") == ["c_Cyrl"]
    assert codes(covered="into") == ["a_Latn"]
    assert codes(covered="knowledge") == []


def test_filters_by_family_and_region_with_the_choices_of_the_entries() -> None:
    codes = ("gla_Latn", "zul_Latn", "amh_Ethi", "qaa_Latn")
    index = EntryIndex([entry(code) for code in codes])
    assert index.choices["family"] == ("Afro-Asiatic", "Atlantic-Congo", "Indo-European")
    afro_asiatic = index.matching(View(family="Afro-Asiatic"))
    assert [found.code for found in afro_asiatic] == ["amh_Ethi"]
    southern = index.matching(View(region="Southern Africa"))
    assert [found.code for found in southern] == ["zul_Latn"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [("name", "abc"), ("gain", "bac"), ("date", "cba"), ("into", "bac"), ("nonsense", "abc")],
)
def test_largest_number_comes_first_and_a_missing_one_last(sort: str, order: str) -> None:
    def scored(code: str, difference: float, adapter: float, date: str) -> Entry:
        scores = {"into": Score(adapter=adapter, difference=difference)}
        return Entry(code, code, "o/b", scores, False, date=date)

    entries = [
        scored("a", 1.0, 10.0, "2026-01-01"),
        scored("b", 2.0, 20.0, "2026-01-02"),
        Entry("c", "c", "o/b", {}, False, date="2026-01-03"),
    ]
    page = EntryIndex(entries).select(View(sort=sort))
    assert "".join(found.code for found in page.entries) == order


@pytest.mark.parametrize(("requested", "number"), [(-3, 1), (1, 1), (2, 2), (3, 3), (99, 3)])
def test_page_numbers_stay_in_range(requested: int, number: int) -> None:
    entries = [entry(f"{position:03}_Latn") for position in range(2 * PAGE_SIZE + 1)]
    page = EntryIndex(entries).select(View(sort="name", page=requested))
    assert (page.number, page.pages, page.total) == (number, 3, len(entries))
    assert page.entries[0].code == f"{(number - 1) * PAGE_SIZE:03}_Latn"
    assert EntryIndex([]).select(View()).pages == 1


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View(query="Gàidhlig & <b>", sort="-into", page=3),
        View(script="Latin", family="Afro-Asiatic", region="Eastern Africa", base="o/b"),
        View(covered="topic", columns=("into", "about"), language="gla_Latn"),
    ],
)
def test_address_restores_the_view(view: View) -> None:
    assert from_query(dict(parse_qsl(to_query(view)))) == view
    assert (to_query(view) == "") == (view == View())


def test_unknown_values_in_an_address_are_ignored() -> None:
    query = {"sort": "evil", "page": "-1", "columns": "x", "what": "ever"}
    assert from_query(query) == View()
    assert len(from_query({"query": "x" * 10_000}).query) == 200
    assert len(from_query({"language": "x" * 10_000}).language) == 80
